"""maildrop: the Maildir's side: what other programs, full disks and odd files do to it before and during a session.
man/storage.8 states the outcome of each; none is a hang, a crash or a wrong +OK."""

import ctypes
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading

from harness import DEADLINE, ROOT, Maildir, Site, check, equal, landlock, need_root, run_module, waits_in, wire

site = Site()
TEXT = b"Subject: t\n\nbody\n"
CHANGED = "-ERR [SYS/TEMP] message changed during the session"
REMOVED = "-ERR message was removed by another program"
UNREADABLE = "-ERR [SYS/TEMP] message cannot be read now"
NO_DELE = "-ERR its retrieval failed in this session"
NOT_ALL = "-ERR [SYS/TEMP] some deleted messages were not removed"
M = "new/1700000001.a.host"


def user_with(*names):
    user = site.user()
    for name in names:
        user.put(name)
    return user


def read_file(path):
    with open(path, "rb") as f:
        return f.read()


def listed(user):
    """Login, sizes and unique-ids in order, QUIT; returns (octets, id) pairs and the log."""
    session = site.login(user)
    sizes = [line.split(" ")[1] for line in session.asks("LIST").decode().splitlines()]
    ids = [line.split(" ")[1] for line in session.asks("UIDL").decode().splitlines()]
    equal(len(sizes), len(ids))
    return list(zip(map(int, sizes), ids)), session.quit()


def uids(user):
    return [uid for _, uid in listed(user)[0]]


# A file changes in session.  Each row: what is done to it, what RETR then hears (None: the message), what QUIT hears after
# a DELE without RETR, and what is left of it.

def shrink(path):
    os.truncate(path, 5)


def grow(path):
    with open(path, "ab") as f:
        f.write(b"more\n")


def touch(path):
    os.utime(path, (1, 1))


def rewrite(path):
    """The same number of octets, in place; its time is another one."""
    with open(path, "r+b") as f:
        f.write(b"Subject: u")


def replace_by_file(path):
    with open(path + b".other", "wb") as f:
        f.write(TEXT)
    os.rename(path + b".other", path)


def unreadable(path):
    os.chmod(path, 0)


def replace(make):
    def change(path):
        os.unlink(path)
        make(path)
    return change


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as s:
        here = os.open(".", os.O_RDONLY)
        os.chdir(os.path.dirname(path))  # a socket's path is short
        s.bind(os.path.basename(path))
        os.fchdir(here)
        os.close(here)


def make_directory(path):
    os.mkdir(path)
    with open(path + b"/1.inside", "wb") as f:
        f.write(TEXT)


def rename_to(name):
    return lambda path: os.rename(path, os.path.join(os.path.dirname(path), b"..", os.fsencode(name)))


def link_elsewhere(path):
    os.link(path, os.path.join(os.path.dirname(path), b"../tmp/kept"))


def link_in_cur(path):
    os.link(path, os.path.join(os.path.dirname(path), b"../cur/", os.path.basename(path) + b":2,S"))


CHANGES = {
    "nothing": (lambda path: None, None, "+OK bye", []),
    "moved to cur": (rename_to("cur/1700000001.a.host:2,"), None, "+OK bye", []),
    "flagged": (rename_to("cur/1700000001.a.host:2,FRS"), None, "+OK bye", []),
    "trashed": (rename_to("cur/1700000001.a.host:2,ST"), None, "+OK bye", []),
    "odd flags": (rename_to("cur/1700000001.a.host:1,x:2,y"), None, "+OK bye", []),
    "removed": (os.unlink, REMOVED, "+OK bye", []),
    "renamed": (rename_to("new/1700000001.b.host"), REMOVED, "+OK bye", ["new/1700000001.b.host"]),
    "hidden": (rename_to("new/.1700000001.a.host"), REMOVED, "+OK bye", ["new/.1700000001.a.host"]),
    "shrunk": (shrink, CHANGED, NOT_ALL, [M]),
    "emptied": (lambda path: os.truncate(path, 0), CHANGED, NOT_ALL, [M]),
    "grown": (grow, CHANGED, NOT_ALL, [M]),
    "touched": (touch, CHANGED, NOT_ALL, [M]),
    "rewritten": (rewrite, CHANGED, NOT_ALL, [M]),
    "another file": (replace_by_file, CHANGED, NOT_ALL, [M]),
    "a link to it": (replace(lambda path: os.symlink("/etc/passwd", path)), CHANGED, NOT_ALL, [M]),
    "a link to nothing": (replace(lambda path: os.symlink("x" * 200, path)), CHANGED, NOT_ALL, [M]),
    "a FIFO": (replace(os.mkfifo), CHANGED, NOT_ALL, [M]),
    "a socket": (replace(make_socket), CHANGED, NOT_ALL, [M]),
    "a directory": (replace(make_directory), CHANGED, NOT_ALL, [M]),
    "linked elsewhere": (link_elsewhere, None, "+OK bye", []),
    "linked in cur": (link_in_cur, None, "+OK bye", []),
}
if ROOT:
    CHANGES["unreadable"] = (unreadable, UNREADABLE, "+OK bye", [])
    CHANGES["a device"] = (replace(lambda path: os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))), CHANGED, NOT_ALL, [M])
