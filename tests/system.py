"""Accounts of the system as users, through the whole chain: /etc is a copy that this process alone sees."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
import time
import warnings

import harness
import machine
import effort
from harness import MAIL_UIDS, PASSWORD, Maildir, Session, Site, User, check, equal

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import crypt

HAS_MACHINE = machine.private()
TODAY = int(time.time()) // 86400
UID = MAIL_UIDS[0]
HASH = crypt.crypt(PASSWORD, "$6$rounds=1000$saltsalt$")
YES = b"+OK"
NO = b"-ERR [AUTH] login failed"
BROKEN = b"-ERR [SYS/PERM]"
site = Site()


def line(name, *fields):
    return ":".join((name, *map(str, fields))) + "\n"


def replace(path, text, mode):
    """As passwd(1) does it: a new file, renamed over the old one."""
    with open(path + "+", "w", encoding="latin-1") as f:
        f.write(text)
    os.chmod(path + "+", mode)
    os.rename(path + "+", path)


class Accounts:
    """What /etc/passwd and /etc/shadow hold: root, a room's, and what a test adds."""

    def __init__(self):
        self.passwd = line("root", "x", 0, 0, "root", "/root", "/bin/bash") + line("daemon", "x", 1, 1, "", "/usr/sbin", "/bin/sh")
        self.shadow = line("root", HASH, 19000, 0, 99999, 7, "", "", "") + line("daemon", HASH, 19000, 0, 99999, 7, "", "", "")

    def add(self, name, hashed=HASH, changed=19000, least=0, most=99999, warn=7, inactive="", expire="", uid=UID,
            gid=UID, home=None, shell="/bin/sh", field="x", maildir=True):
        home = home or site.at("mail", name)
        self.passwd += line(name, field, uid, gid, "", home, shell)
        self.shadow += line(name, hashed, changed, least, most, warn, inactive, expire, "")
        box = Maildir(os.path.join(home, "Maildir"), UID, UID)
        if maildir and "/" not in name and "\0" not in name and not os.path.exists(box.path):
            os.makedirs(home, exist_ok=True)
            box.make()
        return User(name, PASSWORD, box)

    def write(self):
        replace("/etc/passwd", self.passwd, 0o644)
        replace("/etc/shadow", self.shadow, 0o640)
        return self


def need_machine():
    harness.need_root()
    if not HAS_MACHINE:
        raise harness.Skip("no mount namespace of its own can be had here")


def etc_make():
    shutil.copytree("/etc", site.at("etc"), symlinks=True, ignore_dangling_symlinks=True)
    if ctypes.CDLL(None, use_errno=True).mount(os.fsencode(site.at("etc")), b"/etc", None, ctypes.c_ulong(0x1000), None):
        raise OSError(ctypes.get_errno(), "mount")


def login(session, name, wanted=YES, password=PASSWORD):
    session.ask(f"USER {name}")
    session.ask(f"PASS {password}", wanted)


def session_of(user, wanted=YES, password=PASSWORD, **settings):
    """One login, its reply and its log."""
    s = Session(site, **({"POP3_USERS": "system"} | settings))
    login(s, user if isinstance(user, str) else user.name, wanted, password)
    return s.quit() if wanted == YES else s.end()


def reason(log, name, why):
    check(re.search(rf" fail sid=\S+ .*user={re.escape(name)} try=1 reason={why}$", log, re.M), name, why, "is not in", log)


def test_login_beside_users_cdb():
    need_machine()
    accounts = Accounts()
    bob = accounts.add("bob")
    accounts.write()
    bob.put("1000.a")
    own = site.user("own")
    for users, bob_in, own_in in (("system", YES, NO), ("both", YES, YES), ("own", NO, YES)):
        for user, wanted in ((bob, bob_in), (own, own_in)):
            log = session_of(user, wanted, POP3_USERS=users)
            check(wanted == NO or f" login sid=" in log and f"user={user.name} auth=pass" in log, log)
            reason(log, user.name, "nouser") if wanted == NO else None
            reason(session_of(user, NO, "wrong", POP3_USERS=users), user.name, "nouser" if wanted == NO else "password")
    s = Session(site, POP3_USERS="system").login(bob)
    equal(s.retr(1), b"Subject: t\r\n\r\nbody\r\n")
    s.ask("DELE 1")
    check(s.process.pid and os.stat(f"/proc/{s.process.pid}").st_uid == UID)
    s.quit()
    equal(bob.names(), [])


