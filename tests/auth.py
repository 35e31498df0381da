"""auth: AUTH and APOP beyond single lines: what ends in the middle, who is too slow, real clients, the same work for
every no.  tests/session/rfc5034-*.txt has the framing, tests/authd/ the mechanisms."""

import base64
import ctypes
import hashlib
import os
import re
import signal
import socket
import subprocess

from harness import (DEADLINE, POP3D_UID, ROOT, TESTS, Client, Log, Site, check, equal, landlock, need, run_module,
                     tcp_pair, tcpserver)

site = Site()
bob = site.user("bob")
PASS, PLAIN, LOGIN = 1 << 0, 1 << 2, 1 << 3


def b64(text):
    return base64.b64encode(text.encode()).decode()


# pop3d alone, with this test as the room at the other end of its channel.

class Pop3d(Client):
    def __init__(self, mechanisms, exchange):
        client, server = tcp_pair()
        super().__init__(client)
        self.ctl, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ctl.settimeout(DEADLINE)
        self.log = Log()
        who = {"user": POP3D_UID, "group": POP3D_UID, "extra_groups": []} if ROOT else {}
        argv = [site.at("rooms", "pop3d"), "1.1", "127.0.0.1", "127.0.0.1", "landlock" if landlock() > 1 else "nolandlock",
                str(mechanisms), "600", "600", "3", str(exchange), "-", "clear", "-"]
        with server, other:
            self.process = subprocess.Popen(argv, stdin=server, stdout=server, stderr=self.log.write, pass_fds=(3,),
                                            preexec_fn=lambda: self.settle(other), **who)
        self.log.parent()
        self.greet()

    @staticmethod
    def settle(channel):
        os.dup2(channel.fileno(), 3)
        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS

    def note(self):
        return "and logged: " + self.log.all()

    def hear(self, wanted):
        equal(self.ctl.recv(1 << 16).hex(), wanted, "the message")

    def say(self, message):
        self.ctl.send(bytes.fromhex(message))


def test_slow_client_is_refused_and_may_try_again():
    pop3d = Pop3d(PASS | PLAIN, 1)
    pop3d.send(b"AUTH PLAIN\r\n")
    pop3d.hear("0a02000000")
    pop3d.say("02040000")  # go on, with an empty challenge
    equal(pop3d.line(), b"+ ")
    pop3d.hear("0c")  # a second later, by itself
    equal(pop3d.line(), b"-ERR no response came in time")
    pop3d.ask("CAPA")
    pop3d.body()
    pop3d.send(b"AUTH PLAIN =\r\n")
    pop3d.hear("0a02010000")
    pop3d.say("02000000")
    equal(pop3d.line(), b"-ERR [AUTH] login failed")
    pop3d.ask("QUIT")
    pop3d.closed()


def test_messages_of_an_exchange():
    pop3d = Pop3d(PASS | LOGIN, 60)
    pop3d.send(b"AUTH LOGIN\r\n")
    pop3d.hear("0a03000000")
    pop3d.say("0204" + "0009" + b"Username:".hex())
    equal(pop3d.line(), b"+ VXNlcm5hbWU6")
    pop3d.send(b"Ym9i\r\n")
    pop3d.hear("0b0003626f62")
    pop3d.say("0204" + "0000")
    equal(pop3d.line(), b"+ ")
    pop3d.send(b"\r\n")
    pop3d.hear("0b0000")
    pop3d.say("0204" + "0000")
    equal(pop3d.line(), b"+ ")
    pop3d.send(base64.b64encode(bytes(9216)) + b"\r\n")
    pop3d.hear("0b2400" + "00" * 9216)
    pop3d.say("0204" + "0000")
    equal(pop3d.line(), b"+ ")
    pop3d.send(b"*\r\n")
    pop3d.hear("0c")
    equal(pop3d.line(), b"-ERR login cancelled")
    pop3d.ask("QUIT")
    pop3d.closed()