else:
    CHANGES["unreadable"] = (unreadable, UNREADABLE, "+OK bye", [])


def clean(user):
    """Remove what a change has left, directories too."""
    for sub in ("new", "cur", "tmp"):
        for name in os.listdir(user.maildir.at(sub)):
            path = user.maildir.at(os.path.join(os.fsencode(sub), name))
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)


def test_changes_in_session_and_retr():
    """RETR and TOP hear it; what they refused cannot be DELEted; QUIT removes nothing and says so truthfully."""
    user = site.user()
    for name, (change, reply, _, _) in CHANGES.items():
        clean(user)
        path = user.put(M)
        session = site.login(user)
        change(path)
        if reply is None:
            equal(session.retr(1), wire(TEXT), name)
            equal(session.ask("TOP 1 9"), "+OK top follows", name)
            equal(session.body(), wire(TEXT), name)
            session.ask("DELE 1")
        else:
            equal(session.ask("RETR 1", b"-ERR"), reply, name)
            equal(session.ask("TOP 1 0", b"-ERR"), reply, name)
            equal(session.ask("DELE 1", b"-ERR"), NO_DELE, name)
            session.ask("RSET")
            equal(session.ask("DELE 1", b"-ERR"), NO_DELE, name)
        before = user.names()
        equal(session.ask("STAT").split()[1], "0" if reply is None else "1", name)
        equal(session.ask("QUIT", b""), "+OK bye", name)
        session.closed()
        log = session.end()
        check("alarm" not in log, name, log)
        equal(user.names(), [] if reply is None else before, name)


def test_changes_in_session_and_quit():
    user = site.user()
    for name, (change, _, answer, left) in CHANGES.items():
        clean(user)
        path = user.put(M)
        session = site.login(user)
        session.ask("DELE 1")
        change(path)
        equal(session.ask("QUIT", b""), answer, name)
        session.closed()
        log = session.end()
        check(f"del={int(answer[0] == '+')}/1" in log and "alarm" not in log, name, log)
        equal(user.names(), left, name)


def test_same_octets_and_time_are_the_same_message():
    """What nobody can tell from the outside: the size announced is still the size sent."""
    user = site.user()
    path = user.put(M)
    old = os.stat(path)
    session = site.login(user)
    rewrite(path)
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    equal(len(session.retr(1)), len(wire(TEXT)))
    session.quit()


def test_two_messages_swap_their_names():
    user = site.user()
    one, two = user.put("new/1.a", b"one\n"), user.put("new/2.b", b"two, longer\n")
    session = site.login(user)
    os.rename(one, one + b".swap")
    os.rename(two, one)
    os.rename(one + b".swap", two)
    equal(session.ask("RETR 1", b"-ERR"), CHANGED)
    session.ask("DELE 2")
    equal(session.ask("QUIT", b"-ERR"), NOT_ALL)
    session.end()
    equal(user.names(), ["new/1.a", "new/2.b"])
    again = site.login(user)
    equal((again.retr(1), again.retr(2)), (b"two, longer\r\n", b"one\r\n"))
    again.quit()


def test_delivered_in_session_is_of_the_next():
    user = user_with("new/1.a", "new/2.b")
    session = site.login(user)
    user.put("new/0.first")
    user.put("new/1.z")
    os.unlink(user.maildir.at("new/2.b"))
    equal(session.ask("STAT"), "+OK 2 40")
    equal(session.ask("RETR 2", b"-ERR"), REMOVED)  # lists anew, and still has two messages
    equal(list(session.uidl().values()), ["1.a", "2.b"])
    session.ask("RETR 3", b"-ERR no such message")
    session.ask("DELE 1")
    session.quit()
    equal(user.names(), ["new/0.first", "new/1.z"])
    equal(uids(user), ["0.first", "1.z"])


def test_retrieved_messages_move_to_cur():
    user = user_with("new/1.a", "new/2.b", "new/3.c:2,F", "cur/4.d:2,F", "new/5.e")
    user.put("cur/5.e:2,")
    os.utime(user.maildir.at("new/5.e"), (1, 1))
    session = site.login(user)
    ids = session.uidl()
    for n in ids:
        if n != "2":
            session.retr(n)
    session.ask("TOP 2 0")
    session.body()
    log = session.quit()
    names = user.names()
    # The younger of two with one name has one of its own from login on; flags stay.
    equal([n for n in names if "5." not in n], ["cur/1.a:2,", "cur/3.c:2,F", "cur/4.d:2,F", "new/2.b"])
    equal(len([n for n in names if re.fullmatch(r"cur/5\.(e|[0-9a-f]{32}):2,", n)]), 2)
    check("cannot" not in log, log)
    equal(uids(user), list(ids.values()))


