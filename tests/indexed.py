"""indexed: the index of a large Maildir through the whole chain: it is made, spares the reading, and changes no reply,
whatever is in it or when it cannot be written.  tests/storage/index.c damages it ten thousand times."""

import os
import random
import sys

from harness import Site, check, equal, need_root, run_module

site = Site()
MESSAGES = 300


def large_user():
    user = site.user()
    for n in range(MESSAGES):
        user.put(f"{'new' if n % 3 else 'cur'}/{1700000000 + n}.m.host{'' if n % 3 else ':2,S'}",
                 b"Subject: t\n\n" + b"line\n.\r\n" * (n % 40))
    user.index = user.maildir.at("sallyport-index")
    return user


def replies(user):
    """All that a session tells of the maildrop."""
    s = site.login(user)
    told = [s.ask("STAT"), s.asks("LIST"), s.asks("UIDL"), s.ask("LIST 7"), s.ask("UIDL 300")]
    told += [s.retr(n) for n in (1, 150, 299)]
    s.quit()
    return told


def test_index_is_made_and_believed_for_nothing_new():
    user = large_user()
    first = replies(user)
    check(os.path.exists(user.index), "there is no index")
    info = os.stat(user.index)
    equal((info.st_uid, info.st_mode & 0o777), (user.maildir.uid, 0o600), "the index")
    os.unlink(user.index)
    equal(replies(user), first, "a session that makes the index")
    equal(replies(user), first, "a session that has it")
    check(not os.path.exists(user.maildir.at("sallyport-index.new")), "the temporary file stays")


def test_index_damaged_or_foreign_changes_no_reply():
    user = large_user()
    right = replies(user)
    with open(user.index, "rb") as f:
        whole = f.read()
    chance = random.Random(1)
    for turn in range(12):
        data = bytearray(whole)
        for _ in range(1 + turn):
            data[chance.randrange(len(data))] = chance.randrange(256)
        data = data if turn % 4 else data[:chance.randrange(len(data))]
        with open(user.index, "r+b") as f:
            f.truncate(0)
            f.write(data)
        equal(replies(user), right, f"with damage {turn}")
    os.unlink(user.index)
    os.symlink("/etc/passwd", user.index)
    equal(replies(user), right, "with a link in its place")


def test_deliveries_and_removals_are_seen_at_once():
    user = large_user()
    replies(user)
    for turn in range(5):
        user.put(f"new/{1800000000 + turn}.x.host")
        s = site.login(user)
        equal(s.ask("STAT").split()[1], str(MESSAGES + 1), "after a delivery")
        s.retr(MESSAGES + 1)
        s.ask("DELE 301")
        s.quit()
        equal(len(user.names()), MESSAGES)


def test_a_maildir_that_cannot_be_written_is_served():
    need_root()
    user = large_user()
    right = replies(user)
    os.unlink(user.index)
    os.chown(user.maildir.path, 0, 0)
    os.chmod(user.maildir.path, 0o755)
    equal(replies(user), right, "where no index can be made")
    check(not os.path.exists(user.index), "an index in a directory of root's")


def test_a_message_changed_in_place_is_refused_and_counted_anew():
    user = large_user()
    replies(user)
    path = user.maildir.at("new/1700000001.m.host")
    s = site.login(user)
    with open(path, "ab") as f:
        f.write(b"more\n")
    s.ask("RETR 2", b"-ERR")
    s.quit()
    check(not os.path.exists(user.index), "the index stays")
    s = site.login(user)
    check(s.retr(2).endswith(b"more\r\n"), "the message is not the new one")
    s.quit()


# Octets that a deliverer wrote into the name.

TRUST = {"POP3_TRUSTSIZES": "1"}
BODY = b"Subject: t\n\nbody\n"  # 17 bytes, 20 octets
LYING = "1700000003.m.host,S=17,W=21"


def named_user(*more):
    """A Maildir large enough for an index, and old enough: every name tells 20 octets, which is right."""
    user = site.user()
    for n in range(MESSAGES):
        user.put(f"cur/{1600000000 + n}.m.host,S=17,W=20:2,", BODY)
    for name in more:
        user.put(f"cur/{name}:2,", BODY)
    for sub in ("new", "cur"):
        os.utime(user.maildir.at(sub), (1600000000, 1600000000))
    return user