def test_verdict_names_the_table():
    """One name in both: users.cdb has it, and a user who is disabled there does not become the account."""
    need_machine()
    accounts = Accounts()
    accounts.add("twice")
    accounts.write()
    mine = site.user("twice", password="another")
    mine.put("1000.mine")
    s = Session(site, POP3_USERS="both")
    login(s, "twice", NO)
    s.login(mine)
    equal(s.ask("STAT").split(" ")[1], "1")
    s.quit()
    site.user_tool("disable", "twice")
    for password in (PASSWORD, "another"):
        session_of("twice", NO, password, POP3_USERS="both")
    session_of("twice", YES)
    site.user_tool("del", "twice")
    session_of("twice", YES, POP3_USERS="both")


# name: what its lines say, the reply to the right password, and the reason in the log
CASES = {
    "yescrypt": ({"hashed": crypt.crypt(PASSWORD, "$y$j5T$saltsaltsaltsalt")}, YES, None),
    "locked": ({"hashed": "!" + HASH}, NO, "disabled"),
    "locked-twice": ({"hashed": "!!" + HASH}, NO, "disabled"),
    "starred": ({"hashed": "*" + HASH}, NO, "disabled"),
    "star": ({"hashed": "*"}, NO, "password"),
    "bang": ({"hashed": "!"}, NO, "password"),
    "new": ({"hashed": "!!"}, NO, "password"),
    "empty": ({"hashed": ""}, NO, "password"),
    "des": ({"hashed": crypt.crypt(PASSWORD, "ab")}, NO, "password"),
    "expires-tomorrow": ({"expire": TODAY + 1}, YES, None),
    "expired-today": ({"expire": TODAY}, NO, "disabled"),
    "expired-yesterday": ({"expire": TODAY - 1}, NO, "disabled"),
    "expired-zero": ({"expire": 0}, NO, "disabled"),
    "must-change": ({"changed": 0}, NO, "disabled"),
    "no-age": ({"changed": "", "least": "", "most": "", "warn": ""}, YES, None),
    "age-last-day": ({"changed": TODAY - 30, "most": 30}, YES, None),
    "age-over": ({"changed": TODAY - 31, "most": 30}, NO, "disabled"),
    "age-inactive-zero": ({"changed": TODAY - 31, "most": 30, "inactive": 0}, NO, "disabled"),
    "age-inactive-last": ({"changed": TODAY - 37, "most": 30, "inactive": 7}, YES, None),
    "age-inactive-over": ({"changed": TODAY - 38, "most": 30, "inactive": 7}, NO, "disabled"),
    "changed-tomorrow": ({"changed": TODAY + 1, "most": 0}, YES, None),
    "password-in-passwd": ({"field": HASH}, NO, "disabled"),
    "no-password-field": ({"field": ""}, NO, "disabled"),
    "uid-0": ({"uid": 0}, BROKEN, "permission"),
    "gid-0": ({"gid": 0}, BROKEN, "permission"),
    "below-the-floor": ({"uid": 999}, BROKEN, "permission"),
    "a-rooms-uid": ({"uid": harness.POP3D_UID}, BROKEN, "permission"),
    "uid-no-number": ({"uid": "x"}, BROKEN, "permission"),
    "uid-minus": ({"uid": "-1"}, BROKEN, "permission"),
    "uid-empty": ({"uid": ""}, BROKEN, "permission"),
    "uid-above-32": ({"uid": 4294967296 + UID}, BROKEN, "permission"),
    "uid-none": ({"uid": 4294967295}, BROKEN, "permission"),
    "home-outside": ({"home": "/root", "maildir": False}, BROKEN, "permission"),
    "home-up": ({"home": site.at("mail") + "/../data", "maildir": False}, BROKEN, "permission"),
    "home-slash": ({"home": site.at("mail") + "/", "maildir": False}, BROKEN, "permission"),
    "home-empty": ({"home": " ", "maildir": False}, BROKEN, "permission"),
    "home-colon": ({"home": site.at("mail") + "/x:/bin/sh", "maildir": False}, BROKEN, "authconf"),
    "age-no-number": ({"most": "x"}, BROKEN, "authconf"),
    "expire-minus": ({"expire": "-1"}, BROKEN, "authconf"),
    "inactive-large": ({"inactive": "99999999999999999999"}, BROKEN, "authconf"),
    "too-many-fields": ({"expire": "1:2"}, BROKEN, "authconf"),
}