def test_keepnew_leaves_them():
    user = user_with("new/1.a", "new/2.b")
    session = site.login(user, POP3_KEEPNEW="1")
    session.retr(1)
    session.retr(2)
    session.ask("DELE 2")
    session.quit()
    equal(user.names(), ["new/1.a"])


def test_no_quit_moves_nothing():
    user = user_with("new/1.a")
    session = site.login(user)
    session.retr(1)
    session.end()
    equal(user.names(), ["new/1.a"])


def test_move_meets_another_file():
    """Never over another message; a name in the way that is none is not overwritten either."""
    user = user_with("new/1.a")
    session = site.login(user)
    session.retr(1)
    os.mkdir(user.maildir.at("cur/1.a:2,"))
    check("cannot move to cur 1 messages" in session.quit(), session.log.text)
    equal(user.names(), ["cur/1.a:2,", "new/1.a"])


# What stands in new and cur before the login.

def test_what_is_no_message():
    user = user_with("new/1.a", "new/.2.hidden", "cur/3.trashed:2,ST", "new/:2,S", "cur/4.kept:2,S")
    at = user.maildir.at
    os.symlink(at("new/1.a"), at("new/5.link"))
    os.symlink("nothing", at("cur/5.dangling:2,"))
    os.mkfifo(at("new/6.fifo"))
    make_socket(at("cur/7.socket:2,"))
    make_directory(at("new/8.directory"))
    user.put("tmp/9.tmp")
    if ROOT:
        os.mknod(at("new/9.device"), 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    before = user.names()
    session = site.login(user)
    equal(list(session.uidl().values()), ["1.a", "4.kept"])
    for n in (1, 2):
        session.ask(f"DELE {n}")
    log = session.quit()
    check("cannot" not in log, log)
    equal(user.names(), [n for n in before if n not in ("new/1.a", "cur/4.kept:2,S")])


def test_unreadable_message_is_left_out_and_stays():
    user = user_with("new/1.a", "new/2.b", "new/3.c")
    os.chmod(user.maildir.at("new/2.b"), 0)
    session = site.login(user)
    equal(list(session.uidl().values()), ["1.a", "3.c"])
    session.ask("DELE 1")
    session.ask("DELE 2")
    log = session.quit()
    check(re.search(r"storage: \S+: cannot read message new/2\.b, it is left out: Permission denied", log), log)
    equal(user.names(), ["new/2.b"])
    os.chmod(user.maildir.at("new/2.b"), 0o600)
    equal(uids(user), ["2.b"])


def test_one_message_with_two_names():
    """A program that moves by link and unlink, between the two: one message, and QUIT removes both names."""
    user = user_with("new/1.a", "new/2.b")
    os.link(user.maildir.at("new/1.a"), user.maildir.at("cur/1.a:2,S"))
    os.link(user.maildir.at("new/2.b"), user.maildir.at("tmp/2.b"))
    equal(uids(user), ["1.a", "2.b"])
    session = site.login(user)
    session.retr(1)
    session.ask("DELE 1")
    session.ask("DELE 2")
    session.quit()
    equal(user.names(), [])
    check(os.path.exists(user.maildir.at("tmp/2.b")))


def test_one_file_in_two_messages():
    """A deliverer may link one file under two names: those are two messages."""
    user = user_with("new/1.a")
    os.link(user.maildir.at("new/1.a"), user.maildir.at("new/2.b"))
    session = site.login(user)
    equal(list(session.uidl().values()), ["1.a", "2.b"])
    session.ask("DELE 1")
    session.quit()
    equal(user.names(), ["new/2.b"])


# Names and unique-ids.

ODD = [b"%d.%b" % (1700000000 + n, b"x" * (n - 11)) for n in (12, 40, 69, 70, 71, 72, 100, 200, 250, 252, 253, 254, 255)] + [
    b"a", b"zz", b"1700000000", b"0", b"00.x", b"99999999999999999999999.x", b"-1.x", b" 1.x", b"1 .x", b"1.x ",
    b"1.\x01", b"1.\n", b"1.\r\n+OK", b"1.\x7f", b"1.\x80", b"1.\xff\xfe", "1.ä".encode(), b"1.%s%n", b"1.....", b"1.~",
    b"1.!", b"1.\"'", b"1.\\", b"#1", b"1,S=3", b"1.e,W=5", b"*", b"1.\x1b[31m"]
INFO = (b"", b":", b":2,", b":2,S", b":1,", b":2", b":2,S:2,F", b":T", b":2,s", b":3,T", b":2,\xff")


def test_names_of_every_kind():
    user = site.user()
    for name in ODD:
        user.put(b"new/" + name, name + b"\n")
    session = site.login(user)
    ids = session.uidl()
    equal(len(ids), len(ODD))
    equal(len(set(ids.values())), len(ODD))
    check(all(re.fullmatch("[!-~]{1,70}", uid) for uid in ids.values()), ids)
    messages = {n: session.retr(n) for n in ids}
    equal(sorted(messages.values()), sorted(wire(name + b"\n") for name in ODD))
    for n, uid in ids.items():
        plain = re.fullmatch(rb"[!-~]{1,70}", name := messages[n][:-2].replace(b"\r\n", b"\n"))
        check(uid.encode() == name if plain else re.fullmatch("[0-9a-f]{32}", uid), name, uid)
    log = session.quit()
    # Too long for the flags of cur: it stays in new, and the log says so.
    equal(sorted(n for n in user.names() if n.startswith("new/")), sorted("new/" + n.decode() for n in ODD if len(n) > 252))
    check(re.search("cannot move to cur 3 messages, the last: File ?name too long", log), log)
    check(all(re.match("(storage|pop3d): ", line) for line in log.splitlines()), log)
    equal(listed(user)[0], [(len(messages[n]), uid) for n, uid in ids.items()])  # and in the same order
    session = site.login(user)
    for n in ids:
        session.ask(f"DELE {n}")
    session.quit()
    equal(user.names(), [])


def test_everything_behind_the_colon_is_not_the_name():
    user = site.user()
    for n, info in enumerate(INFO):
        user.put(b"cur/%d.x" % n + info, b"%d\n" % n)
    ids = uids(user)
    equal(sorted(ids), sorted(f"{n}.x" for n in range(len(INFO))))
    for n, info in enumerate(INFO):
        if INFO[-1 - n] != info:
            os.rename(user.maildir.at(b"cur/%d.x" % n + info), user.maildir.at(b"cur/%d.x" % n + INFO[-1 - n]))
    equal(uids(user), ids)


def test_ids_and_order_outlive_flags_moves_and_sessions():
    names = [f"{n % 7}.{n}.host" for n in range(30)]
    user = user_with(*("new/" + n for n in names))
    first = listed(user)[0]
    equal([uid for _, uid in first], sorted(names, key=lambda n: (int(n.split(".")[0]), n)))
    for n in names[::2]:
        os.rename(user.maildir.at("new/" + n), user.maildir.at(f"cur/{n}:2,S"))
    equal(listed(user)[0], first)
    for n in names[::2]:
        os.rename(user.maildir.at(f"cur/{n}:2,S"), user.maildir.at(f"cur/{n}:2,FRS"))
    for n in names[::3]:
        if os.path.exists(user.maildir.at("new/" + n)):
            os.rename(user.maildir.at("new/" + n), user.maildir.at("cur/" + n))
    equal(listed(user)[0], first)
    session = site.login(user)
    for n in range(1, 31):
        session.retr(n)
    os.kill(session.process.pid, signal.SIGKILL)
    session.end()
    equal(listed(user)[0], first)


def test_two_messages_of_one_name():
    """The older keeps the id; the younger keeps its own when the older has gone, whatever happens to flags."""
    user = site.user()
    user.put("cur/5.x:2,S", b"old\n")
    equal(uids(user), ["5.x"])
    user.put("new/5.x", b"young\n")
    user.put("new/6.y")
    os.utime(user.maildir.at("cur/5.x:2,S"), (1000, 1000))
    session = site.login(user)
    ids = {session.retr(n): uid for n, uid in session.uidl().items() if n != "3"}
    equal(ids[b"old\r\n"], "5.x")
    check(re.fullmatch(r"5\.[0-9a-f]{32}", ids[b"young\r\n"]), ids)
    session.ask("RSET")
    session.end()  # without QUIT
    equal(sorted(user.names()), sorted(["cur/5.x:2,S", "new/" + ids[b"young\r\n"], "new/6.y"]))
    for n in user.names():
        if n.startswith("new/5."):
            os.rename(user.maildir.at(n), user.maildir.at(n.replace("new", "cur") + ":2,FS"))
    session = site.login(user)
    equal({session.retr(n): uid for n, uid in session.uidl().items() if n != "3"}, ids)
    session.ask("DELE " + next(n for n, uid in session.uidl().items() if uid == "5.x"))
    session.quit()
    equal(sorted(uids(user)), sorted([ids[b"young\r\n"], "6.y"]))


def test_two_messages_of_one_name_where_nothing_can_be_renamed():
    user = user_with("cur/5.x:2,S", "new/5.x")
    os.utime(user.maildir.at("cur/5.x:2,S"), (1000, 1000))
    for sub in ("new", "cur"):
        os.chmod(user.maildir.at(sub), 0o500)
    try:
        first, log = listed(user)
        check("cannot rename 1 messages whose names others have" in log, log)
        equal(listed(user)[0], first)
    finally:
        for sub in ("new", "cur"):
            os.chmod(user.maildir.at(sub), 0o700)
    equal(user.names(), ["cur/5.x:2,S", "new/5.x"])
    equal(sorted(uids(user)), sorted(uid for _, uid in first))  # the same, now as names
    session = site.login(user)
    for n, uid in session.uidl().items():
        if uid != "5.x":
            session.ask(f"DELE {n}")
    session.quit()
    equal(user.names(), ["cur/5.x:2,S"])


def test_what_is_not_shown_keeps_its_name():
    """An older message that is trashed or cannot be read lends its id to no other."""
    for hide, name in ((lambda path: os.chmod(path, 0), "cur/5.x:2,S"), (lambda path: None, "cur/5.x:2,ST")):
        user = user_with(name, "new/5.x")
        os.utime(user.maildir.at(name), (1000, 1000))
        hide(user.maildir.at(name))
        young = uids(user)
        check(len(young) == 1 and re.fullmatch(r"5\.[0-9a-f]{32}", young[0]), young)
        os.chmod(user.maildir.at(name), 0o600)
        os.rename(user.maildir.at(name), user.maildir.at("cur/5.x:2,"))
        equal(sorted(uids(user)), sorted(["5.x", *young]))


# The Maildir itself.

def test_no_maildir():
    """None is made, none is guessed: an administrator must see to it."""
    def without(sub):
        return lambda path: os.rmdir(os.path.join(path, sub))

    def is_file(sub):
        def change(path):
            os.rmdir(os.path.join(path, sub))
            with open(os.path.join(path, sub), "wb"):
                pass
        return change

    def is_link(sub):
        def change(path):
            os.rename(os.path.join(path, sub), path + ".moved" + sub)
            os.symlink(path + ".moved" + sub, os.path.join(path, sub))
        return change

    changes = {"none": shutil.rmtree, "new missing": without("new"), "cur missing": without("cur"),
               "new a file": is_file("new"), "cur a file": is_file("cur"), "new a link": is_link("new"), "cur a link": is_link("cur"),
               "itself a link": lambda path: (os.rename(path, path + ".real"), os.symlink(path + ".real", path)),
               "itself a file": lambda path: (shutil.rmtree(path), os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))),
               "unreadable": lambda path: os.chmod(path, 0), "new unreadable": lambda path: os.chmod(os.path.join(path, "new"), 0)}
    for what, change in changes.items():
        user = user_with()
        change(user.maildir.path)
        found = sorted(os.listdir(site.at("mail")))
        session = site.session()
        session.ask(f"USER {user.name}")
        equal(session.ask(f"PASS {user.password}", b"-ERR"), "-ERR [SYS/PERM] login is not possible, tell the administrator", what)
        session.closed()
        log = session.end()
        reason = "permission" if "unreadable" in what else "nomaildir"
        check(re.search(rf"^pop3d: fail .* reason={reason}$", log, re.M) and "pop3d: login" not in log, what, log)
        equal(sorted(os.listdir(site.at("mail"))), found, what)
        check("missing" not in what or not os.path.exists(os.path.join(user.maildir.path, what.split()[0])), what)


