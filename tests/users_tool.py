#!/usr/bin/env python3
"""Drive the built sallyport-user through every verb, as an administrator would: by a pipe and by a terminal.

BUILD names the directory it was built in (default build/musl).  Needs no root, and works under it."""

import base64
import hashlib
import hmac
import os
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import time

BUILD = os.environ.get("BUILD", "build/musl")
TOOL = os.path.abspath(os.path.join(BUILD, "sallyport-user"))
MD5 = "$1$abcdefgh$9qMkHazuSy1Q8myEum7yb/"  # of "open sesame"
UID = os.getuid() or 5000
GID = os.getgid() or 5000

passed = failed = 0


def check(good, what):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print("failed: %s" % what)


class Place:
    """A directory with a text file and databases of its own."""

    def __init__(self, top, name):
        self.dir = os.path.join(top, name)
        self.users = os.path.join(self.dir, "users")
        self.data = os.path.join(self.dir, "data")
        os.mkdir(self.dir)
        os.mkdir(self.data, 0o700)
        self.env = {"SALLYPORT_ARGON2_KIB": "64", "SALLYPORT_ARGON2_PASSES": "1", "POP3_MAILBASE": top,
                    "POP3_UIDMIN": "1", "PATH": "/usr/bin:/bin"}

    def command(self, *words):
        return [TOOL, "-f", self.users, "-d", self.data, *words]

    def run(self, *words, stdin="", env=None):
        p = subprocess.run(self.command(*words), input=stdin.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           env={**self.env, **(env or {})}, timeout=60)
        return p.returncode, p.stdout.decode(), p.stderr.decode()

    def expect(self, status, *words, stdin="", out=None, err=None, env=None):
        r, o, e = self.run(*words, stdin=stdin, env=env)
        what = " ".join(words)
        check(r == status, "%s: exit %d, not %d: %s%s" % (what, r, status, o, e))
        if out is not None:
            check(re.search(out, o), "%s: standard output is %r, wanted %r" % (what, o, out))
        if err is not None:
            check(re.search(err, e), "%s: standard error is %r, wanted %r" % (what, e, err))
        return o

    def text(self):
        with open(self.users, newline="") as f:
            return f.read()

    def write(self, text):
        with open(self.users, "w", newline="") as f:
            f.write(text)
        os.chmod(self.users, 0o600)

    def pair(self):
        """What identifies both databases: a new one is another file."""
        return [os.stat(os.path.join(self.data, n)).st_ino for n in ("users.cdb", "secrets.cdb")]

    def add(self, name, password="open sesame", status=0, **more):
        self.expect(status, "add", name, "-u", "%d:%d" % (UID, GID), "-m", os.path.join(self.dir, name),
                    stdin=password + "\n", **more)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_life_of_a_user(p):
    p.expect(100, "list", err="there is no .*; make the first user")
    p.add("bob")
    check(re.fullmatch(r"bob:\$argon2id\$v=19\$m=64,t=1,p=1\$[^:]*:%d:%d:%s/bob:\n" % (UID, GID, p.dir), p.text()),
          "the line of bob: %r" % p.text())
    for path in (p.users, p.data + "/users.cdb", p.data + "/secrets.cdb", p.data + "/slots",
                 p.data + "/shared.key", p.data + "/guesses", p.data + "/logins"):
        check(mode(path) == 0o600, "mode of %s" % path)
    check(sorted(os.listdir(p.dir)) == ["data", "users", "users.lock"], "only these files: %s" % os.listdir(p.dir))
    check(sorted(os.listdir(p.data)) == ["guesses", "logins", "secrets.cdb", "sessions", "shared.key", "slots",
                                          "users.cdb"], "only these in data")

    before = p.text(), p.pair()
    p.add("bob", status=1, err="there is a user bob already")
    check((p.text(), p.pair()) == before, "add of an existing user changes nothing")

    p.expect(0, "list", out=r"\Abob\t%d:%d\t%s/bob\tenabled\targon2id\n\Z" % (UID, GID, p.dir))
    out = p.expect(0, "show", "bob", out="state: enabled\nverifier: argon2id .line 1.\n")
    check("$" not in out, "show does not show the verifier")
    p.expect(1, "show", "al", err="there is no user al")

    slots = os.stat(p.data + "/slots").st_ino
    p.expect(0, "disable", "bob")
    check(p.text().endswith(":disabled\n"), "the flag is in the text")
    p.expect(1, "disable", "bob", err="bob is disabled already")
    p.expect(1, "test", "bob", stdin="open sesame\n", out="FAIL enabled")
    p.expect(0, "enable", "bob")
    p.expect(1, "enable", "bob", err="bob is enabled already")
    check(os.stat(p.data + "/slots").st_ino == slots, "slots is never replaced")

    old = p.text()
    p.expect(0, "passwd", "bob", stdin="other\n")
    check(p.text() != old, "a new verifier")
    out = p.expect(0, "passwd", "bob", "-g", out=r"\A[a-z2-9]{20}\n\Z")
    p.expect(1, "test", "bob", stdin="other\n", out="FAIL password: wrong")
    p.expect(1, "test", "bob", stdin=out, out="ok   password: right(.|\n)*FAIL maildrop exists")
    p.expect(1, "passwd", "al", stdin="x\n", err="there is no user al")
    for verb in ("del", "disable", "enable"):
        p.expect(1, verb, "al", err="there is no user al")
    p.expect(0, "del", "bob")
    check(p.text() == "", "the line is gone")
    p.expect(1, "test", "bob", out="FAIL found in secrets.cdb")
    p.expect(1, "test", "", err="there is no user")
    p.expect(1, "del", "bob")


