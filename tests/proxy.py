"""proxy: the PROXY protocol in front of the whole chain: whom the log and the policy take for the client then, who may
send a header, and that not one octet of the client's is lost or read by the wrong room.  And HAProxy itself."""

import os
import re
import socket
import sys

from harness import (DEADLINE, POP3D_UID, ROOT, Client, Server, Session, Site, TlsSession, both_forms, check, equal, need, need_walls, run,
                     tcpserver)

site = Site()
V2 = b"\r\n\r\n\0\r\nQUIT\n"


def four(remote, local="192.0.2.2"):
    return socket.inet_aton(remote) + socket.inet_aton(local) + b"\x00\x01\x00\x6e"


def v2(command, family, rest):
    return V2 + bytes([0x20 | command, family]) + len(rest).to_bytes(2, "big") + rest


def ssl(flags):
    return b"\x20\x00\x05" + bytes([flags]) + b"\0\0\0\0"


def proxied(header, remote="127.0.0.1", trusted="127.0.0.1,2001:db8::/32", **options):
    session = Session(site, greet=False, remote=remote, POP3_PROXY=trusted, **options)
    session.send(header)
    return session


def log_of(session):
    session.sock.shutdown(socket.SHUT_WR)
    return session.end()


def test_address_of_the_client():
    user = site.user()
    for header, rip, lip in (
            (b"PROXY TCP4 198.51.100.7 192.0.2.2 1 110\r\n", "198.51.100.7", "192.0.2.2"),
            (b"PROXY TCP6 2001:DB8::7 2001:db8::2 1 110\r\n", "2001:db8::7", "2001:db8::2"),
            (v2(1, 0x11, four("198.51.100.8")), "198.51.100.8", "192.0.2.2"),
            (v2(1, 0x11, four("198.51.100.8") + b"\x02\x00\x03a.b"), "198.51.100.8", "192.0.2.2"),
            (v2(0, 0x00, b""), "127.0.0.1", "127.0.0.1"),
            (b"PROXY UNKNOWN\r\n", "127.0.0.1", "127.0.0.1")):
        session = proxied(header, POP3_PLAINOK="1").greet().login(user)
        log = session.quit()
        check(f"pop3d: login sid={session.process.pid}." in log and f" rip={rip} lip={lip} " in log, header, log)


def test_what_follows_the_header_is_the_clients():
    user = site.user()
    user.put("1.a.host")
    commands = f"USER {user.name}\r\nPASS {user.password}\r\nRETR 1\r\nQUIT\r\n".encode()
    for header in (b"PROXY TCP4 198.51.100.7 192.0.2.2 1 110\r\n", v2(1, 0x11, four("198.51.100.8"))):
        session = proxied(header + commands, POP3_PLAINOK="1").greet()
        equal([session.line() for _ in range(3)], [b"+OK send PASS", b"+OK logged in", b"+OK 20 octets"])
        session.body()
        equal(session.line(), b"+OK bye")
        session.closed()
        session.end()


def test_header_in_pieces():
    header = v2(1, 0x11, four("198.51.100.8"))
    session = Session(site, greet=False, POP3_PROXY="127.0.0.1")
    for octet in header:
        session.send(bytes([octet]))
    session.greet()
    session.ask("QUIT")
    session.end()


def plain_is_allowed(header, **options):
    session = proxied(header, **options).greet()
    session.send(b"USER nobody\r\n")
    allowed = session.line().startswith(b"+OK")
    session.ask("QUIT")
    session.end()
    return allowed


def test_plaintext_policy_is_about_the_client():
    remote = b"PROXY TCP4 198.51.100.7 192.0.2.2 1 110\r\n"
    loopback = b"PROXY TCP4 127.0.0.1 127.0.0.1 1 110\r\n"
    equal(plain_is_allowed(remote), False)
    equal(plain_is_allowed(remote, POP3_PLAINOK="1"), True)
    equal(plain_is_allowed(loopback), True)
    # Loopback of the proxy's machine is not ours; and who is not known is not loopback.
    equal(plain_is_allowed(loopback, remote="2001:db8::1"), False)
    equal(plain_is_allowed(b"PROXY UNKNOWN\r\n"), False)
    equal(plain_is_allowed(v2(0, 0, b"")), False)
    # TLS ended at the proxy: it says so in a bit of its own.
    equal(plain_is_allowed(v2(1, 0x11, four("198.51.100.8") + ssl(1))), True)
    equal(plain_is_allowed(v2(1, 0x11, four("198.51.100.8") + ssl(6))), False)


