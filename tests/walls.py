"""walls: each room played by an attacker who owns it.  tests/walls.py [ROOM...]: only these rooms.

An executable of tests/walls stands in the place of one room; the rest is real.  It starts and boxes itself by that room's
own main.c, and then runs the attacks of its table, each of which must end as the table says: with an errno, or with its
process killed by SIGSYS, in a process of its own.  Then come the lies that it may tell the other rooms, and last the
proof that these tests can fail: with one wall after the other taken out (tests/walls/without.c), a representative
attack ends otherwise.  Nothing but harmless attacks is tried without a wall."""

import base64
import errno
import os
import re
import resource
import shutil
import signal
import ssl
import struct
import subprocess
import sys

import harness
import sasl
from harness import (AUTHD_UID, BUILD, DEADLINE, MAIL_UIDS, PASSWORD, POP3D_UID, ROOT, TESTS, Session, Site, Skip, check, equal, landlock,
                     need_root, run, run_parts, tls_context, waits_in)

ROOMS = ("proxyd", "pop3d", "authd", "authd-crypto", "giver", "taker", "storage", "tlsd", "tlskey", "launch")
TLS_ROOMS = ("tlsd", "tlskey")  # dynamic: they have no root directory of their own
# The same rooms, where they wait for the connections of a sallyport -l.
LISTENING = {"tlsd-listening": "tlsd", "tlskey-listening": "tlskey"}
# What is different there: files have been read and closed, and what a room may do for all of them is no attack.
CLOSED = {"write a certificate through memory": errno.EBADF, "write a key through memory": errno.EBADF}
MAY = {"tlskey": ("wait", "close", "no deadline", "a descriptor left open"), "tlsd": ()}
LEAST = 60  # attacks of each room
KILLED, ALONE = -1, 1
HURRY = "600"  # deadlines of minutes become tenths of seconds

if __name__ == "__main__" and not sys.argv[1:]:
    sys.exit(run_parts((*ROOMS, *LISTENING)))

site = Site()
owner = site.user("owner")
owner.put("own", b"Subject: mine\n\nmine\n")
owner.put("second", b"Subject: mine too\n\nmine\n")
neighbour = site.user("neighbour")  # of the owner's uid
neighbour.put("own")
other = site.user("other", which=1, maildrop=site.at("mail", "other"))


def file_make(path, mode, data=b"decoy\n", uid=0):
    with open(path, "wb") as f:
        f.write(data)
    if ROOT:
        os.chown(path, uid, uid)
    os.chmod(path, mode)


def site_furnish():
    """What there is to steal and to spoil; harmless, and all of it here."""
    other.put("secret", b"Subject: another's\n\nsecret\n")
    file_make(other.maildir.at("program"), 0o755, b"#!/bin/true\n", MAIL_UIDS[1])
    file_make(site.at("decoy"), 0o666)
    os.mkdir(site.at("mail", "open"))
    os.mkdir(site.at("mail", "open", "empty"))
    os.chmod(site.at("mail", "open"), 0o777)
    file_make(site.at("mail", "open", "readable"), 0o666)
    os.symlink(site.at("decoy"), site.at("mail", "link"))
    os.symlink(site.dir, site.at("mail", "way"))
    os.symlink("../../other/new/secret", owner.maildir.at("new/link"))
    os.symlink("../../other", owner.maildir.at("new/way"))
    shutil.copyfile(shutil.which("touch"), site.at("raise"))
    os.chmod(site.at("raise"), 0o4755 if ROOT else 0o755)
    for kind in ("closed", "loose"):
        for room in ROOMS[:-1]:
            shutil.copytree(site.at("rooms"), site.at(f"{kind}-{room}"))
            shutil.copyfile(os.path.join(BUILD, "walls", kind, room), site.at(f"{kind}-{room}", room))
    for room, before in (("authd", ("pop3d",)), ("authd-crypto", ("pop3d", "authd")), ("giver", ("pop3d",)), ("storage", ("pop3d", "authd"))):
        for b in before:  # a real room does not start without its walls
            shutil.copyfile(os.path.join(BUILD, "walls/loose", b), site.at(f"loose-{room}", b))


    for kind in ("closed", "loose"):
        shutil.copyfile(os.path.join(BUILD, "walls", kind, "tlsd"), site.at(f"{kind}-tlskey", "tlsd"))  # who asks it


site_furnish()
site.certificate()
CERTIFICATES = site.settings.pop("POP3_TLS")  # where it is wanted, and nowhere else


# Starting a room that has been taken over.

def verify(user, proof, mechanism=0):
    """MSG_VERIFY, in the scripts' hexadecimal."""
    user, proof = (s.encode("latin-1") if isinstance(s, str) else s for s in (user, proof))
    return (struct.pack(">BBH", 1, mechanism, len(user)) + user + struct.pack(">H", len(proof)) + proof).hex()


def auth(response, mechanism=4):
    """MSG_AUTH, by CRAM-MD5, with an initial response."""
    return (struct.pack(">BBBH", 10, mechanism, 1, len(response)) + response.encode("latin-1")).hex()


def sign(text):
    """MSG_SIGN."""
    return (struct.pack(">BBHH", 13, 0, 0x0804, len(text)) + text.encode("latin-1")).hex()


def verdict(name, length=None, mechanism=0, fill="00", users=0, tls=0):
    name = name.encode("latin-1")
    length = len(name) if length is None else length
    return f"{mechanism:02x}{users:02x}{length:02x}{name.hex()}.{fill}*{255 - len(name)}.{tls:02x}"


class Hostile(Session):
    """A session in which one room is an attacker's, who runs script.  kind is closed or loose."""

    def __init__(self, room, script="", kind="closed", program=None, **options):
        self.room, self.at = room, 0
        target = site.sallyport
        rooms = site.at("rooms") if room == "launch" else site.at(f"{kind}-{room}")
        if room == "launch":
            options |= {"POP3_HOST": script, "POP3_TLS": CERTIFICATES, "prefix": ("unshare", "-mipu", "--fork") if ROOT else ()}
            site.sallyport = os.path.join(BUILD, "walls", kind, "launch")
        elif kind == "loose":
            site.sallyport = os.path.join(BUILD, "walls/loose/sallyport")
        if room == "proxyd":
            options |= {"POP3_PROXY": "127.0.0.1"}
        if room == "giver":  # of a service whose passwords a program judges
            options |= {"arguments": ("pop.example.org", program or "/bin/false", site.at("sallyport-maildrop"), "1")}
        if room == "taker":  # of a program that judges passwords for another server, whose data are the script
            with open(site.at("given"), "w", encoding="latin-1") as f:
                f.write(script)
            options |= {"arguments": ("-c", "/bin/echo", "in"),
                        "prefix": ("/bin/sh", "-c", 'exec 3<"$0"; exec "$@"', site.at("given"))}
        if room in TLS_ROOMS:
            options |= {"arguments": ("-s",), "POP3_TLS": CERTIFICATES}
        if room == "authd-crypto":
            options |= {"POP3_SASL": "cram-md5"}
        try:
            super().__init__(site, greet=False, POP3_ROOMS=rooms, **options)
        finally:
            site.sallyport = target
        if room == "storage" and kind == "loose":
            self.tell("put " + verify(owner.name, "say " + verdict(owner.name)), "get", "get")
        elif room == "storage":
            self.login(owner, b"")
        elif room in ("authd", "giver") and kind == "loose":
            self.tell("put " + verify(owner.name, script), "get")
        elif room in ("authd", "giver"):
            self.ask_for(script)
        elif room == "authd-crypto" and kind == "loose":
            self.tell("put " + auth(script), "get")
        elif room == "authd-crypto":
            self.greet()
            self.send(b"AUTH CRAM-MD5 " + base64.b64encode(script.encode("latin-1")) + b"\r\n")
        elif room == "tlskey":
            self.tell("put " + sign(script), "get")
        elif room not in ("launch", "taker") and script:
            self.tell(script)

    def ask_for(self, script):
        check(len(script) < 490, "too long for PASS")
        self.greet()
        self.send(f"USER {owner.name}\r\nPASS {script}\r\n".encode("latin-1"))
        equal(self.line(), b"+OK send PASS")

    def login(self, user, wanted=b"+OK"):
        self.greet()
        self.send(f"USER {user.name}\r\nPASS {user.password}\r\n".encode("latin-1"))
        equal(self.line(), b"+OK send PASS")
        return self

    def tell(self, *commands):
        self.send("".join(c + "\n" for c in commands).encode("latin-1"))

    def hears(self, pattern):
        """The next line of the attacker's, or of the log, that matches."""
        found = []

        def look():
            m = re.search(pattern, self.log.text[self.at:], re.M)
            if m:
                found[:] = [m[0]]
                self.at += m.end()
            return m

        with self.log.change:
            got = self.log.change.wait_for(look, DEADLINE)
        check(got, "the log has no further", pattern, "in", self.log.text)
        return found[0]

    def over(self):
        """Let the client go, and wait for all of it.  Returns the log."""
        try:
            self.sock.shutdown(1)
        except OSError:
            pass
        return self.end()


