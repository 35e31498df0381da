"""auth: AUTH and APOP beyond single lines: what ends in the middle, who is too slow, real clients, the same work for
every no.  tests/session/rfc5034-*.txt has the framing, tests/authd/ the mechanisms."""

import base64
import ctypes
import hashlib
import hmac
import os
import re
import signal
import socket
import ssl
import subprocess

import sasl
from harness import (DEADLINE, POP3D_UID, ROOT, TESTS, Client, Log, Session, Site, StlsSession, TlsSession, check, equal,
                     landlock, need, run_module, tcp_pair, tcpserver, tls_context)

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


# Without SASLprep (RFC 4013): what SECURITY.md says of it.

def test_letters_beyond_ASCII_are_octets():
    """A password is the octets that were stored, whatever they mean: composed or not, wide or not, a blank or one that does
    not break, and what SASLprep would leave out.  A name that it would map to bob's is nobody's."""
    box = Site()
    box.settings |= {"POP3_SASL": "plain,login", "POP3_TRIES": "60", "POP3_GUESSES": "0"}
    for text, others in (("\u00e4 b", ("a\u0308 b", "\u00e4\u00a0b", "\u00e4\u00ad b", "\uff41 b", "a b")),
                         ("\u2168", ("IX",)), ("IX", ("\u2168", "I\u00adX", "\uff29\uff38"))):
        user = box.user(password=text)
        session = box.session()

        def ways(password, wanted, name=user.name.encode(), session=session):
            for line in (b"PLAIN " + sasl.b64(b"\0" + name + b"\0" + password).encode(), b"LOGIN " + sasl.b64(name).encode()):
                session.send(b"AUTH " + line + b"\r\n")
                if line.startswith(b"LOGIN"):
                    check(session.line().startswith(b"+ "))
                    session.send(sasl.b64(password).encode() + b"\r\n")
                equal(session.line(), wanted, (password, line))
            if not wanted.startswith(b"+"):
                session.send(b"USER " + name + b"\r\nPASS " + password + b"\r\n")
                equal(session.line(), b"+OK send PASS")
                equal(session.line(), wanted, password)

        for other in others:
            ways(other.encode(), NO)
        if not text.isascii():
            ways(text.encode("latin-1", "replace"), NO)
        for name in ("\uff42" + user.name[1:], user.name + "\u00ad", user.name[0] + "\u200b" + user.name[1:]):
            ways(text.encode(), NO, name.encode())
        session.send(b"USER " + user.name.encode() + b"\r\nPASS " + text.encode() + b"\r\n")
        equal((session.line(), session.line()), (b"+OK send PASS", b"+OK logged in"))
        session.quit()
        done = box.user_tool("forms", user.name, "-k", "scram-sha-256", password=text)
        equal(done.returncode, 0 if text.isascii() else 100, done.stderr)
        check(text.isascii() or "a password for SCRAM must be of ASCII characters" in done.stderr, done.stderr)


# Bound to TLS.  The exporter value is made here from the secret that a client of TLS 1.3 writes to its log of keys
# (RFC 8446 section 7.5): with nothing of ours or of OpenSSL's.

def expand(secret, label, context, length, digest):
    """HKDF-Expand-Label, of at most one block."""
    label = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(label)]) + label + bytes([len(context)]) + context
    return hmac.new(secret, info + b"\1", digest).digest()[:length]


def exporter(session, keys):
    """RFC 9266: the label, no context, 32 octets."""
    equal(session.sock.version(), "TLSv1.3")
    digest = "sha384" if session.sock.cipher()[0].endswith("SHA384") else "sha256"
    with open(keys, encoding="ascii") as f:
        secret = bytes.fromhex(re.findall(r"^EXPORTER_SECRET [0-9a-f]+ ([0-9a-f]+)$", f.read(), re.M)[-1])
    nothing = hashlib.new(digest, b"").digest()
    derived = expand(secret, b"EXPORTER-Channel-Binding", nothing, len(secret), digest)
    return expand(derived, b"exporter", nothing, 32, digest)


BOUND = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}
FORMS = "-k scram-sha-1 -k scram-sha-256 -k shared".split()


def bound_site():
    where = Site()
    where.certificate()
    user = where.user("bob")
    equal(where.user_tool("forms", "bob", *FORMS, password=user.password).returncode, 0)
    where.settings |= {"POP3_SASL": "scram-sha-1,scram-sha-256", "POP3_TRIES": "20"}
    return where, user, where.at("keys")


