"""stls: TLS that begins when the client asks for it (RFC 2595): what is forgotten then, what is refused, what is left.
"""
import os
import re
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from harness import (DEADLINE, ROOT, TESTS, Client, Log, Session, Site, StlsSession, check, equal, need, need_root, run_module,
                     tcp_pair, tls_context)

site = Site()
CHAIN, KEY = site.certificate()
bob = site.user("bob")
ELSEWHERE = "192.0.2.7"  # no password may come from there in the clear


def mail():
    """bob has one message again."""
    for name in bob.names():
        os.unlink(bob.maildir.at(name))
    bob.put("1700000001.a.host")
    return bob


def capabilities(session):
    return session.asks("CAPA").decode("ascii").splitlines()


def test_session():
    s = StlsSession(site, context=tls_context(CHAIN), remote=ELSEWHERE)
    equal(s.sock.version(), "TLSv1.3")
    s.login(mail())
    equal(s.retr(1), b"Subject: t\r\n\r\nbody\r\n")
    s.ask("DELE 1")
    log = s.quit()
    equal((bob.names(), s.status), ([], 0))
    check(re.search(r"^pop3d: tls sid=(\S+) .*\npop3d: login sid=\1 .*\npop3d: end sid=\1 .* end=quit .* del=1/1 ", log), log)
    equal(log.count("\n"), 3, log)


