"""clients: real clients, as Debian has them, fetch a Maildir of awkward messages from the whole chain under tcpserver,
and what each of them stored is compared octet by octet with what wire() says that RETR must send.  What a client does to
a message before it stores it is switched off where it can be; the rest stands at the client, is exact, and is undone or
expected here, never overlooked.  A second poll fetches nothing; a poll that deletes leaves the Maildir empty."""

import os
import poplib
import re
import subprocess
import sys

from harness import DEADLINE, PASSWORD, ROOT, Site, check, equal, need, run_module, tcpserver, wire

poplib._MAXLINE = 1 << 20  # its own limit is 2048; getmail6 raises it to the same
NOBODY = 65534  # fetchmail and getmail want an account with a name, and getmail one that is not root's


def message(name, body=b"body\n", header=b"From: a@example.org\n"):
    return b"Subject: %s\n" % name.encode() + header + b"\n" + body


AWKWARD = {
    "empty": b"",
    "blank-line": b"\n",
    "body-without-headers": b"\nbody\n",
    "headers-only": b"Subject: headers\nFrom: a@example.org\n",
    "headers-only-no-end": b"Subject: headers, no end\nFrom: a@example.org",
    "first-dot": b".Subject: first dot\nFrom: a@example.org\n\nbody\n",
    "dots-only": b".\n.\n.\n",
    "dots": message("dots", b".\n..\n...\n.x\n\n.\n.\n"),
    "last-dot-no-end": message("last dot", b"line\n."),
    "no-end": message("no end", b"no end"),
    "crlf": message("crlf", b"line\n.dot\n\n").replace(b"\n", b"\r\n"),
    "mixed-ends": message("mixed", b"lf\ncrlf\r\n.lf\n.crlf\r\n\r\n\nend\n"),
    "lone-cr": message("lone cr", b"a\rb\r\rc\n\rd\n.\re\nf\r\r\ng\r"),
    "nul": message("nul", b"a\0b\n\0\n.\0\n\0.\nend\n"),
    "eight-bit": message("eight \xe4\xff", b"\x80\xfe\xff\n", b"From: \xe4@example.org\n"),
    "from-lines": message("from", b"From here\n>From there\n\nFrom x\n"),
    "end-marker-inside": message("marker", b"+OK\r\n.\r\nQUIT\n.\n-ERR\n"),
    "empty-lines-at-the-end": message("empty lines", b"x\n\n\n\n"),
    "long-line": message("8000", b"." + b"x" * 7999 + b"\n"),
    "megabyte-line": message("long", b"." + b"x" * 999999 + b"\n"),
    "many-lines": message("many", b"".join(b"%d\n" % n for n in range(100000))),
    "25-megabytes": message("big", (b".0123456" * 9 + b"\n") * (25 * 1000 * 1000 // 73)),
}
LARGE = ("megabyte-line", "many-lines", "25-megabytes")

WIRE = {name: wire(data) for name, data in AWKWARD.items()}

site = Site()


def fill(user, awkward):
    """In new and in cur, with flags and without, in this order of delivery."""
    places = ("new/{}", "cur/{}:2,S", "cur/{}:2,FRS", "cur/{}:2,")
    for n, (name, data) in enumerate(awkward.items()):
        user.put(places[n % 4].format(f"{1700000000 + n}.{name}.host"), data)


class Fetcher:
    """A client in a directory of its own.  poll() runs it once; stored() is what it kept, in no order."""
    packages = ()
    poll_again = True  # it remembers the unique-ids that it has fetched
    unable = ()  # messages that it cannot store

    def __init__(self, user, port, method=None):
        """method: how to log in, in the log's word; by default USER and PASS, or what the client likes best."""
        need(*self.packages)
        self.user, self.port, self.method = user, port, method
        self.home = site.at(f"{type(self).__name__}-{user.name}")
        for sub in ("", "new", "cur", "tmp"):
            os.mkdir(os.path.join(self.home, sub))
            if ROOT:
                os.chown(os.path.join(self.home, sub), NOBODY, NOBODY)

    def config(self, name, text):
        path = os.path.join(self.home, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, 0o600)
        if ROOT:
            os.chown(path, NOBODY, NOBODY)
        return path

    def run(self, *argv, statuses=(0,)):
        ids = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if ROOT else {}
        env = {"PATH": os.environ["PATH"], "HOME": self.home, "FETCHMAILHOME": self.home, "LC_ALL": "C"}
        done = subprocess.run(argv, capture_output=True, env=env, cwd=self.home, timeout=10 * DEADLINE, **ids)
        check(done.returncode in statuses, argv[0], "ended with", done.returncode, done.stdout, done.stderr)
        return done.stdout

    def stored(self):
        """Taken out of its Maildir."""
        kept = []
        for name in os.listdir(os.path.join(self.home, "new")):
            path = os.path.join(self.home, "new", name)
            with open(path, "rb") as f:
                kept.append(self.undo(f.read()))
            os.unlink(path)
        return kept

    # What it does to every message, taken back; and what it must have made of a message, when that cannot be.

    def undo(self, kept):
        return kept

    def expected(self, sent):
        return sent


class Curl(Fetcher):
    """One command for each number that it is given.  Writes what it receives, CRLF too; of a message without any octet it
    makes one empty line."""
    packages = ("curl",)
    poll_again = False
    scheme, trust = "pop3", ()

    def curl(self, where, *options):
        method = ["--login-options", "AUTH=" + ("+APOP" if self.method == "apop" else self.method.upper())] if self.method else []
        return self.run("curl", "-sS", "-u", f"{self.user.name}:{self.user.password}", *method, *self.trust, *options,
                        f"{self.scheme}://127.0.0.1:{self.port}/{where}")

    def poll(self, keep):
        count = self.curl("", "-X", "UIDL").count(b"\r\n")
        self.curl(f"[1-{count}]", "-o", f"{self.home}/new/#1")
        if not keep:
            self.curl(f"[1-{count}]", "-l", "-X", "DELE")

    def expected(self, sent):
        return sent or b"\r\n"


class Poplib(Fetcher):
    """Python's: lines without their CRLF."""

    def connect(self):
        return poplib.POP3("127.0.0.1", self.port, timeout=DEADLINE)

    def poll(self, keep):
        mailbox = self.connect()
        if self.method == "apop":
            mailbox.apop(self.user.name, self.user.password)
        else:
            mailbox.user(self.user.name)
            mailbox.pass_(self.user.password)
        seen, self.kept = getattr(self, "seen", set()), []
        for line in mailbox.uidl()[1]:
            number, name = line.split()
            if name in seen:
                continue
            seen.add(name)
            lines, octets = mailbox.retr(int(number))[1:]
            self.kept.append(b"".join(line + b"\r\n" for line in lines))
            equal(octets, len(self.kept[-1]), "octets received")
            equal(mailbox.list(int(number)).split()[2], b"%d" % len(self.kept[-1]), "LIST")
            if not keep:
                mailbox.dele(int(number))
        self.seen = seen
        mailbox.quit()

    def stored(self):
        kept, self.kept = self.kept, []
        return kept


class Mpop(Fetcher):
    """received_header off: no header of its own.  Writes each CRLF as LF into its Maildir, and leaves a lone CR."""
    packages = ("mpop",)
    tls = "tls off"

    def poll(self, keep):
        self.run("mpop", "-Q", "-C", self.config("mpoprc", f"""
            account default
            host 127.0.0.1
            port {self.port}
            {self.tls}
            auth {self.method or "user"}
            user {self.user.name}
            password {self.user.password}
            received_header off
            keep {"on" if keep else "off"}
            uidls_file {self.home}/uidls
            delivery maildir {self.home}
            """))

    def expected(self, sent):
        return sent.replace(b"\r\n", b"\n")


class Fetchmail(Fetcher):
    """invisible: no header of its own; no rewrite, pass8bits, no stripcr: nothing else is touched but this: a message without
    headers gets three; headers without an empty line after them get one; a stuffed dot in a header stays stuffed, but
    for the first line's.  It is not given the megabyte line: after each 8191 octets it adds what lies in its memory
    behind them."""
    packages = ("fetchmail",)
    unable = ("megabyte-line",)
    ssl = 'sslproto ""'
    headerless = re.compile(rb"From: FETCHMAIL-DAEMON\r\nTo: [^\r\n]+\r\n"
                            rb"Subject: Headerless mail from [^\r\n]+'s mailbox on 127\.0\.0\.1\r\n(?=\r\n)")

    def poll(self, keep):
        self.run("fetchmail", "--invisible", "-f", self.config("fetchmailrc", f"""
            set no syslog
            set no bouncemail
            poll 127.0.0.1 {"protocol apop" if self.method == "apop" else "protocol pop3"} port {self.port}
                auth {self.method if self.method and self.method != "apop" else "password"} uidl bad-header accept
                user "{self.user.name}" password "{self.user.password}" {self.ssl}
                mda "/bin/sh -c 'cat >$(mktemp {self.home}/new/XXXXXXXXXX)'"
                {"keep" if keep else "nokeep"} no rewrite pass8bits no stripcr no forcecr no mimedecode
            """), statuses=(0, 1))  # 1: nothing to fetch

    def undo(self, kept):
        return self.headerless.sub(b"", kept, 1) if self.headerless.match(kept) else kept

    def expected(self, sent):
        head, empty, body = (b"\r\n" + sent).partition(b"\r\n\r\n")
        first, line_end, others = head[2:].partition(b"\r\n")
        if empty:
            others = b"\r\n" + others if line_end else b""
            return first + others.replace(b"\r\n.", b"\r\n..") + (b"\r\n\r\n" if head[2:] else b"\r\n") + body
        return first + line_end + re.sub(rb"(?m)^\.", b"..", others) + b"\r\n"


class Getmail(Fetcher):
    """delivered_to, received: no such headers; but there is always one more at the beginning, Return-Path.  Python's email
    package reads the message: every CRLF, CR or LF ends a line and is written as LF, headers without an empty line after
    them get one, and a first line that is no header gets one before it.  It delivers by a child, and when that ends before
    it waits for it, it misses the signal and fails after a minute: here it looks again."""
    packages = ("getmail",)
    retriever, ssl = "SimplePOP3Retriever", ""
    started = """
import runpy, sys, threading
import getmailcore.baseclasses
class Condition(threading.Condition):
    told = False
    def notify_all(self):
        self.told = True
        super().notify_all()
    def wait(self, _):
        while not self.told:
            super().wait(0.05)
        return True
getmailcore.baseclasses.Condition = Condition
sys.argv[0] = "/usr/bin/getmail"
runpy.run_path(sys.argv[0], run_name="__main__")
"""

    def poll(self, keep):
        self.run("/usr/bin/python3", "-c", self.started, f"--getmaildir={self.home}", "--rcfile=" + self.config("getmailrc", f"""
[retriever]
type = {self.retriever}
{self.ssl}
server = 127.0.0.1
port = {self.port}
username = {self.user.name}
password = {self.user.password}
use_apop = {"true" if self.method == "apop" else "false"}
[destination]
type = Maildir
path = {self.home}/
[options]
read_all = false
delete = {"false" if keep else "true"}
delivered_to = false
received = false
"""))

    def undo(self, kept):
        check(kept.startswith(b"Return-Path: <unknown>\n"), "no Return-Path at the beginning of", kept[:200])
        return kept.split(b"\n", 1)[1]

    def expected(self, sent):
        text = re.sub(rb"\r\n|\r", b"\n", sent.replace(b"\r\n", b"\n"))
        if text and not re.match(rb"[^ \n:]+:|\n", text):
            return b"\n" + text
        return text if (b"\n" + text).find(b"\n\n") >= 0 else text + b"\n"


def compare(fetcher, awkward):
    """Every message once, and none else."""
    stored = fetcher.stored()
    for name in awkward:
        want = fetcher.expected(WIRE[name])
        check(want in stored, name, "is not what was stored:", [s[:300] for s in stored if abs(len(s) - len(want)) < 60])
        stored.remove(want)
    equal(stored, [], "stored besides")


def log_of_polls(server, user):
    """(messages sent by RETR or TOP, messages removed) of each session of the user, which has ended."""
    return [(int(m[1]) + int(m[2]), int(m[3])) for m in
            re.finditer(rf"^pop3d: end .* user={user.name} end=quit .* top=(\d+)/\d+ retr=(\d+)/\d+ del=(\d+)/", server.stop(), re.M)]


def fetch(kind, without=(), **options):
    """without: messages left out; options: of the server.  Returns its log."""
    keeper, deleter = site.user(), site.user()
    awkward = {name: data for name, data in AWKWARD.items() if name not in (*kind.unable, *without)}
    fill(keeper, awkward)
    small = {name: data for name, data in AWKWARD.items() if name not in LARGE}
    fill(deleter, small)
    before = len(keeper.names())
    server = tcpserver(site, **options)
    with server:
        fetcher = kind(keeper, server.port)
        fetcher.poll(keep=True)
        compare(fetcher, awkward)
        if fetcher.poll_again:
            fetcher.poll(keep=True)
            compare(fetcher, ())
        equal(len(keeper.names()), before, "messages that are left")
        again = kind(deleter, server.port)
        again.poll(keep=False)
        compare(again, small)
        equal(deleter.names(), [], "after a poll that deletes")
        if fetcher.poll_again:
            equal(log_of_polls(server, keeper), [(len(awkward), 0), (0, 0)])
            equal(log_of_polls(server, deleter), [(len(small), len(small))])
    return server.log.text


def test_curl():
    fetch(Curl)


def test_poplib():
    fetch(Poplib)


def test_mpop():
    fetch(Mpop)


def test_fetchmail():
    fetch(Fetchmail)


def test_getmail6():
    fetch(Getmail)


# How they log in, where a client can be told.

METHODS = {Curl: ("plain", "login", "cram-md5", "apop"), Fetchmail: ("cram-md5", "apop"), Getmail: ("apop",), Poplib: ("apop",),
           Mpop: ("plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256", "apop")}
EVERY = {"POP3_SASL": "plain,login,cram-md5,scram-sha-1,scram-sha-256", "POP3_APOP": "1"}


def user_of_all_forms():
    user = site.user()
    done = site.user_tool("forms", user.name, "-k", "shared", "-k", "scram-sha-1", "-k", "scram-sha-256", password=user.password)
    equal((done.returncode, done.stderr), (0, ""))
    return user


def test_methods_of_clients():
    for kind, method in ((k, m) for k, methods in METHODS.items() for m in methods):
        user = user_of_all_forms()
        fill(user, SHORT := {"dots": AWKWARD["dots"], "crlf": AWKWARD["crlf"]})
        server = tcpserver(site, **EVERY)
        with server:
            fetcher = kind(user, server.port, method)
            fetcher.poll(keep=False)
            compare(fetcher, SHORT)
            words = re.findall(rf"^pop3d: login .* user={user.name} auth=(\S+) ", server.stop(), re.M)
            equal(set(words), {method}, f"{kind.__name__}: {method}")
            equal(user.names(), [], "after a poll that deletes")


# mechanism: is what the client writes first, which may be nothing, its initial response?
GSASL = {"PLAIN": True, "LOGIN": False, "CRAM-MD5": True, "SCRAM-SHA-1": True, "SCRAM-SHA-256": True}


def gsasl(client, user, mechanism, speaks_first):
    """Log in by GNU SASL: its lines, and those of the server for it, are carried to and fro here."""
    argv = ["gsasl", "--client", "--quiet", f"--mechanism={mechanism}", f"--authentication-id={user.name}",
            f"--password={user.password}", "--hostname=localhost", "--service=pop"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        equal(process.stdout.readline(), mechanism.encode() + b"\n")
        token = process.stdout.readline().rstrip() if speaks_first else b""
        client.send(b"AUTH %s %s" % (mechanism.encode(), token) if token else b"AUTH " + mechanism.encode())
        client.send(b"\r\n")
        while (line := client.line()).startswith(b"+ "):
            process.stdin.write(line[2:] + b"\n")
            process.stdin.flush()
            client.send(process.stdout.readline().rstrip() + b"\r\n")
        process.stdin.close()
    return line


def test_gsasl():
    need("gsasl")
    user = user_of_all_forms()
    with tcpserver(site, **EVERY) as server:
        for mechanism, speaks_first in GSASL.items():
            client = server.client().greet()
            check(mechanism in client.asks("CAPA").decode().split(), mechanism, "is not in CAPA")
            equal(gsasl(client, user, mechanism, speaks_first), b"+OK logged in", mechanism)
            client.ask("STAT")
            client.ask("QUIT")
            client.closed()
            client = server.client().greet()
            wrong = type(user)(user.name, "wrong", user.maildir)
            check(gsasl(client, wrong, mechanism, speaks_first).startswith(b"-ERR [AUTH]"), mechanism)
            client.ask("QUIT")


if __name__ == "__main__":
    sys.exit(run_module(globals()))