def test_way_to_the_maildir_is_a_users():
    """Who owns a directory on the way puts links and other things there.  None leads to where the uid could not go by
    itself, or out of the mail base; one that stays in it is an administrator's way to move mail."""
    def home(which=0):
        where = site.at("mail", f"home{site.count}")
        os.mkdir(where, 0o700)
        user = site.user(maildrop=os.path.join(where, "Maildir"), which=which)
        user.put("1.secret")
        if ROOT:
            os.chown(where, user.maildir.uid, user.maildir.gid)
        return where, user

    outside = site.at("outside")
    os.mkdir(outside, 0o755)
    refused = "[SYS/PERM] login is not possible, tell the administrator"

    def link_home(to):
        return lambda where: (os.rename(where, where + ".real"), os.symlink(to(where), where))

    def copy_outside(where):
        shutil.move(where, outside)
        return os.path.join(outside, os.path.basename(where))

    def move_outside(where):
        os.symlink(copy_outside(where), where)

    def link_maildir(to):
        return lambda where: (os.rename(where + "/Maildir", where + "/real"), os.symlink(to, where + "/Maildir"))

    def special(make):
        return lambda where: (os.rename(where + "/Maildir", where + "/real"), make(where + "/Maildir"))

    neighbour, _ = home()
    changes = [("the maildrop is a link to another's", link_maildir(neighbour + "/Maildir"), refused),
               ("it is a FIFO", special(lambda path: os.mkfifo(path, 0o600)), refused),
               ("new is another's", lambda where: (os.rename(where + "/Maildir/new", where + "/Maildir/old"),
                                                   os.symlink(neighbour + "/Maildir/new", where + "/Maildir/new")), refused),
               ("a link within the mail base", link_home(lambda where: where + ".real"), None)]
    if landlock() >= 2 and not os.environ.get("NOWALLS"):  # it is Landlock that refuses
        changes.append(("out of the mail base", move_outside, refused))
    if ROOT:
        stranger, _ = home(which=1)
        changes.append(("a link to another uid's", link_home(lambda where: stranger), refused))
        changes.append(("a device", special(lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))), refused))
    for what, change, reply in changes:
        where, user = home()
        change(where)
        session = site.session()
        session.login(user, b"-ERR " + reply.encode() if reply else b"+OK")
        if reply is None:
            equal(session.retr(1), wire(TEXT), what)
            session.ask("QUIT")
        session.closed()
        check((" login sid=" in session.end()) == (reply is None), what, session.log.text)