def test_login_steps(p):
    p.add("bob")
    drop = os.path.join(p.dir, "bob")
    p.expect(1, "test", "bob", stdin="open sesame\n", out="FAIL maildrop exists: No such file")
    os.mkdir(drop)
    p.expect(1, "test", "bob", stdin="open sesame\n", out="FAIL messages: new or cur cannot be read")
    for sub in ("new", "cur", "tmp"):
        os.mkdir(os.path.join(drop, sub))
    if os.getuid() == 0:
        p.expect(1, "test", "bob", stdin="open sesame\n", out="FAIL maildrop's owner: 0:0")
        os.chown(drop, UID, GID)
    for name in ("new/1.a.host", "cur/2.b.host:2,S", "cur/3.c.host:2,", "new/.hidden"):
        open(os.path.join(drop, name), "w").close()
    out = p.expect(0, "test", "bob", stdin="open sesame\n", out="ok   messages: 1 in new, 2 in cur")
    check("FAIL" not in out and "open" not in out, "every step is good, and the password is not shown")
    p.expect(1, "test", "bob", stdin="open\n", out="FAIL password: wrong")
    p.expect(1, "test", "bob", stdin="open sesame\n", out="FAIL uid and gid: .*below POP3_UIDMIN",
             env={"POP3_UIDMIN": "4000000000"})
    p.expect(1, "test", "bob", stdin="open sesame\n", out="FAIL maildrop beneath", env={"POP3_MAILBASE": "/var/vmail"})
    p.expect(100, "test", "bob", stdin="\n", err="the password is empty")
    now = time.time()
    os.utime(p.users, (now + 5, now + 5))
    p.expect(0, "test", "bob", stdin="open sesame\n", out="note .* is newer than .*: run sallyport-user compile")
    with open(p.data + "/secrets.cdb", "r+b") as f:
        f.truncate(2050)
    p.expect(111, "test", "bob", stdin="open sesame\n", err="secrets.cdb is damaged; run sallyport-user compile")
    os.unlink(p.data + "/secrets.cdb")
    p.expect(111, "test", "bob", stdin="open sesame\n", err="cannot open .*secrets.cdb")


def of_shared(p, text):
    """How many octets a {SHARED} verifier holds; that they are the right ones, only a login tells (tests/auth.py)."""
    box = base64.b64decode(text[len("{SHARED}"):])
    return len(box) - 24 - 16


def scram_keys(text, password):
    """Do the keys of a {SCRAM-...} verifier follow from that password (RFC 5802 section 3)?"""
    name, fields = text[1:].split("}")
    md = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}[name]
    iterations, *octets = fields.split(",")
    salt, stored, server = (base64.b64decode(o, validate=True) for o in octets)
    salted = hashlib.pbkdf2_hmac(md, password.encode(), salt, int(iterations))
    client = hmac.new(salted, b"Client Key", md).digest()
    check(int(iterations) >= 4096 and len(salt) == 16, "iterations and salt: %s" % text)
    return (stored, server) == (hashlib.new(md, client).digest(), hmac.new(salted, b"Server Key", md).digest())


def verifiers(p, name):
    """The verifiers of a user, in the order of the text."""
    return [line.split(":")[1] for line in p.text().splitlines() if line.split(":")[0] == name]


