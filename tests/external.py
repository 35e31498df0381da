"""external: certificates of clients (POP3_TLSCLIENT), by openssl, and EXTERNAL through the whole chain: whose they are,
what is refused, what authd hears of a connection's TLS and pop3d does not, and clients that people have."""
import base64
import os
import re
import ssl
import subprocess
import sys
import threading

from harness import (DEADLINE, Session, Site, TlsSession, both_forms, check, equal, need, need_root, run, served_by, tcpserver,
                     tls_context)
from tls import memory, room_pid

ANY = {"POP3_SASL": "plain,external", "POP3_TLSCLIENT": "any"}


def openssl(*argv, **options):
    return subprocess.run(["openssl", *argv], check=True, capture_output=True, timeout=DEADLINE, **options).stdout


class Certificate:
    """Of a client.  names: subjectAltName; by: who signs it, or nobody but itself; more: extensions."""

    def __init__(self, site, label, names="email:bob@example.org", by=None, more=(), days="30", key="ec"):
        self.file, self.key = site.at(label + ".pem"), site.at(label + ".key")
        new = {"ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "rsa": ("rsa:2048",), "ed25519": ("ed25519",)}[key]
        extensions = [x for e in (f"subjectAltName={names}", *more) for x in ("-addext", e)]
        signed = ("-CA", by.file, "-CAkey", by.key) if by else ()
        request = site.at(label + ".csr")
        openssl("req", "-newkey", *new, "-nodes", "-keyout", self.key, "-subj", f"/CN={label}", *extensions, "-out", request)
        if by:
            openssl("x509", "-req", "-in", request, *signed, "-days", days, "-copy_extensions", "copyall", "-out", self.file)
        else:
            openssl("x509", "-req", "-in", request, "-signkey", self.key, "-days", days, "-copy_extensions", "copyall", "-out",
                    self.file)
        for path in (self.file, self.key):
            os.chmod(path, 0o644)  # clients run as nobody

    def fingerprint(self):
        """As openssl prints it: with colons."""
        return openssl("x509", "-in", self.file, "-noout", "-fingerprint", "-sha256").decode().split("=")[1].strip()

    def context(self):
        context = tls_context()
        context.load_cert_chain(self.file, self.key)
        return context


def place(**settings):
    s = Site()
    s.certificate(kind="ecdsa")
    s.settings |= ANY | settings
    for name in ("bob", "eve"):
        s.user(name).put("1700000001.a.host")
    return s


def tool(where, *argv, status=0):
    done = where.user_tool(*argv)
    equal(done.returncode, status, f"{argv}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def external(where, certificate, name=None, wanted=b"+OK", **session):
    """AUTH EXTERNAL, with a name or without one; the log of the session."""
    s = TlsSession(where, context=certificate.context() if certificate else None, **session)
    s.ask("AUTH EXTERNAL " + (base64.b64encode(name.encode()).decode() if name else "="), wanted)
    if wanted == b"+OK":
        s.ask("STAT", b"+OK 1 ")
    return s.quit()


# One site for certificates that nobody signed, one with an authority.
site = place()
bobs, unknown = Certificate(site, "bobs"), Certificate(site, "unknown")
tool(site, "cert-add", "bob", "laptop", bobs.file)


def test_off_by_default():
    where = place(POP3_TLSCLIENT=None)
    s = TlsSession(where, context=bobs.context())
    check(b"EXTERNAL" not in s.asks("CAPA"), "EXTERNAL is offered")
    s.ask("AUTH EXTERNAL =", b"-ERR")
    s.quit()


def test_a_certificate_says_who():
    for name in (None, "bob"):
        log = external(site, bobs, name)
        check(" auth=external " in log and " user=bob " in log, log)
    s = TlsSession(site, context=bobs.context())  # without an initial response
    s.ask("AUTH EXTERNAL", b"+ ")
    s.ask("")
    check(b"EXTERNAL" in s.asks("CAPA"))
    s.quit()


def test_keys_of_clients():
    where = place()
    for kind in ("rsa", "ed25519"):
        c = Certificate(where, "bobs-" + kind, key=kind)
        tool(where, "cert-add", "bob", kind, c.fingerprint())
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = c.context()
            context.maximum_version = version
            s = TlsSession(where, context=context)
            s.ask("AUTH EXTERNAL =")
            s.quit()


def refused(where, certificate, name, reason, user="-", **session):
    log = external(where, certificate, name, wanted=b"-ERR", **session)
    check(re.search(rf"pop3d: fail sid=\S+ rip=\S+ .* user={user} try=1 reason={reason}\n", log), log)


def test_refusals():
    refused(site, None, None, "nocert")
    refused(site, None, "bob", "nocert")
    refused(site, unknown, None, "nocert")
    refused(site, unknown, "bob", "nocert", "bob")
    refused(site, bobs, "eve", "nocert", "eve")
    refused(site, bobs, "nobody", "nouser", "nobody")


def test_limits_of_a_certificate():
    where = place()
    old, near, plain = (Certificate(where, n) for n in ("old", "near", "plain"))
    tool(where, "cert-add", "bob", "old", old.file, "-x", "2020-01-01")
    tool(where, "cert-add", "bob", "near", near.file, "-a", "127.0.0.8/30")
    tool(where, "cert-add", "bob", "plain", plain.file, "-b", "plain")
    refused(where, old, None, "disabled", "bob")
    refused(where, near, None, "allownets", "bob")
    external(where, near, None, remote="127.0.0.9")
    refused(where, plain, None, "badmech", "bob")
    tool(where, "disable", "bob")
    refused(where, near, None, "disabled", "bob", remote="127.0.0.9")
    tool(where, "enable", "bob")
    external(where, near, None, remote="127.0.0.9")
    tool(where, "cert-del", "bob", "near")
    refused(where, near, None, "nocert", remote="127.0.0.9")


def test_one_certificate_of_two_users():
    where = place()
    both = Certificate(where, "both")
    for user in ("bob", "eve"):
        tool(where, "cert-add", user, "shared", both.file)
        external(where, both, user)
    refused(where, both, None, "nocert")


def test_the_tool():
    where = place()
    c = Certificate(where, "c")
    plain = c.fingerprint().replace(":", "").lower()
    tool(where, "cert-add", "bob", "a", c.fingerprint())
    tool(where, "cert-add", "bob", "b", plain)
    tool(where, "cert-add", "bob", "n", "name:bob@example.org", "-b", "external", "-x", "2099-01-01")
    with open(where.at("users"), encoding="ascii") as f:
        text = f.read()
    equal(text.count(f"bob:{{CERT-SHA-256}}{plain}:label="), 2, text)
    check(re.search(r"^bob:\{CERT-NAME\}bob@example\.org:label=n,created=\S+,expires=2099-01-01T00:00:00Z,by=external$", text, re.M),
          text)
    shown = tool(where, "show", "bob")
    check("verifier: certificate label=a" in shown and "verifier: certified-name label=n" in shown and plain not in shown, shown)
    check("has something under the label a already" in tool(where, "cert-add", "bob", "a", c.file, status=1))
    check("has no certificate z" in tool(where, "cert-del", "bob", "z", status=1))
    for wrong, why in ((c.key, "has no certificate in PEM"), ("ab:cd", "cannot be read"), ("name:", "is empty"),
                       ("name:a b", "not printable"), ("name:a:b", "has a colon")):
        check(why in tool(where, "cert-add", "bob", "w", wrong, status=100), wrong)


def test_user_without_a_password():
    """The one verifier in a user's line may be a certificate; then no password opens his maildrop."""
    where = place()
    c = Certificate(where, "c")
    with open(where.at("users"), encoding="ascii") as f:
        text = f.read()
    text = re.sub(r"^bob:[^:]*:", "bob:{CERT-SHA-256}" + c.fingerprint().replace(":", "") + ":", text, flags=re.M)
    with open(where.at("users"), "w", encoding="ascii") as f:
        f.write(text)
    tool(where, "compile")
    external(where, c)
    s = TlsSession(where)
    s.ask("USER bob")
    s.ask("PASS open sesame", b"-ERR")
    s.quit()


# With an authority.

def authority():
    where = place()
    ca = Certificate(where, "ca", names="DNS:ca.example.org", more=("basicConstraints=critical,CA:TRUE",))
    where.settings["POP3_TLSCLIENT"] = ca.file
    for user in ("bob", "eve"):
        tool(where, "cert-add", user, "name", f"name:{user}@example.org")
    return where, ca


def test_names_of_an_authority():
    where, ca = authority()
    external(where, Certificate(where, "b", by=ca))
    external(where, Certificate(where, "e", "DNS:host.example.org,email:eve@example.org,email:bob@example.org", ca), "eve")
    refused(where, Certificate(where, "e2", "DNS:host.example.org,email:eve@example.org,email:bob@example.org", ca), "bob", "nocert",
            "bob")
    refused(where, Certificate(where, "h", "DNS:bob@example.org.example", ca), None, "nocert")
    tool(where, "cert-add", "eve", "host", "name:host.example.org")
    external(where, Certificate(where, "h2", "DNS:host.example.org", ca), "eve")
    for user in ("bob", "eve"):  # a client that shows nothing may still log in otherwise
        TlsSession(where).login(type("User", (), {"name": user, "password": "open sesame"})).quit()


def handshake_fails(where, certificate, reason):
    """With TLS 1.3 the client hears of it when it reads."""
    s = Session(where, greet=False, arguments=("-s",))
    try:
        tls = certificate.context().wrap_socket(s.sock, server_hostname="localhost")
        tls.recv(100)
        check(False, "was let in")
    except (ssl.SSLError, ConnectionError):
        pass
    s.sock.close()
    log = s.wait()
    check(re.fullmatch(rf"pop3d: tls sid=\S+ rip=\S+ lip=\S+ sni=localhost err=handshake detail=({reason})\n", log), log)


def test_strangers_of_an_authority():
    where, ca = authority()
    other = Certificate(where, "other", names="DNS:ca.example.org", more=("basicConstraints=critical,CA:TRUE",))
    for c, why in ((Certificate(where, "self"), "self-signed%20certificate"),
                   (Certificate(where, "others", by=other), "unable%20to%20get%20local%20issuer%20certificate|.*signature%20failure"),
                   (Certificate(where, "late", by=ca, days="-1"), "certificate%20has%20expired"),
                   (Certificate(where, "server", by=ca, more=("extendedKeyUsage=serverAuth",)), "unsuitable%20certificate%20purpose"),
                   (Certificate(where, "behind", by=Certificate(where, "leaf", by=ca)), "unable%20to%20get.*issuer.*")):
        handshake_fails(where, c, why)


def test_a_name_that_nobody_signed_is_nobodys():
    """Anybody can make a certificate with any name in it."""
    where, _ = authority()
    where.settings["POP3_TLSCLIENT"] = "any"
    refused(where, Certificate(where, "forged"), "bob", "nocert", "bob")
    refused(where, Certificate(where, "forged2"), None, "nocert")


def test_what_the_administrator_must_repair():
    for value, words, status in (("some", "must be -, any, or the absolute path", 100), (site.at("nowhere"), "cannot open", 111),
                                 (site.at("tls"), "must be a regular file", 100), (bobs.key, "must be PEM", 0)):
        s = Session(site, greet=False, arguments=("-s",), POP3_TLSCLIENT=value)
        if s.listens:  # it ends before it accepts anybody, and then with tlsd's status
            status = status or 100
        else:
            s.closed()
        log = s.end()
        check(s.status == status and words in log, value, s.status, log)


# What tlsd says to authd.

class Shown(TlsSession):
    """A session whose facts, a file that tlsd holds, we read and change, as root may."""

    def facts(self):
        return f"/proc/{room_pid(self, 'tlsd')}/fd/6"

    def change(self, at, bits):
        with open(self.facts(), "r+b") as f:
            f.seek(at)
            octet = f.read(1)[0]
            f.seek(at)
            f.write(bytes([octet ^ bits]))


def test_altered_facts():
    need_root()
    s = Shown(site, context=bobs.context())
    with open(s.facts(), "rb") as f:
        length = len(f.read())
    s.quit()
    for at, change in ((36, 1), (67, 0x80), (36 + 31, 1)):  # in the fingerprint
        s = Shown(site, context=bobs.context())
        s.change(at, change)
        s.ask("AUTH EXTERNAL =", b"-ERR")
        check(" reason=nocert\n" in s.quit())
    for at, change in ((0, 1), (1, 0x80), (1, 2), (2, 1), (length - 1, 1)):  # in the form: then they are none at all
        s = Shown(site, context=bobs.context())
        s.change(at, change)
        s.send(b"AUTH EXTERNAL =\r\n")
        while s.more():
            pass
        check(not s.buffer.startswith(b"+OK"), s.buffer)
        s.sock.close()
        check("the facts of the client's TLS are malformed" in s.wait())


def talk(process, wanted, sent=b""):
    """What openssl says up to and with wanted, after sent."""
    process.stdin.write(sent)
    process.stdin.flush()
    said = b""
    while wanted not in said:
        block = process.stdout.read1()
        check(block, "openssl said only", said)
        said += block
    return said


def test_exporter_reaches_authd_and_not_pop3d():
    """RFC 9266: both ends of TLS compute it, authd has it, and the room that speaks with the client never."""
    need_root()
    for version in ("-tls1_3", "-tls1_2"):
        with tcpserver(site, program=("-s",)) as server:
            client = subprocess.Popen(["openssl", "s_client", version, "-cert", bobs.file, "-key", bobs.key, "-keymatexport",
                                       "EXPORTER-Channel-Binding", "-keymatexportlen", "32", "-connect",
                                       f"127.0.0.1:{server.port}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT)
            said = talk(client, b"+OK ")
            said += talk(client, b"+ ", b"AUTH EXTERNAL\n")  # authd has begun, and waits for the response
            exporter = bytes.fromhex(re.search(rb"Keying material: ([0-9A-F]{64})", said).group(1).decode())
            session = OneOf(server)
            pids = {name: room_pid(session, name) for name in ("tlsd", "pop3d", "authd")}
            with open(f"/proc/{pids['tlsd']}/fd/6", "rb") as f:
                facts = f.read()
            equal(facts[4:36].hex(), exporter.hex(), "the facts' exporter")
            check(exporter in memory(pids["authd"]), "authd has no exporter: the search is blind")
            pop3d = memory(pids["pop3d"])
            with open(f"/proc/{pids['pop3d']}/cmdline", "rb") as f:
                check(f.read() in pop3d, "this is not pop3d's memory: the search is blind")
            check(exporter not in pop3d and exporter[:12] not in pop3d, "pop3d has the exporter")
            inode = os.stat(f"/proc/{pids['tlsd']}/fd/6").st_ino
            equal(os.stat(f"/proc/{pids['authd']}/fd/8").st_ino, inode, "the facts that authd reads")
            check(inode not in [os.stat(f"/proc/{pids['pop3d']}/fd/{n}").st_ino for n in os.listdir(f"/proc/{pids['pop3d']}/fd")],
                  "pop3d holds the facts")
            talk(client, b"+OK", b"\n")
            client.communicate(b"QUIT\n", DEADLINE)


# Clients.

class OneOf:
    """Of a server that serves one session."""

    def __init__(self, server):
        self.pid = server.process.pid

    def children(self):
        return served_by(self.pid)


def client(*argv, home, statuses=(0,)):
    done = subprocess.run(argv, capture_output=True, timeout=DEADLINE, check=False, cwd=home,
                          env={"PATH": os.environ["PATH"], "HOME": home, "FETCHMAILHOME": home, "LC_ALL": "C"})
    check(done.returncode in statuses, argv[0], done.returncode, done.stdout, done.stderr)
    return done.stdout


def test_curl():
    need("curl")
    with tcpserver(site, program=("-s",)) as server:
        got = client("curl", "-sS", "-k", "--cert", bobs.file, "--key", bobs.key, "-u", "bob:", "--login-options", "AUTH=EXTERNAL",
                     f"pop3s://127.0.0.1:{server.port}/1", home=site.dir)
        check(got.startswith(b"Subject: t\r\n"), got)
        client("curl", "-sS", "-k", "--cert", unknown.file, "--key", unknown.key, "-u", "bob:", "--login-options", "AUTH=EXTERNAL",
               f"pop3s://127.0.0.1:{server.port}/1", home=site.dir, statuses=(67,))
        server.log.wait("reason=nocert")


def test_fetchmail():
    """It shows its certificate, and cannot say EXTERNAL in POP3: told to use nothing else, it says USER, gives up, and is
    let in nowhere; told nothing, it sends a password, which is all that the certificate is then good for: an authority of
    ours is a gate before it."""
    need("fetchmail")
    where, ca = authority()
    good, strange = Certificate(where, "f", by=ca), Certificate(where, "s")

    def fetch(certificate, auth, status, logged):
        rc = where.at("fetchmailrc")
        with open(rc, "w", encoding="ascii") as f:
            f.write(f"""poll 127.0.0.1 protocol pop3 port {server.port} auth {auth} user "bob" password "open sesame" keep
                ssl sslproto "auto" no sslcertck sslcert "{certificate.file}" sslkey "{certificate.key}"
                mda "/bin/sh -c 'cat >>{where.at("fetched")}'"
                """)
        os.chmod(rc, 0o600)
        done = subprocess.run(["fetchmail", "--nosyslog", "-f", rc], capture_output=True, timeout=DEADLINE, check=False, text=True,
                              env={"PATH": os.environ["PATH"], "HOME": where.dir, "FETCHMAILHOME": where.dir, "LC_ALL": "C"})
        equal(done.returncode, status, done.stderr)
        server.log.wait(logged)
        return done.stderr

    with tcpserver(where, program=("-s",)) as server:
        said = fetch(good, "external", 3, r" user=bob end=quit ")
        check("run out of allowed authenticators" in said, said)
        fetch(strange, "external", 2, "self-signed%20certificate")
        fetch(strange, "any", 2, r"(?s)self-signed%20certificate.*self-signed%20certificate")
        fetch(good, "any", 0, " auth=pass ")
        log = server.stop()
    check("auth=external" not in log, "it can: then it is time to test that", log)
    equal(len(re.findall(" login sid=", log)), 1, log)
    with open(where.at("fetched"), "rb") as f:
        check(b"Subject: t\n" in f.read(), "nothing was fetched")


def test_mpop():
    need("mpop")
    where = place()
    c = Certificate(where, "c")
    tool(where, "cert-add", "bob", "mpop", c.file)
    box = where.at("mbox")
    with tcpserver(where, program=("-s",)) as server:
        client("mpop", "--host=127.0.0.1", f"--port={server.port}", "--tls=on", "--tls-starttls=off", "--tls-certcheck=off",
               f"--tls-cert-file={c.file}", f"--tls-key-file={c.key}", "--auth=external", "--user=bob",
               f"--delivery=mbox,{box}", "--keep=on", home=where.dir)
        server.log.wait("auth=external")
    with open(box, "rb") as f:
        check(b"Subject: t\n" in f.read(), "nothing was stored")


if __name__ == "__main__":
    sys.exit(run(both_forms(globals())))
