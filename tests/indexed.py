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


if __name__ == "__main__":
    sys.exit(run_module(globals()))
