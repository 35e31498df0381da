"""session: plays every tests/session/*.txt, byte for byte, through the whole chain that a client meets.
A transcript is a header of "# key: value" lines, then C: (client), S: (server), each a line without its CRLF.
C! is sent without CRLF, EOF is the server's close; \\n \\r \\0 \\t \\\\ \\xHH, and \\{N*TEXT} for N times TEXT.
What is random: \\{stamp} is the timestamp of APOP, and \\{apop NAME SECRET} the digest of it; \\{challenge} is the base64 of any challenge, and \\{cram NAME SECRET} the response to the last one; so are
\\{scram-sha-1 NAME SECRET} and \\{scram-sha-256 NAME SECRET}, with -y that of a client which could be bound to TLS, and
\\{proof NAME SECRET} to what is challenged then; the server must prove itself with \\{signature}."""

import os
import re
import shutil
import sys

import sasl
from harness import PASSWORD, TESTS, Session, Site, check, equal, run

# Keys of the header.  maildrop: a fixture below (empty without it) ; message: NAME CONTENT, one more message ;
# state: transaction = bob has logged in ; set: NAME=VALUE, a setting ; plain: no = the client is not on loopback ;
# log, nolog: a regular expression that must, or must not, match a line of the log ; left: what the Maildir has then.
KEYS = ("maildrop", "message", "state", "set", "plain", "log", "nolog", "left")
FIXTURES = {
    "empty": [],
    "three": [("new/1700000001.a.host", b"Subject: one\n\nfirst\n"),
              ("new/1700000002.b.host", b"Subject: two\n\nsecond\nline\n"),
              ("cur/1700000003.c.host:2,S", b"Subject: three\n\n.dot\n")],
}
LOGIN = [("S", "+OK POP3 ready"), ("C", "USER bob\\r\\n"), ("S", "+OK send PASS"),
         ("C", "PASS open sesame\\r\\n"), ("S", "+OK logged in")]
ESCAPES = {"n": "\n", "r": "\r", "0": "\0", "t": "\t", "\\": "\\"}


def unescape(text):
    text = re.sub(r"\\\{(\d+)\*([^}]*)\}", lambda m: m[2] * int(m[1]), text)
    return re.sub(r"\\(x[0-9a-fA-F]{2}|.)", lambda m: chr(int(m[1][1:], 16)) if m[1][0] == "x" else ESCAPES[m[1]],
                  text).encode("latin-1")


class Exchange:
    """What a transcript says of challenges."""

    challenge = scram = stamp = None

    def respond(self, what, name, secret):
        name, secret = name.encode("latin-1"), secret.encode("latin-1")
        if what == "apop":
            return sasl.apop(self.stamp, secret)
        if what == "cram":
            return sasl.cram_md5(self.challenge, name, secret)
        if what == "proof":
            return self.scram.final(self.challenge)
        form = re.fullmatch(r"scram-sha-(1|256)(-y)?", what)
        check(form, "a transcript has no", what)
        self.scram = sasl.Scram(name, secret, "sha" + form[1], b"y,," if form[2] else b"n,,")
        return self.scram.first()

    def client(self, text):
        return unescape(re.sub(r"\\\{([a-z][a-z0-9-]+) (\S+) ([^}]+)\}", lambda m: self.text(self.respond(*m.groups())), text))

    @staticmethod
    def text(response):
        return response if isinstance(response, str) else sasl.b64(response)

    def server(self, session, text):
        """One line of the server's, which may have a challenge in it."""
        if text.endswith("\\{signature}"):
            text = text.replace("\\{signature}", sasl.b64(self.scram.expected))
        if text.endswith(" \\{stamp}"):
            expect(session, unescape(text[:-8]))
            self.stamp = session.line()
            return check(re.fullmatch(rb"<[0-9a-f]{32}@[a-z0-9.-]+>", self.stamp), "a timestamp", self.stamp)
        before, random, _ = text.partition("\\{challenge}")
        if not random:
            return expect(session, unescape(text) + b"\r\n")
        expect(session, unescape(before))
        self.challenge = sasl.unb64(session.line())