def stat(user, **settings):
    s = site.login(user, **settings)
    told = s.ask("STAT")
    s.quit()
    return told


def test_named_octets_are_believed_only_if_trusted():
    names = (LYING, "1700000004.m.host,W=99999999999999999999", "1700000005.m.host,W=", "1700000006.m.host,W=9x",
             "1700000007.m.host,W=549755813888", "1700000008." + "m" * 60 + ",W=7", "W=9")
    user = named_user(*names)
    right, believed = f"+OK {MESSAGES + 7} {20 * (MESSAGES + 7)}", f"+OK {MESSAGES + 7} {20 * (MESSAGES + 7) + 1}"
    equal(stat(user), right, "counted, although one lies")
    os.unlink(user.maildir.at("sallyport-index"))
    equal(stat(user, **TRUST), believed, "believed, where the name tells what a message can have")
    equal(stat(user, **TRUST), believed, "the same again")
    equal(stat(user), right, "what was believed is worth nothing without trust")


def test_a_name_that_lies_is_never_believed_again():
    user = named_user(LYING)
    s = site.login(user, **TRUST)
    last = MESSAGES + 1
    equal(s.ask(f"LIST {last}"), f"+OK {last} 21")
    equal(s.retr(1), b"Subject: t\r\n\r\nbody\r\n", "one that tells the truth")
    s.ask(f"RETR {last}", b"-ERR [SYS/TEMP]")
    s.ask(f"DELE {last}", b"-ERR")
    s.ask("DELE 2")
    s.quit()
    check("cur/" + LYING + ":2, tells 21 octets, and it has 20: names in this Maildir are not believed" in s.end(), s.log.text)
    info = os.stat(user.maildir.at("sallyport-distrust"))
    equal((info.st_uid, info.st_mode & 0o777, info.st_size), (user.maildir.uid, 0o600, 0))
    if os.path.exists(user.maildir.at("sallyport-index")):
        os.unlink(user.maildir.at("sallyport-index"))
    equal(stat(user, **TRUST), f"+OK {MESSAGES} {20 * MESSAGES}")


def test_equal_names_are_counted_and_links_not_shown():
    user = named_user()
    user.put(f"new/{LYING}", BODY)
    user.put(f"cur/{LYING}:2,S", BODY + b"x\n")
    os.symlink("/etc/passwd", user.maildir.at("cur/1700000009.m.host,W=5"))
    os.mkfifo(user.maildir.at("cur/1700000010.m.host,W=5"))
    equal(stat(user, **TRUST), f"+OK {MESSAGES + 2} {20 * (MESSAGES + 2) + 3}")


def test_directories_that_tell_other_inodes():
    """overlayfs, of layers on two file systems: what was copied up has another inode in its directory than by stat, and
    is no other message for that."""
    need_root()
    user = named_user()
    path = user.maildir.path
    script = """set -e
        mkdir "$0"; mount -t tmpfs upper "$0"; mkdir "$0/up" "$0/work"; chown --reference="$1" "$0/up"; chmod 0700 "$0/up"
        mount -t overlay -o "lowerdir=$1,upperdir=$0/up,workdir=$0/work" maildir "$1"; shift
        for f in cur/*; do mv "$f" "${f}S"; done
        exec "$@\""""
    s = site.session(prefix=("unshare", "-m", "/bin/sh", "-c", script.replace("cur/*", f"{path}/cur/*"), site.at("upper"), path), **TRUST)
    s.login(user)
    s.ask("RETR 1")
    s.body()
    s.ask("DELE 1")
    s.ask("DELE 2")  # that was not asked for
    s.ask("QUIT")
    check(" del=2/2 " in s.end(), s.log.text)


def test_a_believed_message_that_another_replaced_stays():
    user = named_user()
    s = site.login(user, **TRUST)
    path = user.maildir.at("cur/1600000004.m.host,S=17,W=20:2,")
    os.rename(path, path + b"S")  # still that one, with a flag
    other = user.maildir.at("cur/1600000001.m.host,S=17,W=20:2,")
    os.rename(user.put("cur/1800000000.x", BODY), other)
    s.ask("RETR 2", b"-ERR [SYS/TEMP]")
    s.ask("DELE 5")
    s.ask("QUIT")
    check(os.path.exists(other) and not os.path.exists(path + b"S"), user.names())


if __name__ == "__main__":
    sys.exit(run_module(globals()))