def script_put(script):
    path = owner.maildir.at("script")
    with open(path, "w", encoding="ascii") as f:
        f.write(script)
    os.chown(path, owner.maildir.uid, owner.maildir.gid)


def attack_start(room, script, kind="closed", **options):
    if room == "storage":
        script_put(script)
    if room.startswith("authd"):
        script += ";put 02.00.0000"  # pop3d waits for an answer
        options |= {"POP3_USERS": "both"} if ROOT else {}  # so that there is something to write
    if room == "storage":
        options = {"remote": "192.0.2.1", "POP3_PLAINOK": "1"} | options  # where there is a place to hold
    if room == "launch":
        script = script.replace("attack ", "")
    return Hostile(room, script, kind, **options)


# Each attack.

class Attack:
    def __init__(self, room, number, name, wanted, care):
        self.room, self.number, self.name = room, int(number), name
        self.wanted, self.care = int(wanted), int(care)

    def result(self):
        return {KILLED: "SIGSYS", 0: "nothing"}.get(self.wanted) or errno.errorcode[self.wanted]

    def end(self, log, status):
        """How the process that tried it has ended, as a number of the table's."""
        got = re.search(rf"^walls: {self.room} {self.number} got (\d+)$", log, re.M)
        if got:
            return int(got[1])
        check(re.search(rf"^walls: {self.room} {self.number} tries$", log, re.M), "it was not tried:", log)
        if self.room in ("storage", "launch"):
            died = -status
        else:
            died = re.search(rf" alarm .*room={self.room} signal=(\d+)$", log, re.M)
            died = died and int(died[1])
        # A kernel without 32-bit calls has a fault there.
        check(died == signal.SIGSYS or self.name == "a call of 32 bits" and died == signal.SIGSEGV, "died by", died, log)
        return KILLED

    def try_alone(self, kind="closed", **options):
        session = attack_start(self.room, f"attack {self.number}", kind, **options)
        if session.listens:  # who would tell of an alarm must not end before
            session.hears(rf"(^walls: {self.room} {self.number} got \d+| alarm .*room={self.room} signal=\d+)$")
        log = session.over()
        return self.end(log, session.status)

    def need(self):
        if self.name.startswith("not stopped: "):  # by what SECURITY.md says; of an ordinary user there is less to say
            need_root()
        if self.name.endswith(" of the system"):  # without root authd has /dev/null in their place
            need_root()
        if landlock() < 2 and self.wanted in (errno.EACCES, errno.EXDEV):
            raise Skip("needs Landlock")


listed = {}


def attacks(room):
    """The table of a room, and the results of those attacks that one process can try."""
    if room not in listed:
        session = attack_start(room, "list")
        session.hears("list end$")
        log = session.over()
        table = [Attack(room, *m) for m in re.findall(rf"^walls: {room} (\d+) is (.*) wants (-?\d+) care (\d)$", log, re.M)]
        listed[room] = table, log
    return listed[room]


def attack_tests(room):
    table, log = attacks(room)

    def enough():
        check(len(table) >= LEAST, len(table))
        equal(len({a.name for a in table}), len(table), "names")

    def one(a):
        def test():
            a.need()
            alone = a.wanted == KILLED or a.care & ALONE
            equal(a.try_alone() if alone else a.end(log, None), a.wanted, a.name)
        return test

    return [(f"{room}: {len(table)} attacks, at least {LEAST}", enough)] + \
        [(f"{room}: {a.name}: {a.result()}", one(a)) for a in table]


# Lies of pop3d before the login: no answer is READY.

def pop3d_lie(*puts, hears="walls: pop3d heard (the end|0200.*)$", closed="rooms"):
    session = Hostile("pop3d")
    session.tell(*puts, "get")
    heard = session.hears(hears)
    log = session.over()
    check(not re.search("heard 03", log), "READY was said:", log)
    check(" login sid=" not in log, "somebody was logged in:", log)
    return heard, log, session.status


LONG = "01000001" + "61" + "0001" + "61"
BEFORE = {
    "READY": "03.00000001.0000000000000140.0003.626f62", "ANSWER": "02.00.0000", "OPEN": "04.00000001",
    "FILE": "05.00000001.0000000000000096", "GONE": "06.00000001.00", "MARKS": "07.00.00000000.0001.05",
    "COMMIT": "08.00000000.00000000", "DONE": "09.00000000.00000000", "RESPONSE without AUTH": "0b.0000",
    "CANCEL without AUTH": "0c", "type 0": "00", "type 255": "ff*30", "one octet of VERIFY": "01",
    "VERIFY without proof": "01.00.0001.61.0000", "VERIFY without name": "01.00.0000.0001.61",
    "VERIFY with NUL in the name": verify("a\0b", "x"), "VERIFY with a name of 256": verify("a" * 256, "x"),
    "VERIFY with a proof of 513": verify("a", "x" * 513), "VERIFY by a mechanism that is none": verify("a", "x", 255),
    "VERIFY with one octet more": verify("a", "x") + "00", "VERIFY cut": verify("a", "xyz")[:-2],
    "VERIFY that promises more": "01.00.ffff.61.0001.61", "AUTH by a mechanism that is none": "0a.ff.00.0000",
    "AUTH cut": "0a.02.01.00ff.61", "a datagram one octet too long": "01*10241", "a datagram of 100000 octets": "01*100000",
}
WRONG = {
    "a wrong password": ("owner", "wrong"), "another's password": ("other", "owner's"), "no such user": ("nobody", "x"),
    "a user named as a path": ("../other", "x"), "a user named as a file": ("/etc/passwd", "x"), "root": ("root", "x"),
    "a name with a line end": ("owner\n", "open sesame"), "the longest name": ("a" * 255, "x"),
    "the longest proof": ("owner", "x" * 512), "a name with a blank": ("owner ", "open sesame"),
    "a proof with a NUL": ("owner", "open sesame\0"), "a proof cut": ("owner", "open sesam"),
}


def pop3d_lies():
    def malformed(put):
        def test():
            heard, log, status = pop3d_lie("put " + put)
            check("the end" in heard, heard)
            equal(status, 102, log)
            equal(log.count("authd: "), 1, log)
        return test

    def wrong(name, proof):
        def test():
            heard, log, status = pop3d_lie("put " + verify(name, proof))
            check("0200" in heard, heard)
            equal(status, 0, log)
        return test

    return [(f"pop3d lies to authd: {name}: 102", malformed(put)) for name, put in BEFORE.items()] + \
        [(f"pop3d lies to authd: {name}: no", wrong(*v)) for name, v in WRONG.items()]


def test_pop3d_empty_datagrams_are_attempts():
    _, log, status = pop3d_lie("put ", "put ", "put ", "put ", hears="heard the end")
    equal(status, 102, log)


def test_pop3d_has_three_attempts_whatever_it_says():
    session = Hostile("pop3d")
    for _ in range(3):
        session.tell("put " + verify("owner", "wrong"), "get")
        session.hears("heard 0200")
    session.tell("put " + verify("owner", "open sesame"), "get")
    session.hears("heard the end")
    log = session.over()
    equal(session.status, 102, log)
    check(" login sid=" not in log, log)