def test_forms(p):
    p.add("bob")
    one = verifiers(p, "bob")
    p.expect(0, "forms", "bob", "-k", "scram-sha-1", "-k", "shared", "-k", "scram-sha-256", stdin="open sesame\n")
    kinds = ["$argon2id", "{SCRAM-SHA-256", "{SCRAM-SHA-1", "{SHARED"]
    got = verifiers(p, "bob")
    check([v[:len(k)] for v, k in zip(got, kinds)] == kinds and len(got) == 4, "each form once: %s" % got)
    check(got[0] == one[0], "the hash stays")
    for v in got[1:3]:
        check(scram_keys(v, "open sesame") and not scram_keys(v, "open"), "the keys of %s" % v)
    check(of_shared(p, got[3]) == len("open sesame"), got[3])
    check(all(re.search(r":label=,created=20[0-9TZ:-]+$", line) for line in p.text().splitlines()[1:]), p.text())
    out = p.expect(0, "show", "bob", out=r"verifier: scram-sha-256 label=,created=(.|\n)*verifier: scram-sha-1 label=(.|\n)*"
                                        r"verifier: shared label=")
    check("{" not in out and "," not in re.sub(r",created=\S+", "", out), "verifiers are not shown: %r" % out)
    p.expect(1, "test", "bob", stdin="open sesame\n",
             out=r"ok   password: right, the main one\n(.|\n)*ok   scram-sha-256: of this password too\n"
                 r"ok   scram-sha-1: of this password too\nok   shared: of this password too\n")
    # Never the same twice; none without being asked for; not of a password that is not the main one.
    p.expect(0, "forms", "bob", "-k", "scram-sha-256", "-k", "shared", stdin="open sesame\n")
    again = verifiers(p, "bob")
    check(len(again) == 3 and again[1] != got[1] and again[2] != got[3], "new salts and nonces")
    before = p.text()
    p.expect(1, "forms", "bob", "-k", "shared", stdin="open\n", err="that is not the current password of bob")
    p.expect(100, "forms", "bob", "-k", "argon2id", stdin="open sesame\n", err="-k is no kind of verifier; ")
    p.expect(1, "forms", "eve", "-k", "shared", stdin="x\n", err="there is no user eve")
    check(p.text() == before, "nothing has changed")
    # The limits of the main password are those of all its forms; a new password keeps them.
    p.expect(0, "restrict", "bob", "-a", "192.0.2.0/24")
    check(len(re.findall(r"from=192\.0\.2\.0/24$", p.text(), re.M)) == 3, p.text())
    p.expect(0, "app-add", "bob", "phone")
    p.expect(0, "passwd", "bob", "-k", "scram-sha-1", stdin="new one\n")
    lines = p.text().splitlines()
    check([line.split(":")[1][:9] for line in lines] == ["$argon2id", "{SCRAM-SH", "{SSHA512}"], lines)
    check(scram_keys(verifiers(p, "bob")[1], "new one"), "of the new password")
    check(all("from=192.0.2.0/24" in line for line in lines[:2]) and "from=" not in lines[2], lines)
    p.expect(0, "restrict", "bob")
    p.expect(0, "forms", "bob")
    check([v[:9] for v in verifiers(p, "bob")] == ["$argon2id", "{SSHA512}"], "without -k, none: %r" % p.text())
    # With a new user, and by generated passwords.
    p.add("al", "al's", status=0)
    password = p.expect(0, "add", "cy", "-u", "%d:%d" % (UID, GID), "-m", p.dir + "/cy", "-g", "-k", "scram-sha-256")
    check(scram_keys(verifiers(p, "cy")[1], password.strip()), "of the generated one")
    p.expect(0, "change", "cy", "-k", "shared", stdin=password + "mine\n")
    check([v[:9] for v in verifiers(p, "cy")] == ["$argon2id", "{SHARED}" + verifiers(p, "cy")[1][8]], p.text())
    # Clients do not agree on how to prepare what is not ASCII, so that is not made.
    before = p.text()
    p.expect(100, "passwd", "al", "-k", "scram-sha-256", stdin="pass\u00e9\n", err="must be of ASCII characters")
    check(p.text() == before, "nothing has changed")
    p.expect(0, "passwd", "al", "-k", "shared", stdin="pass\u00e9\n")
    # An app password as a shared secret, and as nothing else.
    phone = p.expect(0, "app-add", "al", "till", "-k", "shared", "-b", "cram-md5")
    check(of_shared(p, verifiers(p, "al")[2]) == len(phone.strip()) == 20, p.text())
    p.expect(1, "test", "al", stdin=phone, out="ok   password: right, the app password till\n"
             "ok   scheme: shared\n(.|\n)*FAIL good for USER and PASS\nok   good for APOP or CRAM-MD5\n")
    p.expect(100, "app-add", "al", "other", "-k", "scram-sha-1", err="for SCRAM in no case; ")
    # A key that is not one: nothing is sealed with it, and it is not replaced.
    with open(p.data + "/shared.key", "r+b") as f:
        f.truncate(31)
    before = p.text()
    p.expect(111, "passwd", "al", "-k", "shared", stdin="x\n", err="shared.key has not 32 octets: ")
    check(p.text() == before and os.stat(p.data + "/shared.key").st_size == 31, "nothing has changed")


def decoy(p):
    """Iterations of SHA-256 and SHA-1 that the decoy has: u32 before a salt of 16 octets and StoredKey."""
    with open(p.data + "/secrets.cdb", "rb") as f:
        f.seek(2048)
        keys, values = struct.unpack("<II", f.read(8))
        check(keys == 0, "the decoy is the first")
        value = f.read(values)
    return [int.from_bytes(m[1], "big") for m in re.finditer(rb"(....)\0\x10.{16}\0[\x20\x14]", value, re.S)]


def test_decoy(p):
    """Whoever has no SCRAM verifier looks like most of those who have one."""
    p.add("bob")
    check(decoy(p) == [10000, 10000], "nobody has one: %s" % decoy(p))
    p.expect(0, "forms", "bob", "-k", "scram-sha-256", stdin="open sesame\n")
    line = p.text().splitlines()[1]
    p.write(p.text() + "".join(line.replace("bob:", n + ":").replace("10000", i).replace("label=", "") .replace(
        ",created", "created").replace(":created", ":%d:%d:%s/%s:created" % (UID, GID, p.dir, n)) + "\n"
        for n, i in (("al", "4096"), ("cy", "4096"))))
    p.expect(0, "compile")
    check(decoy(p) == [4096, 10000], "two of three have 4096: %s" % decoy(p))