def test_every_kind_of_account():
    need_machine()
    accounts = Accounts()
    for name, (fields, _, _) in CASES.items():
        accounts.add(name, **fields)
    accounts.write()
    for name, (_, wanted, why) in CASES.items():
        log = session_of(name, wanted, POP3_GUESSES="0")
        if why:
            reason(log, name, why)
        if wanted != BROKEN and why != "password":
            reason(session_of(name, NO, "wrong", POP3_GUESSES="0"), name, "password")
        check(not re.search(r" alarm ", log), log)
    for name in ("root", "daemon"):  # the password is right, and they are not let in
        reason(session_of(name, BROKEN), name, "permission")
    session_of("empty", NO, " ")
    log = session_of("age-no-number", BROKEN, POP3_GUESSES="0")
    check("line of /etc/shadow is none: correct it with chage" in log, log)
    log = session_of("home-colon", BROKEN, POP3_GUESSES="0")
    check("this user's line of /etc/passwd is malformed: correct it with vipw" in log, log)
    check("of no scheme that is accepted" in session_of("des", NO, POP3_GUESSES="0"))


def test_lines_that_are_none():
    """What is malformed harms nobody else; of two lines with a name, the first counts; what has no line end is no line."""
    need_machine()
    accounts = Accounts()
    accounts.passwd = "\n:x:0:0::/:\n+\n+bob::::::\n# bob:x:0:0\nbob\n" + "x" * 5000 + ":\n" + "y" * 1024 + "\n\0\n" + accounts.passwd
    accounts.shadow = "\n\n::::::::\n+bob:" + HASH + "::::::::\nbo\n" + "bob" + " " * 3000 + ":\n\0:\0\n" + accounts.shadow
    al = accounts.add("al")
    accounts.add("twice")
    accounts.passwd += line("twice", "x", 0, 0, "", "/root", "/bin/sh")
    accounts.shadow += line("twice", "", "", "", "", "", "", "", "")
    accounts.add("nul\0")
    accounts.add("only-in-passwd")
    accounts.shadow = "".join(x for x in accounts.shadow.splitlines(True) if not x.startswith("only-in"))
    accounts.add("only-in-shadow")
    accounts.passwd = "".join(x for x in accounts.passwd.splitlines(True) if not x.startswith("only-in-s"))
    accounts.add("a/b")
    accounts.add("long", hashed="$6$" + "x" * 990)
    accounts.add("end")
    accounts.write()
    session_of(al)
    session_of("twice")
    for name in ("only-in-passwd", "only-in-shadow", "+bob", ":", "al:x", "# bob", "+", "long"):
        session_of(name, NO, POP3_GUESSES="0")
    reason(session_of("a/b", BROKEN), "a/b", "permission")
    session_of("end")
    accounts.passwd = accounts.passwd.rstrip("\n")
    accounts.write()
    session_of("end", NO)
    session_of(al)
    accounts.passwd = "bob:x:1:1::\n" + accounts.passwd  # his first line, and it is too short
    accounts.add("bob")
    accounts.write()
    reason(session_of("bob", BROKEN), "bob", "authconf")


def test_shells():
    need_machine()
    accounts = Accounts()
    shells = {"listed": "/bin/sh", "not-listed": "/opt/tcsh", "nologin": "/usr/sbin/nologin", "false": "/bin/false",
              "none": "", "comment": "# /bin/comment"}
    for name, shell in shells.items():
        accounts.add(name, shell=shell)
    accounts.write()
    replace("/etc/shells", "# /bin/comment\n/bin/bash\n/bin/sh\n/usr/bin/screen \n", 0o644)
    for policy, good in (("any", shells), ("login", ("listed", "not-listed", "none", "comment")), ("listed", ("listed", "none"))):
        for name in shells:
            log = session_of(name, YES if name in good else NO, POP3_SHELLS=policy)
            if name not in good:
                reason(log, name, "disabled")
    replace("/etc/shells", "", 0o644)
    session_of("listed", NO, POP3_SHELLS="listed")