def load(path):
    """The header as lists of values, and the steps as (kind, text)."""
    header, steps = {key: [] for key in KEYS}, []
    with open(path, encoding="ascii") as f:
        for line in f.read().splitlines():
            if directive := re.fullmatch(r"# ([a-z]+): (.*)", line):
                check(directive[1] in KEYS and not steps, path, "has a bad directive", line)
                header[directive[1]].append(directive[2])
            elif line == "EOF":
                steps.append(("EOF", ""))
            elif line[:3] in ("C: ", "S: ", "C! "):
                steps.append((line[0], line[3:] + ("" if line[1] == "!" or line[0] == "S" else "\\r\\n")))
            else:
                check(line == "" or line.startswith("#"), path, "has a bad line", line)
    check(steps, path, "is empty")
    return header, steps


def expect(session, octets):
    while len(session.buffer) < len(octets) and octets.startswith(session.buffer):
        if not session.more():
            break
    equal(session.buffer[:len(octets)], octets, "the server's line")
    session.buffer = session.buffer[len(octets):]


def fill(maildir, header):
    shutil.rmtree(maildir.path)
    maildir.make()
    for name, content in FIXTURES[(header["maildrop"] or ["empty"])[0]]:
        maildir.put(name, content)
    for message in header["message"]:
        name, _, content = message.partition(" ")
        maildir.put(unescape(name), unescape(content))


def play(site, bob, path):
    header, steps = load(path)
    fill(bob.maildir, header)
    settings = dict(s.split("=", 1) for s in header["set"])
    remote = "192.0.2.7" if header["plain"] == ["no"] else "127.0.0.1"
    session = Session(site, greet=False, remote=remote, **settings)
    if header["state"] == ["transaction"]:
        steps = LOGIN + steps
    exchange = Exchange()
    for kind, text in steps:
        if kind == "C":
            session.send(exchange.client(text))
        elif kind == "S":
            exchange.server(session, text)
    if steps[-1][0] != "EOF":
        session.sock.shutdown(1)
    session.closed()
    log = session.end()
    equal(session.status, 0, "the exit status")
    for pattern in header["log"]:
        check(re.search(pattern, log, re.M), "no line matches", pattern, "in", log)
    for pattern in header["nolog"]:
        check(not re.search(pattern, log, re.M), "a line matches", pattern, "in", log)
    for left in header["left"]:
        equal(bob.names(), [] if left == "nothing" else left.split(" "), "the Maildir")


# Tokens are believed by the public key of RFC 8037 appendix A.2.
ISSUERS = {"issuers": "issuer https://login.example.org\nkeys rfc8037.jwks\naudience sallyport\nuser sub\n",
           "rfc8037.jwks": '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'}


def site_make():
    site = Site()
    for name, text in ISSUERS.items():
        with open(site.at(name), "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(site.at(name), 0o600)
    bob = site.user("bob", maildrop=site.at("mail", "bob"))
    site.user("spaces", " two  spaces ")
    site.user("eight", "p\xe4ss\xf6rd")
    site.user("nodrop", make=False)
    site.user("n" * 246)
    for name in ("shared", "disabled"):
        site.user(name)
        equal(site.user_tool("forms", name, *"-k shared -k scram-sha-1 -k scram-sha-256".split(), password=PASSWORD).returncode, 0)
    equal(site.user_tool("disable", "disabled").returncode, 0)
    return site, bob


def main():
    site, bob = site_make()
    directory = os.path.join(TESTS, "session")
    names = sorted(n[:-4] for n in os.listdir(directory) if n.endswith(".txt"))
    return run((n, lambda n=n: play(site, bob, os.path.join(directory, n + ".txt"))) for n in names)


if __name__ == "__main__":
    sys.exit(main())