def test_capa_tells_the_truth():
    """What is announced can be used, and nothing else: before TLS, behind it, and after the login."""
    rest = {"TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "IMPLEMENTATION sallyport"}
    passwords = {"USER", "SASL PLAIN LOGIN"}
    s = Session(site, remote=ELSEWHERE)
    equal(set(capabilities(s)), rest | {"STLS"})
    s.ask("USER bob", b"-ERR plaintext login is not allowed here")
    s.ask("AUTH PLAIN AGJvYgBvcGVuIHNlc2FtZQ==", b"-ERR plaintext login is not allowed here")
    s.ask("QUIT")
    check("reason=notls" in s.end())
    s = StlsSession(site, remote=ELSEWHERE)
    equal(set(capabilities(s)), rest | passwords)
    s.login(mail())
    equal(set(capabilities(s)), rest | passwords)
    s.quit()
    s = Session(site)
    equal(set(capabilities(s)), rest | passwords | {"STLS"})
    s.login(bob)
    equal(set(capabilities(s)), rest | passwords)
    s.quit()


def test_pipelined_commands_are_never_obeyed():
    """CVE-2011-0411 and CVE-2021-38084: what came in the packet of STLS is not what the client says behind TLS."""
    mail()
    for injected in ("CAPA", "NOOP", "QUIT", "STLS", "USER bob", "USER mallory", "PASS open sesame", "XXXX", "AUTH",
                     "AUTH PLAIN AGJvYgBvcGVuIHNlc2FtZQ==", "USER bob\r\nPASS open sesame\r\nDELE 1\r\nQUIT",
                     "USER bob\r\nPASS open sesame\r\nRETR 1\r\n" * 50, "AUTH LOGIN\r\nYm9i\r\nb3BlbiBzZXNhbWU=", "x" * 300):
        s = Session(site)
        s.send(b"STLS\r\n" + injected.encode("ascii") + b"\r\n")
        equal((s.line(), s.buffer), (b"+OK begin TLS", b""), injected)
        context = tls_context()
        s.sock = context.wrap_socket(s.sock, server_hostname="localhost")
        s.ask("PASS open sesame", b"-ERR send USER first")
        s.ask("STAT", b"-ERR not now")
        s.login(bob)
        equal(s.ask("STAT"), "+OK 1 20", injected)
        s.ask("QUIT")
        s.closed()
        log = s.end()
        check(len(re.findall("^pop3d: login ", log, re.M)) == 1 and " fail " not in log and " del=0/0 " in log, injected, log)
    equal(len(bob.names()), 1)


def test_commands_after_the_reply_are_no_handshake():
    """They are not lost, they are not obeyed: they are octets that TLS does not know."""
    mail()
    s = Session(site)
    s.ask("STLS")
    s.send(b"USER bob\r\nPASS open sesame\r\nDELE 1\r\nQUIT\r\n")
    try:
        while block := s.sock.recv(4096):
            check(block[:1] != b"+", "a command was obeyed:", block)  # an alert begins with 0x15
    except ConnectionResetError:
        pass
    log = s.end()
    form = r"pop3d: tls sid=\S+ rip=127\.0\.0\.1 lip=127\.0\.0\.1 sni=- err=handshake detail=wrong%20version%20number\n"
    check(re.match(form, log) and " login " not in log and " end=noquit " in log and log.count("\n") == 2, log)
    equal(len(bob.names()), 1)


def test_what_came_before_is_obeyed_in_order():
    s = Session(site)
    s.send(b"NOOP\r\nUSER bob\r\nSTLS\r\nNOOP\r\n")
    equal([s.line() for _ in range(3)], [b"-ERR not now", b"+OK send PASS", b"+OK begin TLS"])
    s.sock = tls_context().wrap_socket(s.sock, server_hostname="localhost")
    s.ask("PASS open sesame", b"-ERR send USER first")
    s.ask("QUIT")
    s.end()


def test_after_a_failed_login_and_counting_on():
    for before, after in ((1, 2), (2, 1)):
        s = Session(site)
        for _ in range(before):
            s.ask("USER bob")
            s.ask("PASS wrong", b"-ERR [AUTH]")
        s.ask("STLS")
        s.sock = tls_context().wrap_socket(s.sock, server_hostname="localhost")
        for _ in range(after):
            s.ask("USER bob")
            s.ask("PASS wrong", b"-ERR [AUTH]")
        s.closed()
        log = s.end()
        equal([(t == "-", n) for t, n in re.findall(r" fail .* tls=(\S+) .*try=(\d+) reason=password", log)],
              [(n <= before, str(n)) for n in (1, 2, 3)], log)
        check(log.endswith("\n") and " end=limit " in log, log)
    s = Session(site)
    s.ask("USER bob")
    s.ask("PASS wrong", b"-ERR [AUTH]")
    s.ask("STLS")
    s.sock = tls_context().wrap_socket(s.sock, server_hostname="localhost")
    s.login(mail())
    s.ask("QUIT")
    s.end()


def test_not_after_the_login_not_twice_and_without_arguments():
    s = Session(site).login(mail())
    s.ask("STLS", b"-ERR not now")
    equal(s.ask("STAT"), "+OK 1 20")
    s.quit()
    s = Session(site)
    s.ask("STLS now", b"-ERR bad arguments")
    s.ask("STLS")
    s.sock = tls_context().wrap_socket(s.sock, server_hostname="localhost")
    s.ask("STLS", b"-ERR not supported")
    s.login(bob)
    s.ask("STLS", b"-ERR not supported")
    s.ask("QUIT")
    s.end()


def test_not_offered_where_it_cannot_be():
    for settings in ({"POP3_TLS": None}, {"POP3_TLS": site.at("empty")}):
        s = Session(site, **settings)
        check("STLS" not in capabilities(s))
        s.ask("STLS", b"-ERR not supported")
        s.login(mail())
        log = s.quit()
        equal("no fullchain.pem" in log and "STLS is not offered" in log, settings["POP3_TLS"] is not None, log)
    s = Session(site, greet=False, arguments=("-s",), POP3_TLS=site.at("tls"))
    s.sock = tls_context().wrap_socket(s.sock, server_hostname="localhost")
    s.greet()
    check("STLS" not in capabilities(s))
    s.ask("STLS", b"-ERR not supported")
    s.ask("QUIT")
    s.end()


def test_certificates_that_cannot_be_used_are_refused():
    where = Site()
    where.certificate()
    where.user()
    os.chmod(where.at("tls", "privkey.pem"), 0o644)
    s = Session(where, greet=False)
    s.closed()
    log = s.end()
    check(s.status == 100 and "everybody can read" in log, s.status, log)


def test_files_are_read_anew():
    where = Site()
    where.user()
    for _ in range(2):
        chain, _ = where.certificate()
        s = StlsSession(where, context=tls_context(chain))
        with open(chain, encoding="ascii") as f:
            equal(s.sock.getpeercert(True), ssl.PEM_cert_to_DER_cert(f.read()))
        s.quit()


def test_gone_instead_of_a_handshake():
    s = Session(site)
    s.ask("STLS")
    log = s.end()
    check(re.fullmatch(r"pop3d: end sid=\S+ rip=127\.0\.0\.1 user=- end=noquit .*\n", log) and s.status == 0, s.status, log)


# UCSPI-TLS: another server does it, when it is told to.

class DelayedTls(Session):
    """A super-server with TLS of its own, written from the text of UCSPI-TLS alone."""

    def __init__(self, greet=True, policy="", environment=(), arguments=(), **settings):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(CHAIN, KEY)
        client, self.outer = tcp_pair()
        self.control, theirs = socket.socketpair()
        into, out = os.pipe(), os.pipe()
        names = {"SSLCTLFD": theirs.fileno(), "SSLREADFD": into[0], "SSLWRITEFD": out[1]}
        self.pipes, self.told = (into[1], out[0]), b""
        env = site.environment(POP3_TLS=None, **settings) | {n: str(fd) for n, fd in names.items()}
        env |= ({} if policy is None else {"UCSPITLS": policy}) | dict(environment)
        Client.__init__(self, client)
        self.log = Log()
        self.process = subprocess.Popen([site.sallyport, *arguments], stdin=self.outer, stdout=self.outer, stderr=self.log.write, env=env,
                                        pass_fds=names.values())
        self.log.parent()
        for fd in (theirs.detach(), into[0], out[1]):
            os.close(fd)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        if greet:
            self.greet()

    def serve(self):
        self.told = self.control.recv(1)
        if self.told != b"y":
            self.outer.close()
            for fd in self.pipes:
                os.close(fd)
            return
        sock = self.context.wrap_socket(self.outer, server_side=True)
        with sock:
            while True:
                ready = [sock] if sock.pending() else select.select([sock, self.pipes[1]], [], [])[0]
                block = sock.recv(4096) if sock in ready else None
                if block:
                    os.write(self.pipes[0], block)
                said = os.read(self.pipes[1], 4096) if self.pipes[1] in ready else None
                if said:
                    sock.sendall(said)
                if b"" in (block, said):
                    break
        for fd in self.pipes:
            os.close(fd)

    def stls(self):
        self.ask("STLS")
        self.sock = tls_context().wrap_socket(self.sock, server_hostname="localhost")
        return self

    def wait(self):
        self.control.shutdown(socket.SHUT_RDWR)
        self.thread.join(DEADLINE)
        return super().wait()


def test_another_server_begins():
    s = DelayedTls(remote=ELSEWHERE)
    equal("STLS" in (capa := capabilities(s)) and "USER" not in capa, True, capa)
    s.stls()
    check("USER" in (capa := capabilities(s)) and "STLS" not in capa, capa)
    s.login(mail())
    equal(s.retr(1), b"Subject: t\r\n\r\nbody\r\n")
    s.ask("DELE 1")
    s.ask("QUIT")
    s.closed()
    log = s.wait()
    check(s.told == b"y" and bob.names() == [] and " del=1/1 " in log, s.told, log)


def test_another_server_is_told_nothing_else():
    """Commands behind STLS are forgotten; without STLS its control socket is closed without an octet."""
    mail()
    s = DelayedTls()
    s.send(b"STLS\r\nUSER bob\r\nPASS open sesame\r\nDELE 1\r\nQUIT\r\n")
    equal(s.line(), b"+OK begin TLS")
    s.sock = tls_context().wrap_socket(s.sock, server_hostname="localhost")
    s.ask("PASS open sesame", b"-ERR send USER first")
    s.ask("QUIT")
    s.closed()
    check(" login " not in s.wait() and len(bob.names()) == 1)
    s = DelayedTls()
    s.login(bob)
    s.ask("QUIT")
    s.closed()
    s.wait()
    equal(s.told, b"")


def test_what_another_server_wants():
    s = DelayedTls(policy="!")
    equal("USER" in (capa := capabilities(s)) or "STLS" not in capa, False, capa)
    s.ask("USER bob", b"-ERR plaintext login is not allowed here")  # on loopback, too
    s.ask("AUTH PLAIN AGJvYgBvcGVuIHNlc2FtZQ==", b"-ERR")
    s.stls().login(mail())
    s.ask("QUIT")
    s.closed()
    s.wait()
    for policy, environment in ((None, ()), ("-", ()), ("", {"DISABLETLS": ""})):
        s = DelayedTls(policy=policy, environment=environment)
        check("STLS" not in capabilities(s))
        s.ask("STLS", b"-ERR not supported")
        s.ask("QUIT")
        s.closed()
        s.wait()


def test_another_server_that_is_wrong():
    for name, value in (("SSLCTLFD", "0x3"), ("SSLREADFD", "999"), ("SSLWRITEFD", ""), ("SSLCTLFD", "1" * 20)):
        s = DelayedTls(greet=False, environment={name: value})
        s.closed()
        log = s.wait()
        check(s.status == 100 and "SSLCTLFD must name a socket" in log, s.status, log)


def test_a_server_of_tls_in_front():
    """Its variables say that it is one, if it also says who the client is."""
    def capabilities_with(**variables):
        env = {k: v for k, v in site.environment(POP3_TLS=None).items() if not k.startswith("TCP") and k != "PROTO"} | variables
        s = Session(site, environment=env)
        found = capabilities(s)
        s.ask("QUIT")
        s.end()
        return found
    elsewhere = {"PROTO": "TCP", "TCPREMOTEIP": ELSEWHERE}
    check("USER" not in capabilities_with(**elsewhere))
    check("USER" in capabilities_with(**elsewhere, SSL_PROTOCOL="TLSv1.3"))  # s6-tlsserver
    check("USER" in capabilities_with(PROTO="SSL", SSLREMOTEIP=ELSEWHERE))  # sslserver
    check("USER" not in capabilities_with(**elsewhere, SSL_PROTOCOL="TLSv1.3", SSLCTLFD="5"))  # it has not begun


def test_behind_stunnel():
    """As etc/examples/stunnel has it in its second shape; stunnel is started as by inetd, and gives sallyport the client for
    a log, in the place of which there is a file here."""
    need("stunnel4")
    with open(os.path.join(TESTS, "../etc/examples/stunnel/pop3s"), encoding="ascii") as f:
        script = f.read()
    there = "/usr/local/sbin/sallyport -e /etc/sallyport/env\n"
    check(script.endswith(there), script)
    where = tempfile.mkdtemp(dir=site.dir)
    for name, text in (("pop3s", script.replace(there, f"{site.sallyport} 2>{where}/said\n").replace("$REMOTE_HOST", "${REMOTE_HOST:+" + ELSEWHERE + "}")),
                       ("conf", f"syslog = no\noutput = {where}/log\ncert = {CHAIN}\nkey = {KEY}\nsslVersionMin = TLSv1.2\n"
                        f"exec = {where}/pop3s\nexecArgs = pop3s\n")):
        with open(os.path.join(where, name), "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(os.path.join(where, name), 0o700)
    env = {k: v for k, v in site.environment(POP3_TLS=None).items() if not k.startswith("TCP") and k != "PROTO"}
    s = Session(site, greet=False, environment=env, prefix=(shutil.which("stunnel4"), os.path.join(where, "conf"), "--"))
    s.sock = tls_context(CHAIN).wrap_socket(s.sock, server_hostname="localhost")
    s.greet()
    check("STLS" not in (capa := capabilities(s)) and "USER" in capa, capa)
    s.login(mail())
    equal(s.retr(1), b"Subject: t\r\n\r\nbody\r\n")
    s.ask("DELE 1")
    s.ask("QUIT")
    s.closed()
    s.end()
    with open(os.path.join(where, "said"), encoding="ascii") as f:
        log = f.read()
    check(bob.names() == [] and f" rip={ELSEWHERE} " in log and " del=1/1 " in log, log)


# What waits, and what is left.

def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def parked(session):
    """The processes that wait, with the memory of launch; pop3d has its own."""
    with open(f"/proc/{session.process.pid}/comm", encoding="ascii") as f:
        name = f.read()
    found = []
    for pid in session.children():
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as f:
                if f.read() == name:
                    found.append(pid)
        except FileNotFoundError:
            pass  # authd, which has answered
    return found


def client_of(session):
    """How the client's socket is called in /proc: sallyport's end of it."""
    ends, inodes = f":{session.sock.getpeername()[1]:04X} :{session.sock.getsockname()[1]:04X} 01", []
    with open("/proc/net/tcp", encoding="ascii") as f:
        for line in f.readlines()[1:]:
            fields = line.split()
            if " ".join(field[-5:] for field in fields[1:4]) == ends:
                inodes.append(fields[9])
    equal(len(inodes), 1, "sockets")
    return f"socket:[{inodes[0]}]"


def files_of(pid):
    return {int(n): os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")}


def test_who_waits_is_nobody():
    """Before the first octet of the client's is read: no root has the client, and who waits has no privilege, no file but
    those of its room, and no way to regain one."""
    need_root()
    s = Session(site)
    s.ask("USER x")
    s.ask("PASS x", b"-ERR [AUTH]")  # so launch is in its box, and has parked whom it parks before
    client, wait = client_of(s), parked(s)
    equal(len(wait), 3)
    check(client not in files_of(s.process.pid).values(), "launch has the client")
    users = set()
    for pid in wait:
        now, files = status_of(pid), files_of(pid)
        uids = set(now["Uid"].split())
        check(len(uids) == 1 and "0" not in uids and now["Groups"].strip() == "", now)
        equal((now["NoNewPrivs"], int(now["CapEff"], 16), int(now["CapPrm"], 16)), ("1", 0, 0))
        keys = [f for f in files.values() if "privkey" in f]
        users |= uids
        names = {n for n in files if n != 14 and n != 15}
        if keys:
            check(len(names) == 5 and client not in files.values(), files)
        elif client in files.values():
            check(len(names) == 9 and CHAIN in files.values(), files)
        else:
            equal(names, {0, 1, 2, 3})
    equal(len(users), 3)
    s.ask("QUIT")
    s.end()
    check(not [p for p in wait if os.path.exists(f"/proc/{p}")], "a process is left")


def test_nobody_waits_after_the_login():
    s = Session(site).login(mail())
    equal(len(s.children()), 1, "only pop3d is left")
    s.quit()


def test_nobody_waits_where_there_is_no_tls():
    s = Session(site, POP3_TLS=None)
    s.ask("USER x")
    s.ask("PASS x", b"-ERR [AUTH]")
    equal(parked(s), [])
    s.ask("QUIT")
    s.end()


def is_at_work(pid):
    """Not so a process that has ended, and waits for the first process of the machine to notice."""
    try:
        return not status_of(pid)["State"].startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_every_end_leaves_nothing():
    for act in (lambda s: None, lambda s: s.ask("QUIT"), lambda s: s.send(b"STLS\r\n"), lambda s: s.ask("STLS"),
                lambda s: s.ask("USER bob"), lambda s: os.kill(s.process.pid, 9), lambda s: (s.ask("STLS"), os.kill(s.process.pid, 9))):
        s = Session(site)
        pids = s.children()
        act(s)
        s.end()  # the log ends when the last process has gone
        limit = time.monotonic() + DEADLINE
        while (left := [p for p in pids if is_at_work(p)]) and time.monotonic() < limit:
            time.sleep(0.01)
        check(not left, "a process is left")


def test_without_root():
    """The same with one uid for all: harness decides; here it is only said which."""
    s = StlsSession(site)
    s.login(mail())
    users = {status_of(p)["Uid"].split()[0] for p in s.children()}
    equal("0" in users, False) if ROOT else equal(users, {str(os.getuid())})
    s.quit()


if __name__ == "__main__":
    sys.exit(run_module(globals()))