def test_app_passwords(p):
    p.add("bob")
    p.add("al")
    first = p.text()
    phone = p.expect(0, "app-add", "bob", "phone", "-x", "2099-01-01", "-a", "10.0.0.0/8", "-a", "2001:db8::/32",
                     out=r"\A[a-z2-9]{20}\n\Z")
    lines = p.text().splitlines()
    check(re.fullmatch(r"bob:\{SSHA512\}[^:]{108}:label=phone,created=20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ,"
                       r"expires=2099-01-01T00:00:00Z,from=10\.0\.0\.0/8,from=2001:db8::/32", lines[1]), lines[1])
    check(first == "\n".join(lines[:1] + lines[2:]) + "\n", "the line stands below the user's: %r" % lines)
    p.expect(1, "app-add", "bob", "phone", err="bob has an app password phone already")
    p.expect(1, "app-add", "eve", "phone", err="there is no user eve")
    p.expect(1, "app-del", "bob", "tablet", err="bob has no app password tablet")
    tablet = p.expect(0, "app-add", "bob", "tablet", "-b", "plain", "-b", "LOGIN")
    check("label=tablet," in p.text().splitlines()[2] and p.text().splitlines()[2].endswith(",by=plain,by=login"),
          "below the last one: %r" % p.text())
    out = p.expect(0, "show", "bob", out=r"verifier: argon2id .line 1.\nverifier: ssha512 label=phone,created")
    check("weak" not in out and "}" not in out, "a random password is not weak: %r" % out)
    p.expect(1, "test", "bob", "-a", "10.1.2.3", stdin=phone,
             out="ok   password: right, the app password phone\n(.|\n)*ok   good from this address: 10.1.2.3\n")
    p.expect(1, "test", "bob", "-a", "192.0.2.1", stdin=phone, out="FAIL good from this address: 192.0.2.1")
    p.expect(1, "test", "bob", stdin=phone, out="FAIL good from this address: say with -a")
    p.expect(1, "test", "bob", stdin=tablet, out="FAIL good for USER and PASS")
    p.expect(1, "test", "bob", stdin="open sesame\n", out="ok   password: right, the main one")
    p.expect(1, "test", "al", stdin=phone, out="FAIL password: wrong")
    p.expect(0, "rename", "bob", "robert")
    check([line.split(":")[0] for line in p.text().splitlines()] == ["robert", "robert", "robert", "al"], p.text())
    p.expect(1, "test", "robert", "-a", "10.1.2.3", stdin=phone, out="ok   password: right, the app password phone")
    p.expect(1, "test", "bob", out="FAIL found in secrets.cdb")
    p.expect(1, "rename", "bob", "x", err="there is no user bob")
    p.expect(1, "rename", "robert", "al", err="there is a user al already")
    p.expect(100, "rename", "robert", "a:b", err="; ")
    p.expect(0, "app-del", "robert", "phone")
    p.expect(1, "test", "robert", "-a", "10.1.2.3", stdin=phone, out="FAIL password: wrong")
    p.expect(0, "passwd", "robert", stdin="other\n")
    check("label=tablet" in p.text(), "a new password leaves app passwords alone")
    p.expect(0, "del", "robert")
    check(p.text() == first.split("\n", 1)[1], "del removes all lines")
    for more in (["-x", "tomorrow"], ["-x", "2027-02-30"], ["-b", "telnet"], ["-a", "10.0.0.1/8"], ["-a", "home"],
                 ["-a", "::1"] * 9):
        p.expect(100, "app-add", "al", "x", *more, err="; ")
    for label in ("", "a b", "a,b", "a=b", "x" * 65):
        p.expect(100, "app-add", "al", label, err="; ")
    for i in range(15):
        p.expect(0, "app-add", "al", "app%d" % i)
    before = p.text()
    out = p.expect(100, "app-add", "al", "one-more", err="more than 16 verifiers")
    check(out == "" and p.text() == before, "nothing is printed that is not valid")


def test_change(p):
    """What a user may do for himself by way of sudo: the current password first, and not to be guessed either."""
    p.add("bob")
    p.expect(0, "change", "bob", stdin="open sesame\nnew\n")
    p.expect(1, "test", "bob", stdin="new\n", out="ok   password: right")
    before = p.text()
    p.expect(1, "change", "bob", stdin="open sesame\nother\n", err="that is not the current password of bob")
    p.expect(1, "change", "nobody", stdin="x\nother\n", err="that is not the current password of nobody")
    p.expect(0, "disable", "bob")
    p.expect(1, "change", "bob", stdin="new\nother\n", err="that is not the current")
    p.expect(0, "enable", "bob")
    p.expect(0, "guesses", "bob", out="unknown addresses: 2 of 10")
    for i in range(8):
        p.expect(1, "change", "bob", stdin="guess%d\nother\n" % i, err="that is not the current")
    # Of some 65536 wrong passwords one is taken for another that was there, and does not count.
    for i in range(8, 16):
        if "10 of 10" in p.run("guesses", "bob")[1]:
            break
        p.expect(1, "change", "bob", stdin="guess%d\nother\n" % i, err="that is not the current")
    p.expect(1, "change", "bob", stdin="new\nother\n", err="too many wrong passwords for this user")
    check(p.text() == before, "nothing of this changed the text")
    p.expect(0, "unban", "bob")
    p.expect(0, "change", "bob", "-g", stdin="new\n", out=r"\A[a-z2-9]{20}\n\Z")


def test_restrict(p):
    p.add("bob")
    p.expect(0, "restrict", "bob", "-a", "192.0.2.0/24", "-b", "pass", "-x", "2020-01-01")
    check(p.text().endswith(":expires=2020-01-01T00:00:00Z,by=pass,from=192.0.2.0/24\n"), p.text())
    p.expect(1, "test", "bob", "-a", "192.0.2.9", stdin="open sesame\n", out="FAIL expires: 2020-01-01T00:00:00Z")
    p.expect(0, "disable", "bob")
    p.expect(0, "restrict", "bob")
    check(p.text().endswith(":disabled\n"), "restrict leaves the state alone: %r" % p.text())
    p.expect(1, "restrict", "al", err="there is no user al")


def test_hash_and_verify(p):
    made = p.expect(0, "hash", stdin="open sesame\n", out=r"\A\$argon2id\$v=19\$m=64,t=1,p=1\$\S+\n\Z").strip()
    p.expect(0, "verify", made, stdin="open sesame\n", out=r"\Aargon2id: right\n\Z")
    p.expect(1, "verify", made, stdin="open\n", out=r"\Aargon2id: wrong\n\Z")
    p.expect(0, "verify", MD5, stdin="open sesame\n", out="md5crypt: right")
    p.expect(100, "verify", "open", stdin="open\n", err="scheme is not accepted")


SHA512 = "$6$abcdefgh$CkjGkP7IIgZVUCNlt.Vi53LOYJLXZ5KzdpzEYCj01XGruA1hxZYJqccTU2zz68oJwAGsd1iPty5F7dHIatUTy/"