def test_pop3d_cannot_choose_what_apop_is_judged_by():
    """It shows the client a timestamp of its own, or that of another session: the digest is good for neither."""
    sharer = site.user("sharer")  # with guesses of his own
    equal(site.user_tool("forms", sharer.name, "-k", "shared", password=PASSWORD).returncode, 0)
    stamps = []
    for _ in range(2):
        session = Hostile("pop3d", POP3_APOP="1", POP3_TRIES="9")
        session.tell("list")  # it runs
        session.hears("^walls: pop3d ")
        pop3d = next(pid for pid in session.children() if b"pop3d" in open(f"/proc/{pid}/cmdline", "rb").read())
        with open(f"/proc/{pop3d}/cmdline", "rb") as f:
            stamps.append(f.read().split(b"\0")[12])
        for stamp in (b"<1896.697170952@dbc.mtview.ca.us>", b"-", b"", *stamps[:-1]):
            session.tell("put " + verify(sharer.name, sasl.apop(stamp, PASSWORD.encode()), 1), "get")
            session.hears("heard 0200")
        session.tell("put " + verify(sharer.name, sasl.apop(stamps[-1], PASSWORD.encode()), 1), "get")
        session.hears("heard 03")
        check(" auth=apop " in session.over())
    check(all(re.fullmatch(rb"<[0-9a-f]{32}@localhost>", s) for s in stamps) and stamps[0] != stamps[1], stamps)


def test_pop3d_two_requests_at_once():
    session = Hostile("pop3d")
    session.tell("put " + verify("owner", "wrong"), "put " + verify("other", "wrong"), "get", "get")
    session.hears("heard 0200")
    session.hears("heard 0200")
    check(" login sid=" not in session.over())


def test_pop3d_flood_before_login_is_bounded():
    session = Hostile("pop3d")
    session.tell("flood 1000000 " + verify("owner", "wrong"))
    session.hears(f"of 1000000 errno ({errno.EAGAIN}|{errno.EPIPE}|{errno.ECONNRESET})$")
    log = session.over()
    check(len(re.findall("fail sid=", log)) <= 3 and "login sid=" not in log, log)


def test_pop3d_that_leaves_or_crashes_ends_the_session():
    for command, status in (("leave 0", 0), ("leave 111", 0), ("fall", 0)):
        session = Hostile("pop3d")
        session.tell(command)
        log = session.wait()
        equal(session.status, status, log)
        equal("room=pop3d signal=4" in log, command == "fall", log)


# Lies of pop3d about STLS: it says with its exit status that the client wants TLS.

def stls(*before, **options):
    """A session whose pop3d did this and then left for TLS, as far as the other one, which is the attacker's too."""
    session = Hostile("pop3d", POP3_TLS=CERTIFICATES, **options)
    for command, heard in before:
        session.tell(command, "get")
        session.hears(heard)
    session.tell("leave 90")
    session.sock = tls_context().wrap_socket(session.sock, server_hostname="localhost")
    return session


WRONG_GUESS = ("put " + verify("owner", "wrong"), "heard 0200")


def test_pop3d_can_have_TLS_once():
    session = stls()
    session.tell("leave 90")
    log = session.wait()
    check(session.status == 0 and " login sid=" not in log and len(re.findall(" tls sid=", log)) == 1, session.status, log)


def test_pop3d_has_no_more_attempts_by_TLS():
    session = stls(WRONG_GUESS, WRONG_GUESS)
    session.tell(WRONG_GUESS[0], "get")
    session.hears(WRONG_GUESS[1])
    session.tell("put " + verify("owner", "open sesame"), "get")
    session.hears("heard the end")
    log = session.over()
    check(session.status == 102 and " login sid=" not in log, session.status, log)


def test_pop3d_has_no_TLS_after_its_last_attempt():
    session = Hostile("pop3d", POP3_TLS=CERTIFICATES)
    for _ in range(3):
        session.tell(WRONG_GUESS[0], "get")
        session.hears(WRONG_GUESS[1])
    session.tell("leave 90")
    log = session.wait()
    check(session.status == 0 and " tls sid=" not in log, session.status, log)


def test_pop3d_has_no_TLS_after_the_login():
    session = Hostile("pop3d", POP3_TLS=CERTIFICATES)
    session.tell("put " + verify("owner", "open sesame"), "get")
    session.hears("heard 03")
    session.tell("leave 90")
    log = session.wait()
    check(session.status == 0 and " tls sid=" not in log, session.status, log)


def test_pop3d_has_no_TLS_where_there_is_none():
    session = Hostile("pop3d")
    session.tell("leave 90")
    log = session.wait()
    check(session.status == 0 and " tls sid=" not in log, session.status, log)


def test_pop3d_asks_for_what_this_TLS_cannot_be_bound_by():
    """It announces what is true because tlsd has told it; authd does not depend on that."""
    for options, heard in ((ssl.OP_ALL | 1, "020000"), (ssl.OP_ALL, "02(?!00)")):  # SSL_OP_NO_EXTENDED_MASTER_SECRET
        session = Hostile("pop3d", POP3_TLS=CERTIFICATES, POP3_SASL="scram-sha-256")
        session.tell("leave 90")
        session.sock = tls_context(maximum_version=ssl.TLSVersion.TLSv1_2, options=options).wrap_socket(session.sock)
        session.tell("put " + auth("p=tls-exporter,,n=owner,r=x", 8), "get")
        session.hears("heard " + heard)
        equal(" reason=binding" in session.over(), heard == "020000")


def held(script, status=0, log=None, room="pop3d"):
    """The room does script and no more; the kernel ends it, in a hurry."""
    session = attack_start(room, script, "loose", HURRY=HURRY, POP3_SESSION="600")
    text = session.wait()
    check(session.status in (status if isinstance(status, tuple) else (status,)), "status", session.status, text)
    check(log is None or log in text, "no", log, "in", text)


def test_pop3d_that_hangs_is_ended_by_the_kernel():
    # Or sallyport gives it up first (102): both limits are of the same time.
    held("hang", (0, 102))


def test_pop3d_that_hangs_is_left_by_launch_at_last():
    session = attack_start("pop3d", "flood 0 00;hang", "loose", HURRY=HURRY, POP3_SESSION="600", WITHOUT="deadline")
    session.hears("sent 0")
    pid = session.children()[0]
    session.hears("pop3d did not end in its time")
    equal(session.process.wait(DEADLINE), 102)
    os.kill(pid, signal.SIGKILL)
    session.wait()


def test_pop3d_that_asks_and_reads_nothing_is_ended():
    held(";".join(["put " + verify("owner", "wrong")] * 2) + ";hang", (0, 102))  # as above


def test_pop3d_that_holds_its_maildrop_is_ended():
    held("put " + verify("owner", "open sesame") + ";flood 1000000 04.00000001;hang",
         log="login sid=")


# Lies of pop3d after the login: the maildrop stays whole.

AFTER = {
    "message 0": "04.00000000", "a message behind the last": "04.00000003", "message 4294967295": "04.ffffffff",
    "OPEN cut": "04.000000", "OPEN with one octet more": "04.00000001.00", "VERIFY again": verify("other", "open sesame"),
    "READY": "03.00000001.0000000000000140.0003.626f62", "ANSWER": "02.00.0000", "FILE": "05.00000001.0000000000000096",
    "GONE": "06.00000001.00", "DONE": "09.00000002.00000000", "type 0": "00", "type 255": "ff", "AUTH": "0a.02.00.0000",
    "MARKS at bit 1": "07.00.00000001.0001.ff", "MARKS behind all": "07.00.01000000.0001.ff",
    "MARKS without marks": "07.00.00000000.0000", "MARKS of no kind": "07.02.00000000.0001.ff",
    "MARKS of 4097 octets": "07.00.00000000.1001." + "ff*4097", "MARKS cut": "07.00.00000000.0002.ff",
    "COMMIT with one octet more": "08.00000000.00000000.00", "COMMIT cut": "08.00000000.000000",
    "OPEN after MARKS": "07.00.00000000.0001.01;put 04.00000001", "a datagram too long": "04*10241",
    "a datagram of 100000 octets": "04*100000", "text": "44454c4520310d0a",
}