def maildir_changed(change, retr, answer, left=None):
    user = user_with("new/1.a", "cur/2.b:2,S")
    session = site.login(user)
    session.retr(2)
    session.ask("DELE 2")
    change(user.maildir)
    if retr:
        equal(session.ask("RETR 1", b"-ERR"), retr)
    else:
        equal(session.retr(1), wire(TEXT))
    equal(session.ask("QUIT", b""), answer)
    session.closed()
    check("alarm" not in session.end(), session.log.text)
    return user


def test_maildir_is_moved_in_session():
    """The session keeps the directories that it opened."""
    def change(maildir):
        os.rename(maildir.path, maildir.path + ".moved")
    user = maildir_changed(change, None, "+OK bye")
    equal(Maildir(user.maildir.path + ".moved", 0, 0).names(), ["cur/1.a:2,"])


def test_maildir_is_removed_in_session():
    maildir_changed(lambda maildir: shutil.rmtree(maildir.path), REMOVED, "+OK bye")


def test_maildir_is_replaced_in_session():
    """A new one with messages of the same names: they are not ours."""
    def change(maildir):
        os.rename(maildir.path, maildir.path + ".moved")
        maildir.make()
        for name in ("new/1.a", "cur/2.b:2,S"):
            maildir.put(name, b"another\n")
    user = maildir_changed(change, None, "+OK bye")
    equal(user.names(), ["cur/2.b:2,S", "new/1.a"])