def scram(session, mechanism, digest, user, gs2, binding, wanted):
    """Returns what the server said last."""
    client = sasl.Scram(user.name.encode(), user.password.encode(), digest, gs2, binding)
    session.send(f"AUTH {mechanism} {sasl.b64(client.first())}\r\n".encode())
    line = session.line()
    if line.startswith(b"+ "):
        session.send(sasl.b64(client.final(sasl.unb64(line[2:]))).encode() + b"\r\n")
        line = session.line()
    if line.startswith(b"+ "):
        equal(sasl.unb64(line[2:]), client.expected, "the server's proof")
        session.send(b"\r\n")
        line = session.line()
    equal(line, wanted, f"{mechanism} {gs2}")


NO, YES = b"-ERR [AUTH] login failed", b"+OK logged in"
TYPE = b"p=tls-exporter,,"


def test_scram_bound_to_tls():
    where, user, keys = bound_site()
    for kind in (TlsSession, StlsSession):
        for mechanism, digest in BOUND.items():
            session = kind(where, context=tls_context(keylog_filename=keys), remote="192.0.2.7")
            check(BOTH_FORMS in session.asks("CAPA"))
            right = exporter(session, keys)
            altered = right[:-1] + bytes([right[-1] ^ 1])
            for binding in (altered, b"", bytes(32), right + b"x", right[:31]):
                scram(session, mechanism + "-PLUS", digest, user, TYPE, binding, NO)
            # Of another kind, of none, and as if it had not been offered.
            for gs2 in (b"p=tls-unique,,", b"p=tls-server-end-point,,", b"n,,", b"y,,"):
                scram(session, mechanism + "-PLUS", digest, user, gs2, right if gs2[:1] == b"p" else b"", NO)
            for gs2, binding in ((b"y,,", b""), (TYPE, right)):  # bound, or able to be: without -PLUS it cannot be
                scram(session, mechanism, digest, user, gs2, binding, NO)
            wrong = type(user)(user.name, "wrong", user.maildir)
            scram(session, mechanism + "-PLUS", digest, wrong, TYPE, right, NO)
            scram(session, mechanism + "-PLUS", digest, user, TYPE, right, YES)
            log = session.quit()
            check(f" auth={mechanism.lower()}-plus " in log, log)
            equal((log.count(" reason=binding"), log.count(" reason=password")), (11, 1), log)
    session = TlsSession(where, context=tls_context(), remote="192.0.2.7")
    scram(session, "SCRAM-SHA-256", "sha256", user, b"n,,", b"", YES)  # a client that knows of no binding
    session.quit()


def test_other_bindings_are_refused():
    """Those of RFC 5929, each with the value that it has on this connection: tls-unique is no value of TLS 1.3 at all and
    of TLS 1.2 only where the master secret is extended, tls-server-end-point is whoever's who has the certificate.  With
    -PLUS that is another binding than we have, without it there is none (RFC 5802 section 6).  Before the user is looked
    at: whose name it is makes no difference."""
    where, user, _ = bound_site()
    nobody = type(user)("nobody", user.password, user.maildir)
    for options in ({}, {"maximum_version": ssl.TLSVersion.TLSv1_2}, {"maximum_version": ssl.TLSVersion.TLSv1_2, "options": NO_EXTENDED}):
        session = TlsSession(where, context=tls_context(**options))
        values = {b"tls-unique": session.sock.get_channel_binding("tls-unique"),
                  b"tls-server-end-point": hashlib.sha256(session.sock.getpeercert(True)).digest()}
        plus, refusals = (NO, 8) if "options" not in options else (b"-ERR mechanism is not supported", 4)
        for name, value in values.items():
            for who in (user, nobody):
                for mechanism, wanted in (("SCRAM-SHA-256-PLUS", plus), ("SCRAM-SHA-256", NO)):
                    scram(session, mechanism, "sha256", who, b"p=" + name + b",,", value, wanted)
        log = session.quit()
        equal((log.count(" reason=binding"), log.count("fail sid=")), (refusals, refusals), log)


def test_who_is_slow_after_his_proof_keeps_nobody_waiting():
    """The server's proof waits for the client to take it, in no slot any more."""
    where, user, _ = bound_site()
    where.settings["POP3_SLOTS"] = "1"
    slow = where.session()
    client = sasl.Scram(b"bob", user.password.encode(), "sha256")
    challenge = sasl.unb64(slow.ask("AUTH SCRAM-SHA-256 " + sasl.b64(client.first()), b"+ ")[2:])
    slow.ask(sasl.b64(client.final(challenge)), b"+ ")
    other = where.login(user)  # with the one slot there is
    other.quit()
    slow.ask("", YES)
    slow.quit()