def pop3d_login(session=None):
    session = session or Hostile("pop3d")
    session.tell("put " + verify("owner", "open sesame"), "get")
    session.hears("heard 03000000020.* fd 1$")
    return session


def pop3d_later_lies():
    def one(put):
        def test():
            before = owner.names()
            session = pop3d_login()
            session.tell("put " + put, "get")
            session.hears("heard the end")
            log = session.over()
            equal(session.status, 102, log)
            equal(owner.names(), before)
        return test

    return [(f"pop3d lies to storage: {name}: 102", one(put)) for name, put in AFTER.items()]


def test_pop3d_commit_of_marks_that_did_not_come():
    before = owner.names()
    for commit in ("08.00000001.00000000", "08.00000002.00000002", "08.ffffffff.ffffffff",
                   "07.00.00000000.0001.01;put 08.00000002.00000000", "07.00.00000000.0001.fc;put 08.00000006.00000000"):
        session = pop3d_login()
        session.tell("put " + commit, "get")
        session.hears("heard (0900000000|the end)")
        session.over()
        equal(owner.names(), before, commit)


def test_pop3d_flood_after_login_leaves_the_lock_free():
    session = pop3d_login()
    session.tell("flood 1000000 04.00000001")
    session.hears("of 1000000 errno")
    session.over()
    site.login(owner).quit()


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def test_pop3d_flood_leaves_others_of_its_uid_alone():
    """The kernel counts for a uid what all of its processes have sent and nobody has received, against the sender's limit
    on descriptors: so many of one session are on their way that one with a low limit can send its own."""
    for begin in (lambda: None, stls):
        session = pop3d_login(begin())
        session.tell("flood 1000000 04.00000001")
        session.hears("of 1000000 errno")
        if ROOT:
            waits_in(session.process.pid, "sendmsg", "recvmsg")
        own = site.login(neighbour, prepare=few_descriptors)
        equal(own.retr(1), b"Subject: t\r\n\r\nbody\r\n")
        own.quit()
        session.over()


def test_pop3d_passes_descriptors_that_nobody_asked_for():
    """It cannot; without its seccomp, whoever receives one from it ends."""
    for command in ("pass", "pair"):
        for fd in (0, 3):
            session = Hostile("pop3d", kind="loose", WITHOUT="seccomp")
            session.tell(f"{command} {fd} " + verify("owner", "open sesame"), "get")
            session.hears("passed, errno 0")
            session.hears("heard the end")
            log = session.over()
            check(session.status == 102 and " login sid=" not in log and "authd: " in log, session.status, log)
            session = Hostile("pop3d", kind="loose", WITHOUT="seccomp")
            session.tell("put " + verify("owner", "open sesame"), "get", f"{command} {fd} 04.00000001", "get")
            session.hears("heard 03")
            session.hears("passed, errno 0")
            session.hears("heard the end")
            log = session.over()
            check(session.status == 102 and "storage: " in log, session.status, log)


def test_pop3d_gets_its_own_mail_and_no_other():
    session = pop3d_login()
    session.tell("put 04.00000001", "get", "put 04.00000003", "get")
    session.hears("heard 0500000001.* fd 1")
    session.hears("heard the end")
    session.over()


# Lies of proxyd: an address at the most.

def test_proxyd_says_what_it_likes():
    for say in ("", "say 01", "say 01.00.00*32", "say 00*34", "say ff*34", "say 02.00*33", "say 01.01.00*32", "say 00*4000",
                "say 01.00.00*31", "leave 1", "fall"):
        session = Hostile("proxyd", (say or "leave 0"))
        log = session.over()
        check(session.status in (0, 102), say, session.status, log)
        check("login sid=" not in log, log)


def test_proxyd_that_hangs_is_ended_by_the_kernel():
    held("hang", room="proxyd")


# Lies of authd: it can say yes for a mail user, and for nobody else.

def cdb_write(path, records):
    """A constant database (https://cr.yp.to/cdb/cdb.txt)."""
    def hashed(key):
        h = 5381
        for c in key:
            h = ((h << 5) + h ^ c) & 0xffffffff
        return h

    data, tables = b"", [[] for _ in range(256)]
    for key, value in records.items():
        tables[hashed(key) & 255].append((hashed(key), 2048 + len(data)))
        data += struct.pack("<II", len(key), len(value)) + key + value
    head, tail, at = b"", b"", 2048 + len(data)
    for table in tables:
        slots = [(0, 0)] * (2 * len(table))
        for h, where in table:
            i = (h >> 8) % len(slots)
            while slots[i][1]:
                i = (i + 1) % len(slots)
            slots[i] = (h, where)
        head += struct.pack("<II", at + len(tail), len(slots))
        tail += b"".join(struct.pack("<II", *s) for s in slots)
    with open(path, "wb") as f:
        f.write(head + data + tail)
    os.chmod(path, 0o600)


def record(uid, gid, maildrop):
    return struct.pack(">BIIH", 1, uid, gid, len(maildrop)) + maildrop


MAIL = os.fsencode(site.at("mail"))
UID = owner.maildir.uid
BAD_USERS = {
    "root": record(0, 0, MAIL + b"/1"), "group-root": record(UID, 0, MAIL + b"/1"),
    "no-uid": record(0xffffffff, UID, MAIL + b"/1"), "no-gid": record(UID, 0xffffffff, MAIL + b"/1"),
    "low": record(999 if ROOT else 1, UID, MAIL + b"/1"), "room-pop3d": record(POP3D_UID, POP3D_UID, MAIL + b"/1"),
    "room-authd": record(AUTHD_UID, AUTHD_UID, MAIL + b"/1"), "outside": record(UID, UID, os.fsencode(site.dir)),
    "etc": record(UID, UID, b"/etc"), "up": record(UID, UID, MAIL + b"/../data"), "base": record(UID, UID, MAIL),
    "dot": record(UID, UID, MAIL + b"/./1"), "empty-part": record(UID, UID, MAIL + b"//1"),
    "prefix": record(UID, UID, MAIL + b"2/1"), "nul": record(UID, UID, MAIL + b"/1\0/x"), "relative": record(UID, UID, b"mail/1"),
    "cut": record(UID, UID, MAIL + b"/1")[:-1], "more": record(UID, UID, MAIL + b"/1") + b"x", "nothing": b"",
    "version": b"\2" + record(UID, UID, MAIL + b"/1")[1:], "long": record(UID, UID, MAIL + b"/" + b"a/" * 600),
}
REFUSED = {"a user who is not there": "nobody", "a name with a slash": "../owner", "a long name": "a" * 130} | \
    {f"the record {name}": name for name in BAD_USERS}
MALFORMED = {
    "one octet": "00", "258 octets": "00.00.05." + b"owner".hex() + ".00*250", "a name of no length": "00*259",
    "users who are none": verdict("owner", users=2), "a version of TLS that is none": verdict("owner", tls=2),
    "an octet behind the name": verdict("owner", fill="61"), "a NUL in the name": verdict("ow\0er"),
    "a name shorter than it says": verdict("owner", 9), "a name longer than it says": verdict("owner", 3),
    "a mechanism that is none": verdict("owner", mechanism=255), "nothing but 255": "ff*259",
}


def bad_data():
    where = site.at("bad-data")
    if not os.path.exists(where):
        shutil.copytree(site.at("data"), where)
        for name in os.listdir(where):
            stat = os.stat(site.at("data", name))
            os.chown(os.path.join(where, name), stat.st_uid, stat.st_gid)
        cdb_write(os.path.join(where, "users.cdb"), {k.encode(): v for k, v in BAD_USERS.items()})
    return where


def authd_lie(script, reply, status, room="authd", **options):
    session = Hostile(room, script, **options)
    got = session.line() if reply else b""
    check(got.startswith(reply), got)
    log = session.over()
    check("login sid=" not in log and "+OK" not in log, log)
    equal(session.status, status, log)
    return log