def test_strangers_are_not_served():
    for remote in ("192.0.2.9", "2001:db9::1", "-"):
        session = Session(site, greet=False, remote=remote, POP3_PROXY="127.0.0.1,2001:db8::/32")
        session.closed()
        check(re.fullmatch(rf"pop3d: proxy sid=\S+ rip={re.escape(remote)} err=untrusted\n", session.end()),
              session.log.text)


def test_bad_headers_get_no_word_and_one_line():
    for header in (b"USER bob\r\nPASS x\r\n", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 x\r\n", V2 + b"\x21\x11\x00\x02xx",
                   b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\0", b"GET / HTTP/1.1\r\n\r\n",
                   b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1" + b"1" * 200):
        session = proxied(header)
        session.closed()
        check(re.fullmatch(r"pop3d: proxy sid=\S+ rip=127\.0\.0\.1 err=malformed\n", session.end()), header,
              session.log.text)
    session = proxied(b"PROXY TCP4 1.2")
    check(" err=cut\n" in log_of(session), session.log.text)


def test_health_check_leaves_no_line():
    session = proxied(b"")
    equal(log_of(session), "")
    equal(session.status, 0)


def test_who_reads_the_header():
    """While the header is awaited, the connection is held by an unprivileged room in an empty root directory."""
    need_walls()
    session = proxied(b"PROXY ")
    room = None
    for _ in range(DEADLINE * 1000):
        children = session.children()
        if children and os.path.exists(f"/proc/{children[0]}/status"):
            with open(f"/proc/{children[0]}/status", encoding="ascii") as f:
                room = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
            if room.get("Seccomp") == "2":
                break
    check(room and room["Name"] in ("proxyd", "9"), room)
    equal((room["NoNewPrivs"], room["Seccomp"]), ("1", "2"))
    if ROOT:
        equal(room["Uid"].split(), [str(POP3D_UID)] * 4)
        equal(int(room["CapEff"], 16) | int(room["CapPrm"], 16), 0)
    check(" err=cut\n" in log_of(session), session.log.text)


def test_bad_settings_are_named():
    for value in ("", "127.0.0.1,", ",", "10.0.0.1/8", "localhost", ",".join(["10.0.0.1"] * 17)):
        session = Session(site, greet=False, POP3_PROXY=value)
        session.closed()
        check("POP3_PROXY" in session.end(), value, session.log.text)
        equal(session.status, 100)


def test_header_in_front_of_tls():
    """proxyd reads it, tlsd what follows; whom the log tells of is the client, in each of their lines."""
    user = site.user()
    site.certificate(kind="ecdsa")
    for header, rip in ((b"PROXY TCP4 198.51.100.7 192.0.2.2 1 995\r\n", "198.51.100.7"), (v2(1, 0x11, four("198.51.100.8")), "198.51.100.8")):
        session = TlsSession(site, before=header, POP3_PROXY="127.0.0.1").login(user)
        log = session.quit()
        equal(len(re.findall(rf"(?m)^pop3d: (?:tls|login|end) sid=\S+ rip={re.escape(rip)} ", log)), 3, log)
    session = Session(site, greet=False, arguments=("-s",), POP3_PROXY="127.0.0.1")
    session.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\0")
    session.closed()
    check(re.fullmatch(r"pop3d: proxy sid=\S+ rip=127\.0\.0\.1 err=malformed\n", session.end()), session.log.text)
    del site.settings["POP3_TLS"]


HAPROXY = """
global
    log stderr format raw local0 emerg
defaults
    mode tcp
    timeout connect 20s
    timeout client 60s
    timeout server 60s
frontend pop3
    bind fd@{listener}
    default_backend pop3
backend pop3
    server one 127.0.0.1:{port} {how}
"""


def test_haproxy():
    need("haproxy")
    user = site.user()
    user.put("1.a.host")
    for how in ("send-proxy", "send-proxy-v2"):
        with tcpserver(site, POP3_PROXY="127.0.0.1") as back, socket.create_server(("127.0.0.1", 0)) as listener:
            path = site.at(f"haproxy-{how}")
            with open(path, "w", encoding="ascii") as f:
                f.write(HAPROXY.format(listener=listener.fileno(), port=back.port, how=how))
            with Server(["haproxy", "-db", "-f", path], {"PATH": os.environ["PATH"]},
                        pass_fds=[listener.fileno()]):
                client = Client(socket.create_connection(listener.getsockname(), DEADLINE)).greet().login(user)
                equal(client.retr(1), b"Subject: t\r\n\r\nbody\r\n")
                client.ask("QUIT")
                client.closed()
            check(" rip=127.0.0.1 lip=127.0.0.1 " in back.log.wait("pop3d: end ").string, back.log.text)


if __name__ == "__main__":
    sys.exit(run(both_forms(globals(), lambda name: name.endswith("-tls"))))