def test_scram_between_two_connections():
    """Who stands between and passes on what both say has two connections, and neither is the other's."""
    where, user, keys = bound_site()
    victim = TlsSession(where, context=tls_context(keylog_filename=keys))
    of_victim = exporter(victim, keys)
    attacker = TlsSession(where, context=tls_context(keylog_filename=keys))
    check(exporter(attacker, keys) != of_victim)
    scram(attacker, "SCRAM-SHA-256-PLUS", "sha256", user, TYPE, of_victim, NO)
    check(" reason=binding" in attacker.end())
    victim.end()


PLAIN_FORMS, BOTH_FORMS = b"\nSASL SCRAM-SHA-1 SCRAM-SHA-256\r\n", b"\nSASL SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-256-PLUS\r\n"
NO_EXTENDED = ssl.OP_ALL | 1  # SSL_OP_NO_EXTENDED_MASTER_SECRET


def test_scram_without_exporter():
    """TLS 1.2 without extended master secret (RFC 7627) has no value that is this connection's alone: then nothing that
    needs it is announced, or is a mechanism."""
    where, user, _ = bound_site()
    for kind in (TlsSession, StlsSession):
        session = kind(where, context=tls_context(maximum_version=ssl.TLSVersion.TLSv1_2, options=NO_EXTENDED))
        check(PLAIN_FORMS in session.asks("CAPA"))
        scram(session, "SCRAM-SHA-256-PLUS", "sha256", user, TYPE, bytes(32), b"-ERR mechanism is not supported")
        # Who stands between, and hides these forms from the client, can choose such a TLS with us.
        scram(session, "SCRAM-SHA-256", "sha256", user, b"y,,", b"", NO)
        scram(session, "SCRAM-SHA-256", "sha256", user, b"n,,", b"", YES)
        check(PLAIN_FORMS in session.asks("CAPA"))
        equal(session.quit().count(" reason=binding"), 1)
        session = kind(where, context=tls_context(maximum_version=ssl.TLSVersion.TLSv1_2))  # with it there is one
        check(BOTH_FORMS in session.asks("CAPA"))
        session.ask("AUTH SCRAM-SHA-256-PLUS " + sasl.b64(TYPE + b"n=bob,r=x"), b"+ ")
        session.end()
    session = Session(where)  # and without TLS these forms are no mechanisms
    check(PLAIN_FORMS in session.asks("CAPA"))
    scram(session, "SCRAM-SHA-256-PLUS", "sha256", user, TYPE, bytes(32), b"-ERR mechanism is not supported")
    scram(session, "SCRAM-SHA-256", "sha256", user, b"y,,", b"", YES)
    session.quit()


# APOP behind STLS: the greeting was before it.

class Stamped(StlsSession):
    def greet(self):
        self.stamp = re.search(rb"<[0-9a-f]{32}@localhost>", self.line())[0]
        return self


def test_apop_after_stls():
    where, user, _ = bound_site()
    stamps = set()
    for wrong in (False, True):
        session = Stamped(where, POP3_APOP="1")
        stamps.add(session.stamp)
        if wrong:
            session.ask(f"APOP bob {sasl.apop(session.stamp, b'wrong')}", NO)
        session.ask(f"APOP bob {sasl.apop(session.stamp, user.password.encode())}", YES)
        check(" auth=apop " in session.quit())
    equal(len(stamps), 2, "timestamps")


# Guesses.

def test_challenges_are_limited_as_passwords_are():
    """Each wrong proof is a guess at the account, and then the right one is not judged."""
    for mechanism in ("CRAM-MD5", "SCRAM-SHA-256", "APOP"):
        where = Site()
        user = where.user("bob")
        equal(where.user_tool("forms", "bob", *FORMS, password=user.password).returncode, 0)
        where.settings |= {"POP3_SASL": "cram-md5,scram-sha-256", "POP3_APOP": "1", "POP3_TRIES": "9", "POP3_GUESSES": "2"}
        session = where.session(greet=False)
        stamp = re.search(rb"<.*>", session.line())[0]
        wrong = type(user)(user.name, "wrong", user.maildir)
        for who, wanted in ((wrong, NO), (wrong, NO), (user, b"-ERR too many failed logins, wait before the next")):
            if mechanism == "APOP":
                session.ask(f"APOP bob {sasl.apop(stamp, who.password.encode())}", wanted)
            elif mechanism == "CRAM-MD5":
                challenge = sasl.unb64(session.ask("AUTH CRAM-MD5", b"+ ")[2:])
                session.ask(sasl.b64(sasl.cram_md5(challenge, b"bob", who.password.encode())), wanted)
            else:
                scram(session, mechanism, "sha256", who, b"n,,", b"", wanted)
        check(" reason=ratelimit" in session.end())
        equal(where.user_tool("unban", "bob").returncode, 0)


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