def authd_lies(room="authd"):
    def refused(name):
        return lambda: authd_lie("say " + verdict(name), b"-ERR [SYS/PERM] ", 0, room, POP3_DATA=bad_data())

    def malformed(say):
        return lambda: check("authd's verdict is malformed" in authd_lie("say " + say, b"-ERR [SYS/TEMP] ", 102, room))

    return [(f"{room} says yes for {what}: refused", refused(name)) for what, name in REFUSED.items()] + \
        [(f"{room}'s verdict is {what}: 102", malformed(say)) for what, say in MALFORMED.items()]


def test_authd_says_yes_for_accounts_of_the_system():
    """Of those, too, it can say yes for none below the floor; and for none where they are no users, or no others are."""
    for name, users, settings in (("root", 1, {}), ("daemon", 1, {}), ("nobody", 1, {}), ("nobody-at-all", 1, {}),
                                  ("", 1, {"POP3_USERS": "own"}), ("root", 1, {"POP3_USERS": "own"}),
                                  ("owner", 0, {"POP3_USERS": "system"}), ("owner", 1, {"POP3_USERS": "both"})):
        if settings.get("POP3_USERS") != "own":
            need_root()
        say = "say " + verdict(name or "owner", users=users)
        log = authd_lie(say, b"-ERR [SYS/PERM] ", 0, **({"POP3_USERS": "system"} | settings))
        check("login refused: " in log, log)


def test_authd_says_yes_and_fails():
    for end, alarm in (("leave 1", False), ("leave 102", False), ("fall", True)):
        log = authd_lie(f"say {verdict('owner')};{end}", b"-ERR [SYS/TEMP] ", 102)
        equal("room=authd signal=4" in log, alarm, log)


def test_authd_cannot_say_yes_to_pop3d():
    for put in ("03.00000001.0000000000000140.0005.6f776e6572", "03", "02.09.0000", "02.00", "01*20", "ff", "09.00000000.00000000"):
        session = Hostile("authd", "put " + put)
        session.closed()
        log = session.over()
        check("pop3d: " in log and "login sid=" not in log, log)


def test_authd_that_leaves_everything_to_others():
    """authd-crypto has nobody to leave it to, and a verdict goes with no such status."""
    session = Hostile("authd", f"say {verdict('owner')};leave 10", POP3_SASL="cram-md5")
    check(session.line().startswith(b"-ERR [SYS/TEMP] "))
    log = session.over()
    check("authd failed" in log and "login sid=" not in log, log)
    for script in ("leave 10", f"say {verdict('owner')};leave 10"):
        session = Hostile("authd-crypto", script)
        check(session.line().startswith(b"-ERR [SYS/TEMP] "))
        log = session.over()
        check("authd failed" in log and "login sid=" not in log, log)


def test_authd_that_has_no_other():
    session = Hostile("authd", "leave 10", POP3_SASL="plain")
    check(session.line().startswith(b"-ERR [SYS/TEMP] "))
    check("authd failed" in session.over())


def test_authd_crypto_says_yes():
    session = Hostile("authd-crypto", f"say {verdict('owner', mechanism=4)}")
    equal(session.line(), b"+OK logged in")
    check(" auth=cram-md5 " in session.quit())


def test_authd_that_is_silent_is_no_yes():
    """It ends well and has said nothing: launch waits for pop3d, pop3d for an answer, and the kernel ends both."""
    session = Hostile("authd", "leave 0", kind="loose", HURRY=HURRY, POP3_SESSION="600")
    log = session.wait()
    check("login sid=" not in log and session.status in (0, 102), session.status, log)  # either limit may come first


def test_authd_that_hangs_is_ended_by_the_kernel():
    held("hang", room="authd", status=102, log="authd failed")


def test_authd_says_more_than_a_verdict():
    """What is behind it, root does not read."""
    session = Hostile("authd", f"say {verdict('owner')}.00*60000")
    equal(session.line(), b"+OK logged in")
    session.quit()


# Lies of giver: what the program judges, which is not what was typed.  No yes of its own, to nobody.

JUDGE = """#!/bin/sh
# Whatever is on descriptor 3, it is written down; and nobody is let in.
cat <&3 >"{heard}"
exit 1
"""


def judge(name):
    """A checkpassword program, and where it writes what it has read."""
    program, heard = site.at(name), site.at(name + "-heard")
    if not os.path.exists(program):
        file_make(program, 0o755, JUDGE.format(heard=heard).encode())
    return program, heard


def test_giver_says_what_it_likes():
    """To a program that knows how to read it, and says no: with any status that is not success nothing is asked."""
    program, heard = judge("judge")
    for say, got in (("say 00*300", b"\0" * 300), (f"say {b'root'.hex()}.00.01*200", b"root\0" + b"\1" * 200), ("say 61*5000", b"a" * 5000)):
        session = Hostile("giver", say + ";leave 0", program=program)
        check(session.line().startswith(b"-ERR [AUTH] "), say)
        log = session.over()
        check("login sid=" not in log and "reason=password" in log, log)
        with open(heard, "rb") as f:
            equal(f.read(), got)
        os.unlink(heard)


def test_giver_that_fails_asks_nobody():
    program, heard = judge("judge")
    for script, alarm in (("say 61;leave 2", False), ("say 61;leave 111", False), ("say 61;fall", True)):
        session = Hostile("giver", script, program=program)
        check(session.line().startswith(b"-ERR [SYS/TEMP] "), script)
        log = session.over()
        equal(session.status, 102, log)
        equal("room=giver signal=4" in log, alarm, log)
        check(not os.path.exists(heard), script)


def test_giver_cannot_say_yes_to_pop3d():
    for put in ("03.00000001.0000000000000140.0005.6f776e6572", "03", "02.09.0000", "02.00", "01*20", "ff", "09.00000000.00000000"):
        session = Hostile("giver", "put " + put)
        session.closed()
        log = session.over()
        check("pop3d: " in log and "login sid=" not in log, log)


def test_giver_that_is_silent_is_no_yes():
    """Its status says that pop3d was answered, and it was not: pop3d waits, and the kernel ends it."""
    session = Hostile("giver", "leave 1", kind="loose", HURRY=HURRY, POP3_SESSION="600")
    log = session.wait()
    check("login sid=" not in log and session.status in (0, 102), session.status, log)  # either limit may come first


def test_giver_that_hangs_is_ended_by_the_kernel():
    held("spin", room="giver", status=102, log="giver failed")


def test_giver_that_fills_its_pipe_is_ended_by_the_kernel():
    held(";".join(["say 61*60000"] * 3), room="giver", status=102, log="giver failed")


# Lies of taker: what authd judges, and the status of a failure.  No status of its own lets anybody in.

def taker_lie(script, status, log=None, **options):
    session = Hostile("taker", script, **options)
    text = session.wait()
    check(session.status in (status if isinstance(status, tuple) else (status,)), "status", session.status, script, text)
    check(log is None or log in text, "no", log, "in", text)
    while session.more():
        pass
    equal(session.buffer, b"", "the program was run")
    session.sock.close()
    return text


def taker_lies():
    def malformed(put):
        # authd has ended, which is a failure of ours and no wrong password
        return lambda: taker_lie(f"put {put};get", 111, "authd: ")

    def wrong(name, proof):
        return lambda: check("heard 0200" in taker_lie(f"put {verify(name, proof)};get", 2, "fail sid="))

    few = {n: p for n, p in BEFORE.items() if len(p) < 450}
    return [(f"taker lies to authd: {name}: 111", malformed(put)) for name, put in few.items()] + \
        [(f"taker lies to authd: {name}: no", wrong(*v)) for name, v in WRONG.items() if len("".join(v)) < 200]


def test_taker_ends_as_it_likes():
    own = {f"leave {n}": n for n in (1, 2, 100, 111)}
    for script, status in [*own.items(), *((said, 111) for said in ("leave 0", "leave 7", "leave 127", "fall"))]:
        log = taker_lie(script, status)
        equal("room=taker signal=4" in log, script == "fall", log)


def test_taker_that_asks_and_leaves():
    """Whether it has left before authd is started or after: nobody is let in by a status."""
    log = taker_lie(f"put {verify('owner', 'wrong')};leave 0", 111)
    check("login sid=" not in log, log)