def test_new_is_replaced_in_session():
    """What was in new is there no more; what another program put into its place belongs to the next session."""
    def change(maildir):
        shutil.rmtree(maildir.at("new"))
        os.mkdir(maildir.at("new"))
        maildir.put("new/1.a", b"another\n")
    user = maildir_changed(change, REMOVED, "+OK bye")
    equal(user.names(), ["new/1.a"])


def test_modes_change_in_session():
    def change(maildir):
        for sub in ("new", "cur"):
            os.chmod(maildir.at(sub), 0)
    user = maildir_changed(change, UNREADABLE, NOT_ALL)
    for sub in ("new", "cur"):
        os.chmod(user.maildir.at(sub), 0o700)
    equal(user.names(), ["cur/2.b:2,S", "new/1.a"])


def test_mode_of_the_maildir_changes_in_session():
    user = maildir_changed(lambda maildir: os.chmod(maildir.path, 0), None, "+OK bye")
    os.chmod(user.maildir.path, 0o700)
    equal(user.names(), ["cur/1.a:2,"])


# Disks.

libc = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MS_REMOUNT, MS_REC, MS_PRIVATE, CLONE_NEWNS = 1, 32, 16384, 1 << 18, 0x20000


def mount(source, target, kind, flags, data=None):
    done = libc.mount(source.encode(), os.fsencode(target), kind.encode() if kind else None, flags, data and data.encode())
    check(done == 0, "mount:", os.strerror(ctypes.get_errno()))


