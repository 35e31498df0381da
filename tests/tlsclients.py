"""tlsclients: real clients, as Debian has them, by TLS on both kinds of port: from the first octet, and by STLS.  Each trusts
our certificate and no other, and must not take a message for another octet because TLS carried it (tests/clients.py tells
what it compares).  Then what scanners of TLS say of our defaults."""

import json
import poplib
import re
import ssl
import subprocess
import sys

import clients
from clients import AWKWARD, WIRE, fetch, site
import harness
from harness import DEADLINE, Site, both_forms, check, equal, need, run, tcpserver

site.user()
site.certificate()
site.certificate(kind="ecdsa")
TRUSTED = site.at("trusted.pem")  # both; the client says which kind it takes
with open(TRUSTED, "w", encoding="ascii") as trusted:
    for name in ("fullchain.pem", "fullchain-ecdsa.pem"):
        with open(site.at("tls", name), encoding="ascii") as chain:
            trusted.write(chain.read())


def context():
    c = ssl.create_default_context(cafile=TRUSTED)
    c.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return c


class CurlTls(clients.Curl):
    scheme, trust = "pop3s", ("--cacert", TRUSTED)


class CurlStls(clients.Curl):
    scheme, trust = "pop3", ("--cacert", TRUSTED, "--ssl-reqd")


class PoplibTls(clients.Poplib):
    def connect(self):
        return poplib.POP3_SSL("127.0.0.1", self.port, timeout=DEADLINE, context=context())


class PoplibStls(clients.Poplib):
    def connect(self):
        mailbox = super().connect()
        check("STLS" in mailbox.capa())
        check(mailbox.stls(context()).startswith(b"+OK"))
        check("STLS" not in mailbox.capa())
        return mailbox


class MpopTls(clients.Mpop):
    tls = f"tls on\ntls_starttls off\ntls_trust_file {TRUSTED}"


class MpopStls(clients.Mpop):
    tls = f"tls on\ntls_starttls on\ntls_trust_file {TRUSTED}"


class FetchmailTls(clients.Fetchmail):
    ssl = f'ssl sslproto "auto" sslcertck sslcertfile "{TRUSTED}" sslcommonname "localhost"'


class FetchmailStls(clients.Fetchmail):
    ssl = f'sslproto "tls1.2+" sslcertck sslcertfile "{TRUSTED}" sslcommonname "localhost"'


class GetmailTls(clients.Getmail):
    """By STLS it cannot."""
    retriever, ssl = "SimplePOP3SSLRetriever", f"ca_certs = {TRUSTED}"


def by_tls(kind, *program):
    """Every login was behind TLS; and none failed on its way there."""
    log = fetch(kind, without=("25-megabytes",), program=program)
    words = re.findall(r"^pop3d: login .* tls=(\S+) ", log, re.M)
    check(words and set(words) == {"TLSv1.3"} and "err=handshake" not in log, words, log[-1000:])


def test_curl_tls():
    by_tls(CurlTls, "-s")


def test_curl_stls():
    by_tls(CurlStls)


def test_poplib_tls():
    by_tls(PoplibTls, "-s")


def test_poplib_stls():
    by_tls(PoplibStls)


def test_mpop_tls():
    by_tls(MpopTls, "-s")


def test_mpop_stls():
    by_tls(MpopStls)


def test_fetchmail_tls():
    by_tls(FetchmailTls, "-s")


def test_fetchmail_stls():
    by_tls(FetchmailStls)


def test_getmail6_tls():
    by_tls(GetmailTls, "-s")


# Clients that hand on what is typed.

def typed(program, *argv):
    """One session through a client of TLS: what the server said in it."""
    need(argv[0])
    user = site.user()
    user.put("1700000001.dots.host", AWKWARD["dots"])
    server = tcpserver(site, program=program)
    with server:
        done = subprocess.run([a.replace("PORT", str(server.port)) for a in argv], capture_output=True, timeout=DEADLINE, check=False,
                              input=f"USER {user.name}\r\nPASS {user.password}\r\nRETR 1\r\nQUIT\r\n".encode("ascii"))
        log = server.stop()
    sent = b"".join(b"." + line if line.startswith(b".") else line for line in WIRE["dots"].splitlines(True))
    want = b"+OK %d octets\r\n" % len(WIRE["dots"]) + sent + b".\r\n+OK bye\r\n"
    check(want in done.stdout, argv[0], done.stdout, done.stderr, log)
    check(re.search(r"^pop3d: login .* tls=TLSv1\.[23] ", log, re.M), log)


S_CLIENT = ("openssl", "s_client", "-connect", "127.0.0.1:PORT", "-servername", "localhost", "-CAfile", TRUSTED, "-verify_return_error",
            "-quiet", "-ign_eof")
GNUTLS = ("gnutls-cli", "--x509cafile", TRUSTED, "-p", "PORT", "--sni-hostname", "localhost", "--verify-hostname", "localhost",
          "127.0.0.1")