def test_taker_hears_that_authd_went_without_an_answer():
    with open(site.at("given"), "w", encoding="latin-1") as f:
        f.write(f"{owner.name}\0leave 0\0\0")
    session = Session(site, greet=False, arguments=("-c", "/bin/echo", "in"), POP3_ROOMS=site.at("closed-authd"),
                      prefix=("/bin/sh", "-c", 'exec 3<"$0"; exec "$@"', site.at("given")))
    session.wait()
    equal(session.status, 111)
    session.sock.close()


def test_taker_asks_for_one_and_no_more():
    log = taker_lie(f"put {verify('owner', 'wrong')};put {verify('owner', PASSWORD)};get", 2)
    equal(log.count("fail sid="), 1, log)
    check("login sid=" not in log, log)


def test_taker_that_hangs_is_ended_by_the_kernel():
    held("spin", (102, 111), room="taker")
    held(f"put {verify('owner', 'wrong')};spin", 111, room="taker", log="fail sid=")


# Lies of tlsd: facts that are none, and what it asks to have signed.

FACTS = "01.00.0304." + "00*64." + "0158.00*62." + "00*512"


def test_tlsd_tells_what_are_no_facts():
    """authd, which reads them, ends; nobody is let in."""
    for facts in ("00", "00*644", FACTS.replace("01.00", "02.00", 1), FACTS.replace("01.00", "01.80", 1), FACTS.replace("0304", "0303.00", 1),
                  FACTS.replace("0158", "0058", 1), FACTS.replace("00*64.", "01*64.", 1), FACTS[:-4] + "*511"):
        says = f"AUTH EXTERNAL {base64.b64encode(b'owner').decode()}\r\n".encode().hex()
        session = Hostile("tlsd", f"facts {facts};say {says}", POP3_SASL="external", POP3_TLSCLIENT="any")
        session.hears("the facts of the client's TLS are malformed$")
        log = session.over()
        check("login sid=" not in log, facts, log)


def test_tlsd_tells_facts_without_a_certificate():
    """Well-formed facts, to see that the ones before were refused for what they are."""
    says = f"AUTH EXTERNAL {base64.b64encode(b'owner').decode()}\r\n".encode().hex()
    session = Hostile("tlsd", f"facts {FACTS};say {says}", POP3_SASL="external", POP3_TLSCLIENT="any")
    session.hears("reason=nocert$")
    session.over()