class Disk:
    """A file system of its own under a user's Maildir, which no other process than ours and our children sees."""
    private = False

    def __init__(self, options):
        need_root()
        if not Disk.private:
            check(libc.unshare(CLONE_NEWNS) == 0)
            mount("none", "/", None, MS_REC | MS_PRIVATE)
            Disk.private = True
        self.user = site.user(make=False)
        self.path = self.user.maildir.path
        os.mkdir(self.path)
        mount("tmpfs", self.path, "tmpfs", 0, options)
        os.chown(self.path, self.user.maildir.uid, self.user.maildir.gid)
        for sub in ("new", "cur", "tmp"):
            os.mkdir(os.path.join(self.path, sub), 0o700)
            os.chown(os.path.join(self.path, sub), self.user.maildir.uid, self.user.maildir.gid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        libc.umount2(os.fsencode(self.path), 2)  # MNT_DETACH


def test_full_disk():
    with Disk("size=64k,nr_inodes=20,mode=700") as disk:
        disk.user.put("new/1.a")
        disk.user.put("new/2.b")
        for what in ("blocks", "inodes"):
            try:
                for n in range(100):
                    with open(os.path.join(disk.path, f"tmp/{what}{n}"), "wb") as f:
                        f.write(b"x" * (65536 if what == "blocks" else 0))
            except OSError:
                pass
        session = site.login(disk.user)
        equal(session.retr(1), wire(TEXT))
        session.ask("DELE 2")
        check("cannot" not in session.quit(), session.log.text)
        equal(disk.user.names(), ["cur/1.a:2,"])


def test_read_only_file_system():
    with Disk("size=64k,mode=700") as disk:
        user = disk.user
        user.put("new/1.a")
        user.put("cur/1.a:2,S", b"older\n")
        user.put("new/2.b")
        os.utime(user.maildir.at("cur/1.a:2,S"), (1000, 1000))
        mount("tmpfs", disk.path, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=64k")
        first = listed(user)[0]
        session = site.login(user)
        for n in (1, 2, 3):
            session.retr(n)
        equal(listed_ids(session), [uid for _, uid in first])
        check("cannot move to cur 2 messages, the last: Read-only file system" in session.quit(), session.log.text)
        session = site.login(user)
        session.ask("DELE 3")
        equal(session.ask("QUIT", b"-ERR"), NOT_ALL)
        session.closed()
        check("del=0/1" in session.end() and "Read-only file system" in session.log.text, session.log.text)
        equal(user.names(), ["cur/1.a:2,S", "new/1.a", "new/2.b"])
        equal(listed(user)[0], first)


def test_file_system_becomes_read_only_in_session():
    with Disk("size=64k,mode=700") as disk:
        disk.user.put("new/1.a")
        session = site.login(disk.user)
        session.retr(1)
        session.ask("DELE 1")
        mount("tmpfs", disk.path, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=64k")
        equal(session.ask("QUIT", b"-ERR"), NOT_ALL)
        session.end()
        equal(disk.user.names(), ["new/1.a"])


def test_removal_is_forbidden():
    """As on a read-only file system, for all: a directory that the user cannot write."""
    user = user_with("new/1.a", "cur/2.b:2,S")
    os.chmod(user.maildir.at("new"), 0o500)
    session = site.login(user)
    session.ask("DELE 1")
    session.ask("DELE 2")
    equal(session.ask("QUIT", b"-ERR"), NOT_ALL)
    check("del=1/2" in session.end() and "cannot remove 1 messages, the last: Permission denied" in session.log.text, session.log.text)
    os.chmod(user.maildir.at("new"), 0o700)
    equal(user.names(), ["new/1.a"])


def listed_ids(session):
    return list(session.uidl().values())


# The lock.

def test_lock_is_free_after_each_end():
    def by_quit(session):
        session.ask("QUIT")

    def by_limit(session):
        session.send(b"X\r\n" * 20)

    def by_error(session):
        os.truncate(path, 3 << 20)
        session.send(b"RETR 2\r\n")
        check(session.line().startswith(b"-ERR"))
        session.sock.close()

    def by_signal(pid):
        return lambda session: os.kill(pid(session), signal.SIGKILL)

    user = user_with("new/1.a")
    path = user.put("new/2.b", b"x" * 100)
    ends = {"quit": by_quit, "close": lambda session: session.sock.close(), "half close": lambda s: s.sock.shutdown(socket.SHUT_WR),
            "limit": by_limit, "storage killed": by_signal(lambda s: s.process.pid), "pop3d killed": by_signal(lambda s: s.children()[0]),
            "storage terminated": lambda session: os.kill(session.process.pid, signal.SIGTERM), "error": by_error}
    for what, end in ends.items():
        session = site.login(user)
        session.ask("DELE 1")
        session.ask("RSET")
        end(session)
        session.end()
        with open(user.maildir.path + "/lock", "wb"):
            pass
        equal(subprocess.run(["flock", "-n", user.maildir.path, "true"], check=False).returncode, 0, what)
        os.unlink(user.maildir.path + "/lock")
        site.login(user).quit()
    equal(len(user.names()), 2)


def test_lock_leaves_nothing_behind():
    user = user_with("new/1.a")
    before = sorted(os.listdir(user.maildir.path))
    session = site.login(user)
    equal(sorted(os.listdir(user.maildir.path)), before)
    session.quit()
    equal(sorted(os.listdir(user.maildir.path)), before)


# Storage ends before its time, or pop3d stops taking what it sends.

def asks_storage(session, command):
    """Send a command while storage stands still, and wait until pop3d waits for it."""
    need_root()  # who may look at an undumpable process
    os.kill(session.process.pid, signal.SIGSTOP)
    session.send(command)
    waits_in(session.children()[0], "recvmsg")


def test_descriptors_that_nobody_takes():
    """The kernel counts descriptors on their way for all processes of a uid: that of all mail, perhaps."""
    held, user = [], user_with("new/1.a")
    for _ in range(80):
        session = site.login(user_with("new/1.a"))
        asks_storage(session, b"RETR 1\r\n")
        os.kill(session.children()[0], signal.SIGSTOP)
        os.kill(session.process.pid, signal.SIGCONT)
        waits_in(session.process.pid, "recvmsg")
        held.append(session)
    site.login(user).quit()
    for session in held:
        os.kill(session.children()[0], signal.SIGCONT)
        check(session.line().startswith(b"+OK "))
        session.end()


def test_storage_dies_before_retr():
    user = user_with("new/1.a")
    session = site.login(user)
    asks_storage(session, b"RETR 1\r\n")
    os.kill(session.process.pid, signal.SIGKILL)
    equal(session.line(), b"-ERR [SYS/TEMP] the maildrop cannot be reached any more")
    session.closed()
    check(" end=error " in session.end(), session.log.text)
    equal(user.names(), ["new/1.a"])


def storage_dies_at_quit(dele):
    user = user_with("new/1.a", "new/2.b")
    session = site.login(user)
    session.retr(1)
    if dele:
        session.ask("DELE 1")
    asks_storage(session, b"QUIT\r\n")
    os.kill(session.process.pid, signal.SIGKILL)
    line = session.line().decode()
    session.closed()
    check("del=0/" in session.end(), session.log.text)
    equal(user.names(), ["new/1.a", "new/2.b"])
    return line


def test_storage_dies_at_quit_with_marks():
    equal(storage_dies_at_quit(True), NOT_ALL)


def test_storage_dies_at_quit_without_marks():
    equal(storage_dies_at_quit(False), "+OK bye")


# Many messages, and another program that renames all the time.

def fill(user, count):
    maildir = os.fsencode(user.maildir.path)
    for n in range(count):
        fd = os.open(maildir + b"/cur/%d.%d.host:2," % (1700000000 + n // 10, n), os.O_CREAT | os.O_WRONLY, 0o644)
        os.write(fd, b"%d\n" % n)
        os.close(fd)


def test_renames_without_end():
    """Whatever another program renames while we list, hand over and remove: no message is missed, none is kept."""
    user = site.user()
    fill(user, 500)
    sub, stop = os.open(user.maildir.at("cur"), os.O_RDONLY), threading.Event()

    def storm():
        flags = ("", "S", "RS", "FRS")
        at = 0
        names = sorted(os.listdir(sub))
        while not stop.is_set() and names:
            n = at % len(names)
            at += 1
            new = names[n].split(":")[0] + ":2," + flags[at // 7 % 4]
            try:
                os.rename(names[n], new, src_dir_fd=sub, dst_dir_fd=sub)
                names[n] = new
            except FileNotFoundError:
                del names[n]

    thread = threading.Thread(target=storm)
    thread.start()
    try:
        for _ in range(10):
            session = site.login(user)
            equal(session.ask("STAT").split()[1], "500")
            session.quit()
        session = site.login(user)
        for n in range(1, 501, 20):
            session.retr(n)
        session.send(b"".join(b"DELE %d\r\n" % n for n in range(1, 501)))
        for n in range(500):
            equal(session.line(), b"+OK marked")
        session.quit()
    finally:
        stop.set()
        thread.join()
        os.close(sub)
    equal(user.names(), [])


def test_a_hundred_thousand_messages():
    user = site.user()
    fill(user, 100000)
    session = site.login(user)
    session.sock.settimeout(5 * DEADLINE)  # to remove them takes a second, or minutes on a disk that others use
    octets = sum(len(b"%d\r\n" % n) for n in range(100000))
    equal(session.ask("STAT"), f"+OK 100000 {octets}")
    equal(len(session.asks("LIST").splitlines()), 100000)
    lines = session.asks("UIDL").splitlines()
    equal((len(lines), len({line.split(b" ")[1] for line in lines})), (100000, 100000))
    for n in (1, 50000, 100000):
        name = lines[n - 1].split(b" ")[1]
        equal(session.retr(n), name.split(b".")[1] + b"\r\n")
    session.send(b"".join(b"DELE %d\r\n" % n for n in range(1, 100000)))
    for _ in range(99999):
        equal(session.line(), b"+OK marked")
    equal(session.ask("STAT"), "+OK 1 7")
    session.quit()
    equal(user.names(), ["cur/1700009999.99999.host:2,"])


if __name__ == "__main__":
    sys.exit(run_module(globals()))