def test_openssl_tls():
    typed(("-s",), *S_CLIENT)
    typed(("-s",), *S_CLIENT, "-tls1_2")


def test_openssl_stls():
    typed((), *S_CLIENT, "-starttls", "pop3")


def test_gnutls_tls():
    typed(("-s",), *GNUTLS)
    typed(("-s",), *GNUTLS, "--priority=NORMAL:-VERS-TLS1.3")


def test_gnutls_stls():
    typed((), *GNUTLS, "--starttls-proto=pop3")


# Scanners.

# What sslscan must say, each once; and the ciphers that there may be.
SOUND = ("SSLv2     disabled", "SSLv3     disabled", "TLSv1.0   disabled", "TLSv1.1   disabled", "TLSv1.2   enabled",
         "TLSv1.3   enabled", "Server supports TLS Fallback SCSV", "Session renegotiation not supported",
         "TLSv1.3 not vulnerable to heartbleed", "TLSv1.2 not vulnerable to heartbleed")
STRONG = r"TLS_(?:AES_128_GCM|AES_256_GCM|CHACHA20_POLY1305)_SHA\d+|ECDHE-(?:RSA|ECDSA)-(?:AES\d+-GCM-SHA\d+|CHACHA20-POLY1305)"


def sslscan(program, *options):
    need("sslscan")
    with tcpserver(site, program=program) as server:
        done = subprocess.run(["sslscan", "--no-colour", "--ipv4", *options, f"127.0.0.1:{server.port}"], capture_output=True, text=True,
                              timeout=5 * DEADLINE, check=False)
    lines = done.stdout.splitlines()
    for line in SOUND:
        equal(lines.count(line), 1, line + " in " + done.stdout + done.stderr)
    ciphers = re.findall(r"(?m)^(?:Preferred|Accepted) +TLSv1\.[23] +\d+ bits +(\S+)", done.stdout)
    equal(len(ciphers), len(re.findall("(?m)^(?:Preferred|Accepted) ", done.stdout)))
    equal((len(ciphers), [c for c in ciphers if not re.fullmatch(STRONG, c)]), (9, []), done.stdout)


def test_sslscan_tls():
    sslscan(("-s",))


def test_sslscan_stls():
    sslscan((), "--starttls-pop3")


# What testssl.sh reports besides OK and INFO, and what is not ours in it: openssl's engines, and that POP3 is not HTTP.
NOT_OURS = {("WARN", "engine_problem"), ("DEBUG", "service")}
# Of a certificate as an authority would sign it, which the scanner trusts: its findings are about TLS and not about that.
SIGNED = ("-days", "300", "-addext", "crlDistributionPoints=URI:http://crl.invalid/c")


def testssl(program, *options, out=None):
    need("testssl")
    signed = Site()
    signed.user()
    signed.certificate(options=SIGNED)
    signed.certificate(kind="ecdsa", options=SIGNED)
    report = out or signed.at("report")
    trusted = signed.at("trusted.pem")
    with open(trusted, "w", encoding="ascii") as f:
        for name in ("fullchain.pem", "fullchain-ecdsa.pem"):
            with open(signed.at("tls", name), encoding="ascii") as chain:
                f.write(chain.read())
    with tcpserver(signed, "-c", "100", program=program) as server:
        done = subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "batch", "--nodns", "none", "--ip", "127.0.0.1", "--add-ca",
                               trusted, "--jsonfile", report + ".json", *(() if program else ("--starttls", "pop3")), *options,
                               f"localhost:{server.port}"], capture_output=True, text=True, timeout=900, check=False)
    with open(report + ".json", encoding="ascii") as f:
        findings = {x["id"]: (x["severity"], x["finding"]) for x in json.load(f)}
    equal([findings[i][0] for i in ("TLS1_2", "TLS1_3", "heartbleed")], ["OK"] * 3, done.stdout)
    worse = {i: f for i, f in findings.items() if f[0] not in ("OK", "INFO") and (f[0], i) not in NOT_OURS}
    equal(worse, {}, "above INFO")
    if out:
        print(done.stdout)
    return len(findings)


QUICK = ("--protocols", "--heartbleed", "--renegotiation", "--compression", "--ccs-injection")


def test_testssl_tls():
    check(testssl(("-s",), *QUICK) > 10)


def test_testssl_stls():
    check(testssl((), *QUICK) > 10)


if __name__ == "__main__":
    if sys.argv[1:] == ["testssl"]:  # all of it, which takes minutes: `make testssl`
        findings = [testssl(program, out=site.at(name)) for name, program in (("tls", ("-s",)), ("stls", ()))]
        harness.FORM = "-l"
        sys.exit(min(*findings, testssl(("-s",), out=site.at("listening"))) < 100)
    # All of TLS is the same code: with -l, testssl.sh is left to `make testssl`.
    sys.exit(run(both_forms(globals(), lambda name: name.endswith("-tls") and name != "testssl-tls")))
