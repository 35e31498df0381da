"""behind: tlsd in front of a program that is not ours, both ways: TLS from the first octet on, and by UCSPI-TLS when the
program says so."""
import os
import re
import subprocess
import sys

from harness import Session, Site, check, equal, run_module, tls_context

site = Site()
CHAIN, _ = site.certificate()
# It reads lines with their CR, and gives them back so.
ECHO = ["/bin/sh", "-c", "printf '+OK %s\\r\\n' $SSL_PROTOCOL; while read -r line; do echo \"+OK $line\"; done; echo end >&2"]
# A program of UCSPI-TLS, written from its text alone.
DELAYED = '''
import os, sys
def lines(fd):
    with os.fdopen(fd, "rb", 0) as f:
        while line := f.readline():
            yield line.strip()
os.write(1, b"+OK in the clear\\r\\n")
how = os.environ["HOW"].encode()
for line in lines(0):
    if line == b"STLS":
        break
    os.write(1, b"+OK " + line + b"\\r\\n")
else:
    sys.exit(0)
control, into, out = (int(os.environ[n]) for n in ("SSLCTLFD", "SSLREADFD", "SSLWRITEFD"))
os.write(1, b"+OK begin\\r\\n")
os.write(control, how)
report = b""
while how == b"Y" and not report.endswith(b"\\0\\0"):
    block = os.read(control, 4096)
    if not block:
        os.write(2, b"no handshake\\n")
        sys.exit(1)
    report += block
os.write(2, b"report: " + report.replace(b"\\0", b"|") + b"\\n")
os.dup2(into, 0)
os.dup2(out, 1)
for fd in (control, into, out):
    os.close(fd)
for line in lines(0):
    os.write(1, b"+OK " + line + b" in secret\\r\\n")
'''


def behind(*program, tls=False, **settings):
    return Session(site, greet=False, arguments=(*(("-s",) if tls else ()), "-t", *program), **settings)


def delayed(how):
    env = site.environment() | {"HOW": how, "UCSPITLS": ""}
    s = Session(site, greet=False, environment=env, arguments=("-t", sys.executable, "-c", DELAYED))
    equal(s.line(), b"+OK in the clear")
    return s


def secret(session):
    session.sock = tls_context(CHAIN).wrap_socket(session.sock, server_hostname="localhost")


def test_from_the_first_octet():
    s = behind(*ECHO, tls=True)
    secret(s)
    equal(s.line(), b"+OK TLS")
    s.ask("a line")
    s.sock.unwrap().close()
    log = s.wait()
    check(re.search(r"^pop3d: tls .* version=TLSv1\.3 ", log, re.M) and log.endswith("end\n"), log)


def test_when_it_says_so():
    for how, report in (("y", "report: \n"),
                        ("Y", "report: SSL_PROTOCOL=TLSv1.3|SSL_CIPHER=TLS_AES_256_GCM_SHA384|SSL_TLS_SNI_SERVERNAME=localhost||\n")):
        s = delayed(how)
        s.ask("x")
        s.ask("STLS")
        secret(s)
        s.send(b"hello\r\n")
        equal(s.line(), b"+OK hello in secret")
        s.sock.unwrap().close()
        log = s.wait()
        check(report in log, how, log)


def test_when_it_does_not():
    s = delayed("y")
    s.ask("x")
    log = s.end()
    equal((log, s.status), ("", 0))


def test_a_handshake_that_fails_is_told():
    s = delayed("Y")
    s.ask("STLS")
    s.send(b"this is no TLS\r\n")
    try:
        while s.sock.recv(4096):
            pass
    except ConnectionResetError:
        pass
    log = s.end()
    check("no handshake\n" in log and " err=handshake " in log, log)


def test_another_octet():
    s = delayed("x")
    s.ask("STLS")
    log = s.end()
    check("told to begin by neither y nor Y" in log, log)


def test_sallyport_behind_itself():
    """Two of them: the one in front has the keys, the other one the mail."""
    user = site.user()
    user.put("1700000001.a.host")
    for tls in (True, False):
        s = behind("/usr/bin/env", "-u", "POP3_TLS", site.sallyport, tls=tls, remote="192.0.2.7")
        if tls:
            secret(s)
            s.greet()
        else:
            s.greet()
            s.ask("STLS")
            secret(s)
        s.login(user)
        equal(s.retr(1), b"Subject: t\r\n\r\nbody\r\n")
        s.ask("QUIT")
        s.closed()
        s.end()


def test_what_is_missing():
    for settings, words in (({"POP3_TLS": None}, "needs certificates"), ({"POP3_TLS": site.at("empty")}, "needs certificates")):
        s = behind("/bin/true", **settings)
        s.closed()
        log = s.end()
        check(s.status == 100 and words in log, log)
    s = behind("/no/such/program")
    s.closed()
    log = s.end()
    check(s.status == 111 and "cannot execute /no/such/program" in log, s.status, log)


if __name__ == "__main__":
    sys.exit(run_module(globals()))