def test_replaced_while_a_session_waits():
    """Whoever is locked out meanwhile does not get in by what he was; the next connection sees what is there now."""
    need_machine()
    accounts = Accounts()
    accounts.add("bob")
    locked = Accounts()
    locked.add("bob", hashed="!" + HASH)
    for change in (locked.write, lambda: os.link("/etc/shadow", "/etc/shadow-kept"),
                   lambda: os.unlink("/etc/passwd"), lambda: os.chmod("/etc/passwd", 0o640)):
        accounts.write()
        s = Session(site, POP3_USERS="system")
        change()
        login(s, "bob", b"-ERR [SYS/TEMP]")
        s.closed()
        log = s.wait()
        equal(s.status, 111)
        check("it has changed since this session began" in log and "login sid=" not in log, log)
    locked.write()
    reason(session_of("bob", NO), "bob", "disabled")
    accounts.write()
    session_of("bob", YES)
    os.unlink("/etc/shadow-kept")


def refused(text, **settings):
    s = Session(site, greet=False, **({"POP3_USERS": "system"} | settings))
    log = s.wait()
    equal(s.status, 100 if "cannot open" not in text else 111, log)
    check(text in log, text, "is not in", log)


def test_what_the_administrator_gets_wrong():
    need_machine()
    Accounts().write()
    refused("POP3_USERS=nis: must be own, system or both", POP3_USERS="nis")
    refused("POP3_SHELLS=some: must be any, login or listed", POP3_SHELLS="some")
    for form in ("Maildir", "~", "~bob/x", "/var/mail", "%u"):
        refused("POP3_MAILDIR=" + form + ": must begin with ~/, or be", POP3_MAILDIR=form)
    os.chmod("/etc/shadow", 0o660)
    refused("/etc/shadow is not a file of root's that nobody else can write")
    os.chmod("/etc/shadow", 0o640)
    os.chown("/etc/passwd", UID, 0)
    refused("/etc/passwd is not a file of root's that nobody else can write")
    os.chown("/etc/passwd", 0, 0)
    os.unlink("/etc/shells")
    refused("cannot open /etc/shells", POP3_SHELLS="listed")
    session_of("nobody-here", NO)
    os.unlink("/etc/shadow")
    refused("cannot open /etc/shadow")


def test_form_of_the_maildrop():
    need_machine()
    accounts = Accounts()
    accounts.add("bob", maildir=False, home="/nonexistent")
    accounts.add("sub", maildir=False)
    accounts.write()
    os.makedirs(site.at("mail", "pop"))
    Maildir(site.at("mail", "pop", "bob.bob"), UID, UID).make()
    check(f"maildir={site.at('mail')}/pop/bob.bob " in session_of("bob", POP3_MAILDIR=site.at("mail", "pop", "%u.%u")))
    os.makedirs(site.at("mail", "sub", ".mail"))
    Maildir(site.at("mail", "sub", ".mail", "in"), UID, UID).make()
    session_of("sub", POP3_MAILDIR="~/.mail/in")
    reason(session_of("sub", BROKEN, POP3_MAILDIR="~/../bob"), "sub", "permission")
    reason(session_of("bob", BROKEN, POP3_MAILDIR="/etc/%u"), "bob", "permission")


def test_names_with_domains():
    need_machine()
    accounts = Accounts()
    accounts.add("bob")
    accounts.add("bob@example.net")
    accounts.write()
    for name, settings in (("bob", {}), ("bob", {"POP3_DOMAIN": "example.org"}),
                           ("bob@example.org", {"POP3_DOMAIN": "example.org"}), ("BOB", {"POP3_FOLD": "1"}),
                           ("bob+shop@example.org", {"POP3_DOMAIN": "example.org", "POP3_SUBADDRESS": "+"})):
        check(" user=bob auth=pass " in session_of(name, **settings))
    for name, settings in (("bob@example.net", {"POP3_DOMAIN": "example.org"}), ("bob@example.org", {}), ("BOB", {})):
        session_of(name, NO, **settings)


def test_guesses_are_limited():
    need_machine()
    Accounts().write()
    accounts = Accounts()
    accounts.add("bob")
    accounts.write()
    settings = {"POP3_GUESSES": "2", "POP3_PLAINOK": "1"}
    for guess in ("one", "two"):
        session_of("bob", NO, guess, remote="192.0.2.1", **settings)
    log = session_of("bob", b"-ERR too many", PASSWORD, remote="192.0.2.1", **settings)
    reason(log, "bob", "ratelimit")
    check("from unknown addresses: 2 of 10" in site.user_tool("guesses", "bob").stdout)
    site.user_tool("unban", "bob")
    session_of("bob", YES, remote="192.0.2.1", **settings)