def test_tlsd_has_no_other_thing_signed():
    for what in ("68*32", "20*64." + b"TLS 1.3, client CertificateVerify\0".hex() + ".68*32", "20*64"):
        n = sum((len(p.split("*")[0]) // 2) * int((p.split("*") + ["1"])[1]) for p in what.split("."))
        shutil.copyfile(site.at("rooms", "tlskey"), site.at("closed-tlsd", "tlskey"))
        session = Hostile("tlsd", f"put 0d.00.0804.{n:04x}.{what};get")
        session.hears("walls: tlsd heard the end$")
        check("what is to be signed is no handshake" in session.over())


# Lies of tlskey, to a tlsd that is honest: the handshake fails, and nothing else happens.

GARBAGE = "0e.0100.5a*256"  # as long as a signature by the key of the certificate


def tlskey_lie(script, kind="closed", **options):
    """One handshake, with a tlskey that does what the file of its key says.  The log of all of it."""
    rooms, tls = site.at(f"lying-{kind}"), site.at("lies")
    if not os.path.exists(rooms):
        shutil.copytree(site.at("rooms"), rooms)
        shutil.copyfile(os.path.join(BUILD, "walls", kind, "tlskey"), os.path.join(rooms, "tlskey"))
    if not os.path.exists(tls):
        shutil.copytree(CERTIFICATES, tls)
    file_make(os.path.join(tls, "privkey.pem"), 0o600, script.encode())
    target = site.sallyport
    if kind == "loose":
        site.sallyport = os.path.join(BUILD, "walls/loose/sallyport")
    try:
        session = Session(site, greet=False, arguments=("-s",), POP3_TLS=tls, POP3_ROOMS=rooms, **options)
    finally:
        site.sallyport = target
    try:
        session.sock = tls_context().wrap_socket(session.sock, server_hostname="localhost")
        check(False, "there was a handshake")
    except (ssl.SSLError, ConnectionError):
        pass
    session.sock.close()
    log = session.wait()  # until nobody holds it any more: no process is left
    equal(session.status, 0, log)
    check(" login sid=" not in log and "+OK" not in log, log)
    return re.findall("^(?!walls: ).+$", log, re.M)


def one_line(log, why):
    """Why there was none."""
    check(len(log) == 1 and re.search(why, log[0]), why, "is not", log)


REFUSED_BY_CLIENT, CUT = " err=handshake detail=tlsv1%20alert%20decrypt%20error$", r"^tlsd: \S+: a message is cut, empty or "
NO_SIGNATURE, NONE = r"^tlsd: \S+: tlskey's answer is no signature by its key$", " err=handshake detail="

SIGNED = {
    REFUSED_BY_CLIENT: {
        "a wrong signature": f"put {GARBAGE}", "one of one octet": "put 0e.0001.5a", "one of 255": "put 0e.00ff.5a*255",
        "two": f"put {GARBAGE};put {GARBAGE}", "a thousand": f"flood 1000 {GARBAGE}",
    },
    NO_SIGNATURE: {
        "no signature": "put 0e.0000", "one of 257": "put 0e.0101.5a*257", "one of 1024": "put 0e.0400.5a*1024",
        "one of 1025": "put 0e.0401.5a*1025", "one cut": "put 0e.0100.5a*255", "one octet more": f"put {GARBAGE}.5a",
        "a length of 65535": "put 0e.ffff.5a*256", "a length and no more": "put 0e.01", "a type and no more": "put 0e",
        "tlsd's own question": "put 0d.00.0804.0020.5a*32", "type 255": "put ff*259", "a verdict": "put " + verdict("owner"),
        "text": "put 2b4f4b0d0a",
    },
    CUT: {"a datagram too long": "put 0e*10241", "a datagram of 100000 octets": "put 0e*100000"},
    NONE: {"nothing": "leave 0", "nothing, and a failure": "leave 111", "an empty datagram": "put "},
}


def tlskey_lies():
    def one(script, why):
        return lambda: one_line(tlskey_lie(script), why)

    return [(f"tlskey lies to tlsd: {name}: no handshake", one(script, why)) for why, table in SIGNED.items() for name, script in table.items()]


def test_tlskey_passes_descriptors_that_nobody_asked_for():
    """It cannot; without its seccomp, tlsd ends."""
    for command in ("pass", "pair"):
        one_line(tlskey_lie(f"{command} 0 {GARBAGE}", "loose", WITHOUT="seccomp"), CUT)


def test_tlskey_that_crashes():
    log = tlskey_lie("fall")
    check(" room=tlskey signal=4" in log.pop(0 if " alarm " in log[0] else -1), log)
    one_line(log, NONE)


def test_tlskey_that_never_answers_is_ended_by_the_kernel():
    one_line(tlskey_lie("spin", "loose", HURRY=HURRY), NONE)


# Lies of storage to pop3d: never a reply that is not true in form, never an end marker for what was cut.

READY = "03.00000001.0000000000000014.0005.6f776e6572"


def row(octets=20, uid=b"uid", length=None):
    return (struct.pack(">QB", octets, len(uid) if length is None else length) + uid).ljust(80, b"\0").hex()


LOGIN = (None, b"+OK logged in")
STORAGE = {
    "an empty datagram with a descriptor": ("pass 4 ",),
    "READY without a table": (f"put {READY}",),
    "READY with too many messages": ("table 00;pass 4 03.01000001.0000000000000014.0005.6f776e6572",),
    "READY with an octet more": (f"table 00;pass 4 {READY}.00",), "READY cut": (f"table 00;pass 4 {READY[:-2]}",),
    "READY with a name of 256": ("pass 4 03.00000001.0000000000000014.0100." + "61*256",),
    "READY with a NUL in the name": ("pass 4 03.00000001.0000000000000014.0003.610062",),
    "DONE in the place of READY": ("put 09.00000000.00000000",), "FILE in the place of READY": ("open;pass 8 05.00000001.0000000000000014",),
    "an answer that is none": ("put 02.63.0000",), "an answer with a descriptor": ("pass 4 02.00.0000",),
    "4000 octets": ("put 03*4000",), "READY with two descriptors": (f"table 00;pair 4 {READY}",),
    "the longest datagram": ("put 03*4576",),
    "FILE with two descriptors": (f"table {row()};pass 4 {READY};get;open;pair 8 05.00000001.0000000000000014", LOGIN, ("RETR 1", b"")),
    "DONE with a descriptor": (f"table {row()};pass 4 {READY};get;get;pass 4 09.00000001.00000000", LOGIN, ("DELE 1", b"+OK"), ("QUIT", b"")),
    "DONE cut": (f"table {row()};pass 4 {READY};get;get;put 09.00000001.000000", LOGIN, ("DELE 1", b"+OK"), ("QUIT", b"")), "a request": (f"put {verify('owner', 'x')}",),
    "a table that is too short, for LIST": (f"pass 4 {READY}", LOGIN, ("LIST", b"")),
    "a table that is too short, for LIST 1": (f"pass 4 {READY}", LOGIN, ("LIST 1", b"")),
    "a directory as table": (f"pass 5 {READY}", LOGIN, ("UIDL", b"")),
    "a channel as table": (f"pass 3 {READY}", LOGIN, ("UIDL", b"")),
    "a unique-id with a line end": (f"table {row(uid=b'a' + bytes([13, 10]) + b'b')};pass 4 {READY}", LOGIN, ("UIDL", b"")),
    "a unique-id of 71 octets": (f"table {row(length=71)};pass 4 {READY}", LOGIN, ("UIDL", b"")),
    "a unique-id of none": (f"table {row(length=0)};pass 4 {READY}", LOGIN, ("UIDL", b"")),
    "more octets than there can be": (f"table {row(octets=1 << 63)};pass 4 {READY}", LOGIN, ("LIST", b"")),
    "another message than was asked for": (f"table {row()};pass 4 {READY};get;open;pass 8 05.00000002.0000000000000014", LOGIN, ("RETR 1", b"")),
    "FILE without a descriptor": (f"table {row()};pass 4 {READY};get;put 05.00000001.0000000000000014", LOGIN, ("RETR 1", b"")),
    "a reason that is none": (f"table {row()};pass 4 {READY};get;put 06.00000001.63", LOGIN, ("RETR 1", b"")),
    "READY in the place of FILE": (f"table {row()};pass 4 {READY};get;pass 4 {READY}", LOGIN, ("RETR 1", b"")),
    "GONE with a descriptor": (f"table {row()};pass 4 {READY};get;open;pass 8 06.00000001.00", LOGIN, ("RETR 1", b"")),
    "a size above all": (f"table {row()};pass 4 {READY};get;open;pass 8 05.00000001.ffffffffffffffff", LOGIN, ("RETR 1", b"")),
    "more removed than were marked": (f"table {row()};pass 4 {READY};get;get;put 09.00000007.00000000", LOGIN, ("DELE 1", b"+OK"), ("QUIT", b"")),
    "none removed of one": (f"table {row()};pass 4 {READY};get;get;put 09.00000000.00000000", LOGIN, ("DELE 1", b"+OK"), ("QUIT", b"")),
    "FILE in the place of DONE": (f"table {row()};pass 4 {READY};get;get;open;pass 8 05.00000001.0000000000000014", LOGIN, ("DELE 1", b"+OK"), ("QUIT", b"")),
}


# What comes when nothing was asked for, or like an end, is taken for the end.
STORAGE_ENDS = {
    "an empty datagram": ("put ",),
    "READY twice": (f"table {row()};pass 4 {READY};pass 4 {READY}", LOGIN),
    "FILE unasked": (f"table {row()};pass 4 {READY};open;pass 8 05.00000001.0000000000000014", LOGIN),
    "GONE a million times": (f"table {row()};pass 4 {READY};flood 1000000 06.00000001.00", LOGIN),
}


def storage_lies():
    def one(logged, script, *dialogue):
        def test():
            script_put(script + ";hang")
            session = Hostile("storage")
            for command, reply in dialogue:
                if command:
                    session.send(command.encode() + b"\r\n")
                if reply:
                    line = session.line()
                    check(line.startswith(reply), command, line)
            while session.more():
                pass
            check(re.fullmatch(rb"(\+OK [a-z ]+\r\n)?(-ERR .*\r\n)?", session.buffer), "it went on:", session.buffer)
            os.kill(session.process.pid, signal.SIGKILL)
            log = session.wait()
            check(re.search(logged, log, re.M), "pop3d says nothing:", log)
        return test

    says = r"^pop3d: [0-9.a-f]+: (storage|the table|neither|a message) "
    return [(f"storage lies to pop3d: {name}: 102", one(says, *v)) for name, v in STORAGE.items()] + \
        [(f"storage lies to pop3d: {name}: the end", one(" end=error ", *v)) for name, v in STORAGE_ENDS.items()]


def test_storage_hands_over_what_is_no_message():
    """pop3d has announced it, cannot read it, and closes without the end marker."""
    for fd in (3, 5, 4):
        script_put(f"table {row(octets=400)};pass 4 {READY};get;pass {fd} 05.00000001.0000000000000190;hang")
        session = Hostile("storage")
        equal(session.line(), b"+OK logged in")
        session.send(b"RETR 1\r\n")
        while session.more():
            pass
        check(not session.buffer.endswith(b"\r\n.\r\n"), fd, session.buffer)
        os.kill(session.process.pid, signal.SIGKILL)
        session.wait()


def test_storage_that_ends_or_crashes():
    for command in ("leave 0", "leave 111", "fall"):
        script_put(command)
        session = Hostile("storage")
        check(session.line().startswith(b"-ERR [SYS/TEMP] "), command)
        session.over()


def test_storage_that_hangs_is_ended_by_the_kernel():
    script_put("hang")
    session = Hostile("storage", kind="loose", HURRY=HURRY, POP3_SESSION="600")
    log = session.wait()
    equal(session.status, -signal.SIGALRM, log)


# The proof that these tests can fail: without a wall an attack ends otherwise.  Every row: the attack, the walls that are
# out, how it ends; "" is the same executable with every wall in its place.  Rows with a wall of root's need root.

TAKEN = 0
FILELESS = (
    ("socket of TCP", "", KILLED), ("socket of TCP", "seccomp", TAKEN),
    ("memory to execute", "", KILLED), ("memory to execute", "seccomp", TAKEN),
    ("fork", "seccomp", errno.EAGAIN), ("fork", "seccomp,limits", TAKEN),
    ("open /", "seccomp", errno.EACCES), ("open /", "seccomp,landlock", TAKEN),
    ("open /etc/passwd", "seccomp,landlock", errno.ENOENT, "root"), ("open /etc/passwd", "seccomp,landlock,root", TAKEN, "root"),
    ("open /etc/shadow", "seccomp,landlock,root", errno.EACCES, "root"),
    ("open /etc/shadow", "seccomp,landlock,root,uid", TAKEN, "root"),
)
DYNAMIC = tuple(row for row in FILELESS if row[0] not in ("open /etc/passwd", "open /etc/shadow")) + (
    ("open /etc/shadow", "", KILLED), ("open /etc/shadow", "seccomp", errno.EACCES),
    ("open /etc/shadow", "seccomp,landlock", errno.EACCES, "root"), ("open /etc/shadow", "seccomp,landlock,uid", TAKEN, "root"),
    ("1 GiB of memory", "", errno.ENOMEM), ("1 GiB of memory", "limits", TAKEN),
    ("a descriptor left open", "", errno.EBADF), ("a descriptor left open", "descriptors", TAKEN),
)
OUT = {
    "tlsd": DYNAMIC,
    "tlskey": DYNAMIC,
    "proxyd": FILELESS,
    "giver": FILELESS + (("a descriptor left open", "", errno.EBADF), ("a descriptor left open", "descriptors", TAKEN)),
    "taker": FILELESS + (("a descriptor left open", "", errno.EBADF), ("a descriptor left open", "descriptors", TAKEN)),
    "pop3d": FILELESS + (("a descriptor left open", "", errno.EBADF), ("a descriptor left open", "descriptors", TAKEN)),
    "authd": FILELESS + (("3 GiB of memory", "", errno.ENOMEM), ("3 GiB of memory", "limits", TAKEN),
                         ("a descriptor left open", "", errno.EBADF), ("a descriptor left open", "descriptors", TAKEN)),
    "authd-crypto": FILELESS + (("3 GiB of memory", "", errno.ENOMEM), ("3 GiB of memory", "limits", TAKEN),
                                ("a descriptor left open", "", errno.EBADF), ("a descriptor left open", "descriptors", TAKEN)),
    "storage": (
        ("socket of TCP", "", KILLED), ("socket of TCP", "seccomp", TAKEN),
        ("memory to execute", "", KILLED), ("memory to execute", "seccomp", TAKEN),
        ("fork", "seccomp", errno.EAGAIN), ("fork", "seccomp,limits", TAKEN),
        ("9 GiB of memory", "", errno.ENOMEM), ("9 GiB of memory", "limits", TAKEN),
        ("another's message", "", errno.EACCES), ("another's message", "landlock", errno.EACCES, "root"),
        ("another's message", "uid", errno.EACCES, "root"), ("another's message", "landlock,uid", TAKEN, "root"),
        ("a file that all may read", "", errno.EACCES), ("a file that all may read", "landlock", TAKEN),
        ("a descriptor left open", "", errno.EBADF), ("a descriptor left open", "descriptors", TAKEN),
    ),
    "launch": (
        ("socket of TCP", "", KILLED), ("socket of TCP", "seccomp", TAKEN),
        ("fork", "", KILLED), ("fork", "seccomp", TAKEN),
        ("a uid below the floor", "", errno.EPERM), ("a uid below the floor", "seccomp", TAKEN, "root"),
        ("/etc/passwd", "", errno.EACCES), ("/etc/passwd", "landlock", TAKEN),
        ("out of the mail base", "", errno.EACCES), ("out of the mail base", "landlock", TAKEN),
        ("the client's socket", "", errno.ENOTSOCK), ("the client's socket", "letting go", TAKEN),
    ),
}


def leak():
    """Descriptor 40, as a careless super-server might leave it."""
    os.dup2(0, 40)
    os.set_inheritable(40, True)


def out_tests(room):
    def one(name, walls, wanted, needs=""):
        def test():
            if needs:
                need_root()
            if landlock() < 2:
                raise Skip("needs Landlock")
            a = next(a for a in attacks(room)[0] if a.name == name)
            options = {"WITHOUT": walls} if walls else {}
            if name == "a descriptor left open":
                options["prepare"] = leak
            equal(a.try_alone("loose", **options), wanted, name)
        end = {TAKEN: "succeeds", KILLED: "SIGSYS"}.get(wanted) or errno.errorcode[wanted]
        return f"{room} without {walls or 'nothing'}: {name}: {end}", test

    return [one(*v) for v in OUT[room]]


def raised(room, walls):
    """Does a setuid program run as root there?  It makes a file where only root can."""
    a = next(a for a in attacks(room)[0] if a.name == "execute a program that is setuid")
    made = site.at("raised")
    options = {"prepare": lambda: os.chdir(site.at("empty"))} if room in TLS_ROOMS else {}
    session = attack_start(room, f"attack {a.number}", "loose", WITHOUT=walls, HURRY=HURRY, POP3_SESSION="600", **options)
    session.over()
    there = os.path.exists(made)
    if there:
        os.unlink(made)
    return there


def setuid_tests(room):
    def test():
        need_root()
        out = "seccomp,landlock,root,limits"
        equal(raised(room, out), False, "with no_new_privs")
        equal(raised(room, out + ",nnp"), True, "without it")
    return [(f"{room} without no_new_privs: a setuid program is root", test)]


def argument_zero(pid):
    with open(f"/proc/{pid}/cmdline", encoding="latin-1") as f:
        return f.read().split("\0")[0]


def traceable(room, walls):
    """Can another process of the same uid open the room's memory?"""
    script = "flood 0 00;" + ("spin" if room in ("giver", "taker", "tlskey") else "hang")
    session = attack_start(room, script, "loose", **({"WITHOUT": walls} if walls else {}))
    session.hears(f"walls: {room} sent 0")
    pid = session.process.pid if room == "storage" else session.children()[-1]
    if room in TLS_ROOMS:
        pid = next(p for p in session.children() if argument_zero(p) == room)
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        status = f.read()
    uid, gid = (int(re.search(rf"^{k}:\t(\d+)", status, re.M)[1]) for k in ("Uid", "Gid"))
    look = subprocess.run(["head", "-c0", f"/proc/{pid}/mem"], stderr=subprocess.DEVNULL,
                          timeout=DEADLINE, **({"user": uid, "group": gid, "extra_groups": []} if ROOT else {}))
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        core = re.search(r"Max core file size +(\d+)", f.read())
    os.kill(session.process.pid, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL) if room != "storage" else None
    session.over()
    check(core and core[1] == "0", "it may leave a core file")
    return look.returncode == 0


def traceable_tests(room):
    def test():
        equal(traceable(room, ""), False, "undumpable")
        equal(traceable(room, "undumpable"), True, "without that")
    return [(f"{room} that is not undumpable: its memory is open to its uid", test)]


def refuses_tests():
    def test():
        need_root()
        number = next(a.number for a in attacks("launch")[0] if a.name == "reboot")
        log = attack_start("launch", f"attack {number}", "loose", WITHOUT="seccomp,landlock").over()
        check(f"walls: launch {number} refused" in log, log)
    return [("launch without its box: what is not harmless is refused", test)]


def tests_of(room):
    own = [(f"{room}: " + name[6 + len(room):].replace("_", " "), f) for name, f in globals().items()
           if name.startswith(f"test_{room.replace('-', '_')}_") and (room != "authd" or "_crypto_" not in name)]
    lies = {"pop3d": lambda: pop3d_lies() + pop3d_later_lies(), "authd": authd_lies, "taker": taker_lies, "storage": storage_lies, "tlskey": tlskey_lies,
            "authd-crypto": lambda: authd_lies("authd-crypto")}
    told = lies.get(room, list)() + own
    walls = out_tests(room) + (refuses_tests() if room == "launch" else setuid_tests(room) + traceable_tests(room))

    def row_is_true():
        if os.uname().machine != "x86_64":
            raise Skip("counted on x86_64")  # others have fewer system calls
        with open(os.path.join(os.path.dirname(TESTS), "SECURITY.md"), encoding="utf-8") as f:
            row = re.search(rf"^\| .*`tests/walls\.py {room}`: (\d+) attacks, (\d+) lies", f.read(), re.M)
        check(row, "no row says: `tests/walls.py", room, "`: ... attacks, ... lies")
        for said, counted in zip(row.groups(), (len(attacks(room)[0]), len(told))):
            # So that whoever adds a few need not count: at least as many as it says, and hardly more.
            check(int(said) <= counted <= int(said) * 1.1 + 2, room, "has", counted, "and not", said)

    return attack_tests(room) + told + walls + [(f"{room}: the row in SECURITY.md is true", row_is_true)]


def listening_tests(part):
    """All its attacks, in a process that was not executed for this connection, behind the walls of one that was."""
    room, harness.FORM = LISTENING[part], "-l"
    tests = []
    for a in attacks(room)[0]:
        a.wanted = CLOSED.get(a.name, a.wanted)
    for name, test in attack_tests(room):
        if not name.startswith(tuple(f"{room}: {may}: " for may in MAY[room])):
            tests.append((name.replace(room, part, 1), test))
    return tests


if __name__ == "__main__":
    names = sys.argv[1:]
    unknown = [n for n in names if n not in ROOMS and n not in LISTENING]
    if unknown:
        sys.exit(f"usage: tests/walls.py [{'|'.join((*ROOMS, *LISTENING))}]...")
    del sys.argv[1:]
    sys.exit(run([t for room in names for t in (listening_tests(room) if room in LISTENING else tests_of(room))]))
