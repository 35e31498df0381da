"""How many sessions one address may have: counted by locks that the kernel lets go of, however a session ends."""

import errno
import os
import re
import signal
import socket
import sys

import harness
from harness import BUILD, Session, Site, Skip, TlsSession, check, equal, need_walls

site = Site()
bob = [site.user() for _ in range(4)]
STRANGER = "192.0.2.1"


def session(remote=STRANGER, limit=2, **options):
    return Session(site, **({"remote": remote, "POP3_PERADDRESS": str(limit), "POP3_PLAINOK": "1"} | options))


def refused(remote=STRANGER, limit=2, **options):
    """Closed without a word, with a line in the log, and with nothing started."""
    s = session(remote, limit, greet=False, **options)
    s.closed()
    log = s.wait()
    equal(s.status, 0, log)
    check(re.fullmatch(rf"pop3d: crowd sid=\S+ rip={re.escape(remote)} most={limit}\n", log), log)
    s.sock.close()


def test_third_of_two():
    first, second = session(), session()
    refused()
    other = session("192.0.2.2")
    first.login(bob[0])
    second.login(bob[1])
    refused()
    other.quit()
    first.quit()
    third = session()
    refused()
    for s in (second, third):
        s.quit()


def gone(s, how):
    """End a session so, and wait until all of it has gone."""
    if how == "cut":
        s.sock.close()
    elif how == "quit":
        s.ask("QUIT")
    elif how == "sallyport killed":
        os.kill(s.process.pid, signal.SIGKILL)
    else:
        for pid in s.pop3d:
            os.kill(pid, signal.SIGKILL)
    s.wait()
    s.sock.close()


def test_however_a_session_ends():
    for logged_in in (False, True):
        for how in ("quit", "cut", "sallyport killed", "pop3d killed"):
            s = session(limit=1)
            s.pop3d = s.children()
            if logged_in:
                s.login(bob[0])
            refused(limit=1)
            gone(s, how)
            session(limit=1).quit()


def test_addresses_that_are_one():
    """64 bits of IPv6 are one client, and so are an IPv4 address and its form inside IPv6."""
    held = session("2001:db8:0:7::1", 1)
    refused("2001:db8:0:7:ffff:ffff:ffff:ffff", 1)
    neighbours = [session(f"2001:db8:{i:x}:{i + 1:x}::1", 1) for i in range(20)]
    neighbours += [session(f"2001:db8:0:{i:x}00::1", 1) for i in range(1, 20)]
    four = [session(f"{i}.{i + 1}.2.{255 - i}", 1) for i in range(1, 20)]
    refused("::ffff:1.2.2.254".replace("::ffff:", ""), 1)
    for s in (held, *neighbours, *four):
        s.quit()


def test_who_has_no_address_of_his_own():
    for options in ({"remote": "127.0.0.1"}, {"remote": "::1"}, {"remote": "127.7.7.7"}, {"limit": 0}):
        many = [session(**({"limit": 1} | options)) for _ in range(3)]
        for s in many:
            s.quit()
    env = {k: v for k, v in site.environment(POP3_PERADDRESS="1").items() if k != "PROTO" and not k.startswith("TCP")}
    many = [Session(site, pair=socket.socketpair(), environment=env) for _ in range(3)]  # no address at all
    for s in many:
        check(" crowd " not in s.quit())


def test_limit_of_each_listener():
    """Sessions are counted together, whatever limit their listeners have."""
    many = [session(limit=3) for _ in range(3)]
    refused(limit=2)
    refused(limit=3)
    session(limit=4).quit()
    many[2].quit()
    refused(limit=2)  # two places are all that this one knows, and both are taken
    many[0].quit()
    session(limit=2).quit()
    many[1].quit()


def test_behind_a_proxy():
    """The client's address counts, not the proxy's."""
    def proxied(client):
        s = session("192.0.2.77", 1, greet=False, POP3_PROXY="192.0.2.77")
        s.send(f"PROXY TCP4 {client} 192.0.2.9 1 110\r\n".encode())
        return s

    first, second = proxied("198.51.100.1").greet(), proxied("198.51.100.2").greet()
    third = proxied("198.51.100.1")
    third.closed()
    check(" crowd sid=" in third.wait() and "rip=198.51.100.1 most=1" in third.log.text, third.log.text)
    third.sock.close()
    for s in (first, second):
        s.quit()


def test_behind_tls():
    site.certificate()
    try:
        s = TlsSession(site, remote=STRANGER, POP3_PERADDRESS="1")
        refused(limit=1)
        s.login(bob[0])
        refused(limit=1)
        s.quit()
        plain = session(limit=1)
        plain.ask("STLS")
        plain.sock = harness.tls_context().wrap_socket(plain.sock, server_hostname="localhost")
        plain.buffer = b""
        plain.login(bob[0])
        refused(limit=1)
        plain.ask("QUIT")
        plain.closed()
        plain.end()
        session(limit=1).quit()
    finally:
        del site.settings["POP3_TLS"]


def test_missing_file():
    os.rename(site.at("data", "sessions"), site.at("data", "away"))
    s = session(greet=False)
    log = s.wait()
    equal(s.status, 111)
    check("cannot open " in log and "/data/sessions: run sallyport-user compile" in log, log)
    session("127.0.0.1").quit()
    equal(site.user_tool("compile").returncode, 0)
    session().quit()
    os.unlink(site.at("data", "away"))
    equal(os.path.getsize(site.at("data", "sessions")), 0)
    equal(os.stat(site.at("data", "sessions")).st_mode & 0o777, 0o600)


def test_a_file_system_without_locks():
    """That is no crowd: whoever looks for the reason why nobody gets in must find it.  One fcntl after the other fails."""
    inject = os.path.join(BUILD, "inject")
    if not os.path.exists(inject):
        raise Skip("the tracer is written for x86_64")
    need_walls()  # what is built without has no fcntl of this number at this place
    said = []
    for n in range(1, 30):
        report = site.at("report")
        s = session(greet=False, prefix=(inject, report, "sallyport", "72", str(n), "fail", str(errno.ENOLCK)))  # fcntl
        log = s.end()
        check(" crowd sid=" not in log, n, log)
        with open(report, encoding="ascii") as f:
            if not re.search("^hit", f.read(), re.M):
                break
        said.append(log)
    lines = re.findall(r"^sallyport: \S+: (cannot take a place .*)$", "".join(said), re.M)
    equal(lines, ["cannot take a place in the file sessions of POP3_DATA: No locks available"])


def test_one_session_of_a_user():
    """Of one user there is one at a time, wherever they come from: the maildrop's lock sees to it."""
    s = session("192.0.2.1").login(bob[0])
    second = session("192.0.2.2")
    second.login(bob[0], wanted=b"-ERR [IN-USE]")
    second.end()
    s.quit()


if __name__ == "__main__":
    sys.exit(harness.run_module(globals()))