def test_room_that_goes_in_the_middle_is_a_temporary_failure():
    pop3d = Pop3d(PASS | LOGIN, 60)
    pop3d.send(b"AUTH LOGIN\r\n")
    pop3d.hear("0a03000000")
    pop3d.say("02040000")
    equal(pop3d.line(), b"+ ")
    pop3d.ctl.close()
    check(pop3d.line().startswith(b"-ERR [SYS/TEMP] "))
    pop3d.closed()


# The whole chain.

def name_of(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as f:
        return f.read().strip()


def test_authd_that_is_killed_in_the_middle():
    session = site.session()
    session.ask("AUTH LOGIN", b"+ ")
    authd = [pid for pid in session.children() if name_of(pid) not in ("pop3d", "sallyport")]
    equal(len(authd), 1)
    os.kill(authd[0], signal.SIGKILL)
    check(session.line().startswith(b"-ERR [SYS/TEMP] "))
    session.closed()
    check("room=authd signal=9" in session.wait())


def test_client_that_goes_in_the_middle_leaves_nobody_behind():
    for lines in (b"AUTH LOGIN\r\n", b"AUTH LOGIN\r\nYm9i\r\n", b"AUTH LOGIN\r\nYm9", b"AUTH PLAIN\r\n"):
        session = site.session()
        session.send(lines)
        session.line()
        log = session.end()  # waits for every process
        check("end=noquit" in log and "fail" not in log, log)
        equal(session.status, 0)


# The executable that is served has the libraries linked with another libc than its unit tests.

def test_every_scheme():
    with open(os.path.join(TESTS, "authd", "verifiers.h"), encoding="ascii") as f:
        verifiers = re.findall(r'\{ "(\$[^"]+)",\s+"([^"]+)" \}', f.read())
    digest = base64.b64encode(hashlib.sha256(b"open sesame").digest()).decode()
    verifiers.append(("{SHA256}" + digest, "open sesame"))
    check(len({v.split("$")[1] for v, _ in verifiers[:-1]}) == 10, "all that libcrypt and libsodium judge:", verifiers)
    box = Site()
    users = [box.user(password=password) for _, password in verifiers]
    with open(box.at("users"), encoding="ascii") as f:
        lines = f.read().splitlines()
    for user, (verifier, _) in zip(users, verifiers):
        lines = [re.sub("^" + user.name + ":[^:]*", lambda _, u=user, v=verifier: u.name + ":" + v, x) for x in lines]
    with open(box.at("users"), "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    equal(box.user_tool("compile").returncode, 0)
    for user, (verifier, password) in zip(users, verifiers):
        box.login(user).quit()
        refused = box.session()
        refused.login(type(user)(user.name, password + "!", user.maildir), wanted=b"-ERR [AUTH]")
        refused.quit()
        check("reason=password" in refused.log.all(), verifier)


# Clients of others.

def curl(server, user, *options):
    return subprocess.run(["curl", "-sS", "--max-time", str(DEADLINE), *options, "-u", f"{user.name}:{user.password}",
                           f"pop3://127.0.0.1:{server.port}/1"], capture_output=True, timeout=DEADLINE + 5)


def test_curl():
    need("curl")
    user = site.user()
    user.put("1.a.host", b"Subject: for curl\n\nbody\n")
    with tcpserver(site) as server:
        for mechanism in ("PLAIN", "LOGIN"):
            for ir in ((), ("--sasl-ir",)):
                got = curl(server, user, "--login-options", f"AUTH={mechanism}", *ir)
                equal((got.returncode, got.stdout), (0, b"Subject: for curl\r\n\r\nbody\r\n"), got.stderr)
                server.log.wait(rf"login .* user={user.name} auth={mechanism.lower()}")
        wrong = curl(server, type(user)(user.name, "wrong", user.maildir), "--login-options", "AUTH=PLAIN")
        equal(wrong.returncode, 67, "curl's status for a login that was denied")


if __name__ == "__main__":
    raise SystemExit(run_module(globals()))