def foreign(p, name, text):
    path = os.path.join(p.dir, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def test_import_passwd_file(p):
    path = foreign(p, "passwd-file", f"""# Dovecot
al@example.org:{{SHA512-CRYPT}}{SHA512}:5000:5001::/var/vmail/al::userdb_mail_path=~/mail allow_nets=10.0.0.0/8,::1
bob@example.org:{MD5}[34]:5000:5000::/var/vmail/bob::
carol@example.org:{{SSHA512}}@:::::
dave:{{BLF-CRYPT}}$2y$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy:5000:5000::/home/dave::nologin userdb_mail=maildir:~/Maildir
eve:{{PLAIN}}open sesame:5000:5000::/home/eve
frank:{{SHA1}}xyz:5000:5000::/home/frank
grace:{MD5}:0:0::/root
heidi:{MD5}:5000:5000::/home/heidi::userdb_mail=mbox:~/mail
bob@example.org:{MD5}:5000:5000::/home/other::
""".replace("}@:", "}" + base64.b64encode(hashlib.sha512(b"open sesamesalt").digest() + b"salt").decode() + ":"))
    out = p.expect(0, "import", "passwd-file", path, "-u", "vmail-is-missing:1", err="nothing was changed: -w writes")
    check(not os.path.exists(p.users), "a dry run writes nothing")
    for line in ("add\t2\tal@example.org\tsha512crypt\t5000:5001\t/var/vmail/al/mail\n",
                 "weak\t3\tbob@example.org\tmd5crypt\t5000:5000\t/var/vmail/bob/Maildir\n",
                 "skip\t4\tcarol@example.org\tit says no home; give the maildrop with -m\n",
                 "add\t5\tdave\tbcrypt\t5000:5000\t/home/dave/Maildir\tdisabled\n",
                 "skip\t6\teve\tits password is in the clear; -g makes a hash of it\n",
                 "skip\t7\tfrank\tits verifier is of no scheme", "skip\t8\tgrace\tuid 0",
                 "skip\t9\theidi\tits mail is in no Maildir\n"):
        check(line in out, "import says %r: %r" % (line, out))
    before = os.listdir(p.dir)
    p.expect(100, "import", "passwd-file", path, "-g", "-w", err="the name stands in an earlier line too")
    check(sorted(os.listdir(p.dir)) == sorted(before + ["users.lock"]), "a conflict in the file writes nothing")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write("".join(text.splitlines(True)[:-1]))
    p.add("frank")
    p.expect(0, "import", "passwd-file", path, "-g", "-w", err="4 to add, of which 1 have a weak verifier; 4 skipped")
    p.expect(1, "test", "eve", stdin="open sesame\n", out="ok   password: right")
    p.expect(1, "test", "bob@example.org", stdin="open sesame\n", out="ok   password: right")
    check("skip\t2\tal@example.org\tthere is a user" in p.expect(0, "import", "passwd-file", path), "conflicts are listed")
    check(":from=10.0.0.0/8,from=::1\n" in p.text(), p.text())

    # Out and in again: the same users.
    p.expect(0, "app-add", "eve", "phone")
    out = p.expect(0, "export", err="left out.*: 1 app passwords")
    first = [line for line in p.text().splitlines() if "label=" not in line]
    foreign(p, "users", "")
    p.expect(0, "import", "passwd-file", foreign(p, "exported", out), "-w")
    check(p.text().splitlines() == first, "export and import are inverse: %r %r" % (p.text(), first))


def test_import_others(p):
    vpasswd = foreign(p, "vpasswd", f"al:{MD5}:1:0:Al:/home/vpopmail/domains/example.org/al:NOQUOTA\n"
                      f"bob:{MD5}:1:2:Bob:/home/vpopmail/domains/example.org/bob:NOQUOTA:clear\nshort:x\n")
    out = p.expect(0, "import", "vpasswd", vpasswd, "example.org", "-u", "89:89", "-w")
    check("weak\t1\tal@example.org\tmd5crypt\t89:89\t/home/vpopmail/domains/example.org/al/Maildir\n" in out and
          "/bob/Maildir\tdisabled\n" in out and "skip\t3" in out, out)
    out = p.expect(0, "import", "vpasswd", vpasswd, "example.net", "-u", "89:89", "-m", "/var/vmail/%d/%n")
    check("\t/var/vmail/example.net/al\n" in out, out)

    passwd = foreign(p, "passwd", "root:x:0:0::/root:/bin/sh\nal:x:1000:1000::/home/al:/bin/sh\nbob:x:1001:1001::/home/bob"
                     ":/bin/sh\ncarol:x:1002:1002::/home/carol:/bin/sh\ndave:x:1003:1003::/home/dave:/bin/sh\n"
                     "eve:x:1004:1004::/home/eve:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
    shadow = foreign(p, "shadow", f"root:{MD5}:1::::::\nal:{SHA512}:19000:0:99999:7:::\nbob:!{SHA512}:1::::::\n"
                     f"carol:*:1::::::\ndave:{SHA512}:1::::::\neve:{SHA512}:1:::::19000:\n".replace("dave", "other"))
    out = p.expect(0, "import", "shadow", passwd, shadow, env={"POP3_UIDMIN": "1000"})
    check("add\t2\tal\tsha512crypt\t1000:1000\t/home/al/Maildir\n" in out, out)
    for line in ("add\t3\tbob\tsha512crypt\t1001:1001\t/home/bob/Maildir\tdisabled\n", "skip\t4\tcarol\tit is locked, and has no password",
                 "skip\t5\tdave\tit has no line", "add\t6\teve\tsha512crypt\t1004:1004\t/home/eve/Maildir\texpires 2022-01-08T00:00:00Z\n"):
        check(line in out, "import says %r: %r" % (line, out))
    check("root" not in out and "nobody" not in out, "not a word about the system's own: %r" % out)
    days = int(time.time()) // 86400
    passwd = foreign(p, "passwd2", "".join(f"{n}:x:2000:2000::/home/{n}:/bin/sh\n" for n in ("aged", "must", "star", "bad", "empty", "both", "both2")))
    shadow = foreign(p, "shadow2", f"aged:{SHA512}:{days - 10}:0:30:7:5::\nmust:{SHA512}:0:0:99999:7:::\nstar:!*{SHA512}:1::::::\n"
                     f"bad:{SHA512}:1:0:x::::\nempty::1::::::\nboth:!{SHA512}:1:0:30:7:5::\nboth2:!:1::::::\n")
    out = p.expect(0, "import", "shadow", passwd, shadow, "-w", env={"POP3_UIDMIN": "1000"})
    aged = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime((days - 10 + 30 + 5 + 1) * 86400))
    for line in (f"add\t1\taged\tsha512crypt\t2000:2000\t/home/aged/Maildir\texpires {aged}\n",
                 "/home/must/Maildir\texpires 1970-01-01T00:00:01Z\n", "/home/star/Maildir\tdisabled\n",
                 "skip\t4\tbad\ta number in its line of the second file is none", "skip\t5\tempty\tit has no password\n",
                 "/home/both/Maildir\tdisabled\texpires 1970-02-07T00:00:00Z\n", "skip\t7\tboth2\tit is locked, and has no password"):
        check(line in out, "import says %r: %r" % (line, out))
    for line in (rf"^aged:\$6\$[^:]*:2000:2000:/home/aged/Maildir:expires={aged}$", r"^star:\$6\$.*:disabled$",
                 r"^must:.*:expires=1970-01-01T00:00:01Z$", r"^both:.*:disabled,expires=1970-02-07T00:00:00Z$"):
        check(re.search(line, p.text(), re.M), "the text has %r: %r" % (line, p.text()))
    p.expect(1, "test", "must", stdin="open sesame\n", out="FAIL expires: 1970-01-01T00:00:01Z")

    maps = foreign(p, "vmailbox", "# Postfix\nal@example.com   example.com/al/\nbob@example.com example.com/bob\n"
                   "carol@example.com example.com/carol/\n")
    hashes = foreign(p, "hashes", f"al@example.com:{{CRYPT}}{SHA512}:more\n")
    out = p.expect(0, "import", "postfix", maps, hashes, "-u", "5000:5000", "-m", "/var/vmail", "-w")
    check("add\t2\tal@example.com\tsha512crypt\t5000:5000\t/var/vmail/example.com/al\n" in out, out)
    check("skip\t3\tbob@example.com\tits mailbox is no Maildir" in out and "skip\t4\tcarol" in out, out)
    p.expect(1, "test", "al@example.com", stdin="open sesame\n", out="ok   password: right")
    for words in (["cyrus", maps], ["passwd-file", maps, hashes], ["postfix", maps], ["passwd-file", "/nonexistent"]):
        p.expect(100, "import", *words)
    out = p.expect(0, "import", "passwd-file", foreign(p, "x", f"a/b@c:{MD5}:::::\na:{MD5}:::::\n"), "-u", "1:1",
                   "-m", "/v/%d/%n")
    check("skip\t1\ta/b@c\tthe name has a slash" in out and "skip\t2\ta\tthe name has no domain" in out, out)


def test_text_is_kept(p):
    head = "# users of example.org\n\n"
    tail = "# the end\neve:%s:%d:%d:/var/vmail/eve:disabled" % (MD5, UID, GID)
    p.write(head + "al:%s:%d:%d:/var/vmail/al:\n" % (MD5, UID, GID) + tail)
    p.expect(0, "compile")
    p.expect(1, "test", "al", stdin="open sesame\n", out="ok   password: right(.|\n)*ok   scheme: md5crypt")
    p.expect(0, "show", "al", out="verifier: md5crypt .weak: set a new password")
    p.add("bob")
    check(p.text().startswith(head + "al:") and "\n" + tail + "\nbob:" in p.text(), "add appends and keeps the rest")
    p.expect(0, "passwd", "al", stdin="new\n")
    check(p.text().startswith(head + "al:$argon2id$") and "\n" + tail + "\nbob:" in p.text(), "passwd keeps the rest")
    p.expect(0, "del", "al")
    check(p.text().startswith(head + tail + "\nbob:"), "del keeps the rest")
    os.chmod(p.users, 0o644)
    p.expect(0, "compile", err="caution: others can use .*chmod 600")
    p.expect(0, "enable", "eve")
    check(mode(p.users) == 0o600, "a rewritten text is the owner's alone")
    real = os.path.join(p.dir, "real")
    os.rename(p.users, real)
    os.symlink("real", p.users)
    p.expect(0, "disable", "eve")
    check(os.path.islink(p.users) and "disabled" in p.text(), "a link to the text stays one")


def test_broken_text(p):
    p.add("bob")
    good, pair = p.text(), p.pair()
    line = "x:%s:1:1:/x:\n" % MD5
    for broken, where in (("bob\n", 2), (line + line, 3), ("x:%s:0:1:/x:\n" % MD5, 2), ("x:open:1:1:/x:\n", 2),
                          ("x:%s:1:1:x:\n" % MD5, 2), ("x:%s:1:1:/x:nologin\n" % MD5, 2),
                          ("x:%s:1:1:/x:\r\n" % MD5, 2)):
        p.write(good + broken)
        for words in (["compile"], ["list"], ["del", "bob"], ["disable", "bob"], ["passwd", "bob", "-g"],
                      ["add", "al", "-u", "1:1", "-m", "/al", "-g"]):
            out = p.expect(100, *words, err=r"(?m)^%s:%d: .*; .*" % (re.escape(p.users), where))
            check(out == "", "no password is shown that is not valid")
            check(p.text() == good + broken and p.pair() == pair, "%s leaves everything alone" % words[0])
    p.write("one\ntwo\nthree\n")
    p.expect(100, "compile", err=":1: .*\n.*:2: .*\n.*:3: .*\n.*3 errors in")
    p.expect(1, "test", "bob", stdin="open sesame\n", out="ok   password: right")  # the old pair serves
    p.write(good)
    os.mkdir(p.data + "/users.cdb.new")
    p.expect(111, "disable", "bob", err="users.cdb.new")
    check(p.text() == good and p.pair() == pair, "what cannot be compiled is not written")
    os.rmdir(p.data + "/users.cdb.new")
    with open(p.data + "/users.cdb.new", "w") as f:
        f.write("left by a crash")
    p.expect(0, "disable", "bob")
    check(p.pair() != pair and not os.path.exists(p.data + "/users.cdb.new"), "what a crash left does no harm")


def test_outdated(p):
    p.add("new")
    p.add("cheap")
    p.add("old")
    p.write(re.sub(r"(?m)^old:[^:]*:", lambda _: "old:%s:" % MD5, p.text()) +
            "crypt:$6$abcdefgh$yVfUwsw5T.JApa8POvClA1pQ5peiq97DUNyXCZN5IrF.BMSiaLZp0.Ji0PeHxi6vGd9RlK3kZCSGyJ9B6tYVr1:%d:%d:%s/c:\n" % (UID, GID, p.dir))
    p.expect(0, "outdated", out=r"\Aold\tmd5crypt\tweak\ncrypt\tsha512crypt\tnot argon2\n\Z")
    dear = {"SALLYPORT_ARGON2_KIB": "128"}
    p.expect(0, "passwd", "new", stdin="open sesame\n", env=dear)
    p.expect(0, "outdated", env=dear, out=r"\Acheap\targon2id\tcosts less\nold\t.*\ncrypt\t.*\n\Z")
    p.expect(0, "passwd", "old", stdin="open sesame\n", env=dear)
    p.expect(0, "outdated", env={"SALLYPORT_ARGON2_KIB": "8", "SALLYPORT_ARGON2_PASSES": "1"}, out=r"\Acrypt\t[^\n]*\n\Z")


def test_usage(p):
    for words in ([], ["frob"], ["add"], ["add", "bob"], ["add", "bob", "-u", "1:1"], ["add", "bob", "-m", "/bob"],
                  ["del"], ["list", "bob"], ["show"], ["compile", "bob"], ["del", "bob", "-g"], ["list", "-g"],
                  ["passwd", "bob", "-m", "/bob"], ["passwd", "bob", "open"], ["rename", "bob"],
                  ["app-add", "bob"], ["app-del", "bob"], ["app-add", "bob", "x", "-g"], ["hash", "x"], ["verify"], ["-z", "list"]):
        p.expect(100, *words, err="usage: sallyport-user")
    for uid in ("0:1", "1:0", "root", "no-such-account", "1:no-such-group", "4294967295:1", "-1:1", "", "1:1:1", ":1",
                "1:", "3999999999"):
        p.expect(100, "add", "bob", "-u", uid, "-m", "/bob", "-g", err="; ")
    for drop in ("bob", "", "/", "/a/", "/a//b", "/a/../b", "/./a", "/a:b", "/a\nb", "/" + "x" * 1023):
        p.expect(100, "add", "bob", "-u", "1:1", "-m", drop, "-g", err="; ")
    for name in ("", "b b", "b:b", "b\nb", "#b", "b" * 256, "b\u00f6b"):
        p.expect(100, "add", name, "-u", "1:1", "-m", "/bob", "-g", err="; ")
    p.expect(100, "add", "-u", "1:1", "-m", "/bob", "-g", "--", "-b", err="; ")
    for password in ("", "a\tb", "open\r", "x" * 249, "\x7f"):
        p.add("bob", password, status=100)
    for name, value in (("KIB", "1"), ("KIB", "x"), ("PASSES", "0"), ("PASSES", "99999")):
        p.add("bob", status=100, env={"SALLYPORT_ARGON2_" + name: value}, err="SALLYPORT_ARGON2_%s must be" % name)
    check(not os.path.exists(p.users), "none of this made a file")
    p.add("bob", "x" * 248)
    p.add("b" * 255, "p\u00e4ss w\u00f6rd ")
    p.expect(1, "test", "b" * 255, stdin="p\u00e4ss w\u00f6rd \nmore\n", out="ok   password: right")
    p.expect(0, "add", "-g", "-u", "nobody", "al", "-m", "/al", out=r"\A\S{20}\n\Z")
    p.expect(0, "show", "al", out="uid: 65534\ngid: 65534\n")


def test_concurrent(p):
    names = ["user%02d" % i for i in range(24)]
    running = [subprocess.Popen(p.command("add", n, "-u", "1:1", "-m", "/" + n, "-g"), env=p.env,
                                stdout=subprocess.DEVNULL) for n in names + names[:4]]
    statuses = sorted(r.wait() for r in running)
    check(statuses == [0] * 24 + [1] * 4, "each is added once: %s" % statuses)
    check(sorted(line.split(":")[0] for line in p.text().splitlines()) == names, "every user is in the text")
    for name in names:
        p.expect(1, "test", name, stdin="x\n", out="ok   found in users.cdb(.|\n)*FAIL password")


def write_end_without_reader():
    read, write = os.pipe()
    os.close(read)
    return write


class Terminal:
    """A program whose standard streams are a terminal, and what it writes there."""

    def __init__(self, p, *words, stderr=None):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if stderr is not None:
                os.dup2(stderr, 2)
            os.execve(TOOL, p.command(*words), p.env)
        self.seen = ""

    def until(self, text):
        end = time.time() + 60
        while text not in self.seen and time.time() < end:
            if select.select([self.fd], [], [], 1)[0]:
                try:
                    data = os.read(self.fd, 4096)
                except OSError:
                    break
                if not data:
                    break
                self.seen += data.decode()
        check(text in self.seen, "the terminal shows %r: %r" % (text, self.seen))

    def quiet(self):
        """Wait until the echo is off, or the program has gone."""
        end = time.time() + 60
        while self.echo() and time.time() < end and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            os.sched_yield()
        return not self.echo()

    def echo(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        while True:
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                break
            if not data:
                break
            self.seen += data.decode()
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_terminal(p):
    words = ["add", "bob", "-u", "1:1", "-m", "/bob"]
    t = Terminal(p, *words)
    t.until("Password for bob: ")
    check(not t.echo(), "the echo is off")
    os.write(t.fd, b"open sesame\n")
    t.until("Again for bob: ")
    os.write(t.fd, b"open sesame\n")
    check(t.end() == 0 and "sesame" not in t.seen, "a password from the terminal: %r" % t.seen)
    p.expect(1, "test", "bob", stdin="open sesame\n", out="ok   password: right")

    old = p.text()
    t = Terminal(p, "passwd", "bob")
    t.until("Password for bob: ")
    os.write(t.fd, b"one\n")
    t.until("Again for bob: ")
    os.write(t.fd, b"two\n")
    check(t.end() == 100 and "the two passwords differ" in t.seen, "two passwords: %r" % t.seen)

    t = Terminal(p, "passwd", "bob")
    t.until("Password for bob: ")
    os.write(t.fd, b"half a passw\x03")
    t.until("interrupted")
    status = t.end()
    check(status == -signal.SIGINT, "an interrupt ends it as it should: %d" % status)

    t = Terminal(p, "test", "bob")
    t.until("Password for bob: ")
    os.write(t.fd, b"open sesame\n")
    check(t.end() == 1 and "Again" not in t.seen and "ok   password: right" in t.seen, "test asks once: %r" % t.seen)
    check(p.text() == old, "none of these changed the text")


def test_nobody_reads(p):
    """Whoever reads our output has gone, or there is none: what cannot be told is told by the status, and nothing is cut."""
    words = ["add", "bob", "-u", "1:1", "-m", "/bob", "-g"]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(p.command(*words), stdout=write, stderr=subprocess.PIPE, env=p.env, check=False)
    check(done.returncode == 111 and b"cannot show the password; set another" in done.stderr, "nobody reads: %r" % done)
    done = subprocess.run(p.command("list"), stdout=write, stderr=subprocess.PIPE, env=p.env, check=False)
    check(done.returncode == 111 and b"cannot write to standard output" in done.stderr, "nobody reads: %r" % done)
    done = subprocess.run(p.command("passwd", "bob", "-g"), stdout=write, stderr=write, env=p.env, check=False)
    check(done.returncode == 111, "nobody reads either: %r" % done)
    os.close(write)
    for closed in (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
        text = p.text()
        done = subprocess.run(["/bin/sh", "-c", '"$@" ' + closed, "sh", *p.command("passwd", "bob", "-g")], env=p.env,
                              stdout=subprocess.PIPE, check=False)
        check(done.returncode == (111 if ">&- 2" in closed or closed == ">&-" else 0), "%s: %r" % (closed, done))
        check(p.text() != text and p.text().startswith("bob:$argon2id$") and p.text().count("\n") == 1, "the text is whole")
        p.expect(1, "test", "bob", stdin="x\n", out="ok   found in users.cdb(.|\n)*FAIL password")
    check(os.path.getsize(p.users + ".lock") == 0, "nothing is in the lock")
    t = Terminal(p, "passwd", "bob", stderr=write_end_without_reader())
    check(t.quiet() and not t.echo(), "the echo is off though nobody sees a prompt")
    os.write(t.fd, b"open sesame\n")
    os.write(t.fd, b"open sesame\n")
    check(t.end() == 0, "a password is taken though nobody sees a prompt: %r" % t.seen)
    p.expect(1, "test", "bob", stdin="open sesame\n", out="ok   password: right")


def test_signal_between_renames(p):
    """The text and both databases change together, or none of them does, whenever a signal comes."""
    inject = os.path.join(os.path.dirname(TOOL), "inject")
    if not os.path.exists(inject):
        return  # written for x86_64
    p.add("bob")
    rename = 82
    for when, nth, changed in (("before", 1, True), ("after", 1, True), ("after", 2, True), ("after", 3, True)):
        p.run("enable", "bob")
        text, pair = p.text(), p.pair()
        subprocess.run([inject, p.dir + ".report", "sallyport-user", str(rename), str(nth), when, str(int(signal.SIGTERM)),
                        *p.command("disable", "bob")], env=p.env, check=False, timeout=60)
        with open(p.dir + ".report", encoding="ascii") as f:
            report = f.read()
        check("hit" in report and f"sallyport-user signal {int(signal.SIGTERM)}" in report, "it strikes: %r" % report)
        check((p.text() != text) == changed and all((a != b) == changed for a, b in zip(pair, p.pair())),
              "all or nothing, %s rename %d" % (when, nth))
        p.expect(1, "test", "bob", stdin="open sesame\n", out="FAIL enabled")


def main():
    tests = [test_life_of_a_user, test_login_steps, test_forms, test_decoy, test_app_passwords, test_change, test_restrict,
             test_hash_and_verify, test_import_passwd_file, test_import_others, test_text_is_kept, test_broken_text, test_usage, test_concurrent,
             test_terminal, test_nobody_reads, test_signal_between_renames]
    with tempfile.TemporaryDirectory(prefix="sallyport-user.") as top:
        for test in tests:
            test(Place(top, test.__name__))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