def test_as_a_checkpassword_program():
    need_machine()
    accounts = Accounts()
    accounts.add("bob")
    accounts.write()
    os.chmod(site.at("mail", "bob"), 0o711)
    for data, status, said in ((b"bob\0open sesame\0t\0", 0, f"{UID} {site.at('mail', 'bob')}\n"), (b"bob\0x\0t\0", 1, "")):
        read, write = os.pipe()
        os.write(write, data)
        os.close(write)
        done = subprocess.run(["/bin/sh", "-c", f"exec 3<&{read}; exec \"$@\"", "sh", site.sallyport, "-c", "/bin/sh", "-c",
                               'echo "$(id -u) $HOME"'], pass_fds=(read,), env=site.environment(POP3_USERS="system"),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=harness.DEADLINE, check=False)
        os.close(read)
        equal((done.returncode, done.stdout.decode()), (status, said), done.stderr.decode())


def test_work_does_not_tell_why():
    """Of an account, too: one hash whatever is wrong, and the same work besides (tests/effort.py)."""
    need_machine()
    accounts = Accounts()
    kinds = {"wrong": {}, "nobdy": None, "lockd": {"hashed": "!" + HASH}, "starr": {"hashed": "*"}, "ended": {"expire": 1},
             "oldie": {"changed": 1, "most": 1}, "shell": {"shell": "/bin/false"}}
    for kind, fields in kinds.items():
        if fields is not None:
            accounts.add(kind, **fields)
    accounts.write()
    found = {}
    for kind in kinds:
        reply, _, found[kind] = effort.login(site, kind, "wrong", POP3_USERS="system", POP3_SHELLS="login")
        equal(reply, NO, kind)
    equal({w.hashes for w in found.values()}, {1}, found)
    check(effort.spread([w.instructions for w in found.values()]) < effort.MOST, found)
    check(max(w.calls for w in found.values()) - min(w.calls for w in found.values()) <= effort.CALLS, found)


def test_sallyport_user_tests_an_account():
    need_machine()
    accounts = Accounts()
    accounts.add("bob").put("1000.a")
    accounts.add("old", changed=TODAY - 31, most=30, shell="/bin/false")
    accounts.add("odd", most="x")
    accounts.add("des", hashed=crypt.crypt(PASSWORD, "ab"))
    accounts.write()
    own = site.user("plain")

    def told(name, password=PASSWORD, **settings):
        env = {"POP3_USERS": "both", "POP3_MAILBASE": site.at("mail")} | settings
        done = subprocess.run([os.path.join(harness.BUILD, "sallyport-user"), "-f", site.at("users"), "-d", site.at("data"),
                               "test", name], input=password + "\n", text=True, capture_output=True, timeout=harness.DEADLINE,
                              env=env, check=False)
        return done.returncode, done.stdout

    status, out = told("bob")
    equal(status, 0, out)
    for text in ("ok   found in /etc/shadow\n", "ok   found in /etc/passwd\n", "ok   shell lets in\n", "ok   enabled\n",
                 "ok   password: right", "ok   scheme: sha512crypt\n", "ok   messages: 1 in new, 0 in cur\n"):
        check(text in out, text, "is not in", out)
    equal(told("bob", "wrong")[0], 1)
    equal(told("bob", POP3_USERS="own")[0], 1)
    equal(told(own.name)[0], 0)
    equal(told(own.name, POP3_USERS="system")[0], 1)
    equal(told("bob@example.org", POP3_DOMAIN="example.org")[0], 0)
    equal(told("bob@example.net", POP3_DOMAIN="example.org")[0], 1)
    status, out = told("old", POP3_SHELLS="login")
    check(status == 1 and "FAIL shell lets in" in out and "FAIL expires: 20" in out and "FAIL enabled" in out, out)
    status, out = told("odd")
    check(status == 1 and "FAIL numbers in /etc/shadow: one is none" in out, out)
    status, out = told("des")
    check(status == 1 and "FAIL scheme: not one that is accepted" in out, out)


if __name__ == "__main__":
    if HAS_MACHINE:
        etc_make()
        site.user_tool("compile")
    sys.exit(harness.run_module(globals()))
