"""harness: a temporary site (users, Maildirs, rooms), sessions of the real sallyport in it, and a count of results.
As root the rooms and the mail users have uids of their own; otherwise everything is rootless (POP3_ROOTLESS=1).
Nothing waits for a time to pass: DEADLINE only bounds how long a failure takes."""

import atexit
import contextlib
import ctypes
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.getuid() == 0
TESTS = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(TESTS), os.environ.get("BUILD", "build/musl"))
DEADLINE = 60
PASSWORD = "open sesame"
os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"  # where an ordinary user does not look
POP3D_UID, AUTHD_UID, TLSD_UID, TLSKEY_UID, MAIL_UIDS = 61101, 61102, 61103, 61104, (61201, 61202)


class Skip(Exception):
    """This test cannot be run here; its text says why."""


def check(good, *why):
    if not good:
        raise AssertionError(" ".join(w if isinstance(w, str) else repr(w) for w in why)[:2000])


def equal(is_, wanted, what=""):
    check(is_ == wanted, what, is_, "is not", wanted)


def need(*programs):
    for p in programs:
        if shutil.which(p) is None:
            raise Skip(f"{p} is not installed")


def program(package, path):
    """A program of a package that is installed, or that etc/packages has unpacked beneath build."""
    for place in ("/", os.path.join(os.path.dirname(TESTS), "build", "unpacked", package)):
        if os.access(found := os.path.join(place, path), os.X_OK):
            return found
    raise Skip(f"{package} is neither installed nor unpacked")


def need_root():
    if not ROOT:
        raise Skip("needs root")


def waits_in(pid, *calls):
    """Wait until this process waits in one of these system calls; root alone may look."""
    number = {"x86_64": {"recvmsg": "47", "sendmsg": "46"}, "aarch64": {"recvmsg": "212", "sendmsg": "211"}}
    limit = time.monotonic() + DEADLINE
    while True:
        with open(f"/proc/{pid}/syscall", encoding="ascii") as f:
            if f.read().split()[0] in [number[os.uname().machine][c] for c in calls]:
                return
        check(time.monotonic() < limit, pid, "never waits in", *calls)


def need_walls(what="walls"):
    """This test is about a wall, or needs programs as small as those that are shipped."""
    if os.environ.get("NOWALLS"):
        raise Skip(f"tests/sanitize built these programs without {what}")


def landlock():
    """The kernel's Landlock version (landlock_create_ruleset with the flag VERSION), 0 if it has none."""
    return max(0, ctypes.CDLL(None).syscall(444, None, 0, 1))


def wire(data):
    """A stored message as RETR must send it, its stuffed dots removed: bare LF is CRLF, the last line has an end."""
    data = re.sub(rb"(?<!\r)\n", b"\r\n", data)
    return data if not data or data.endswith(b"\n") else data + b"\r\n"


class Log:
    """Everything that is written to a pipe, read as it comes."""

    def __init__(self):
        self.read, self.write = os.pipe()
        self.begin()

    def begin(self):
        self.text, self.change = "", threading.Condition()
        self.thread = threading.Thread(target=self._drain, daemon=True)
        self.thread.start()

    def _drain(self):
        while block := os.read(self.read, 65536):
            with self.change:
                self.text += block.decode("latin-1")
                self.change.notify_all()
        os.close(self.read)

    def parent(self):
        """The children have it now: the end comes when the last of them has gone."""
        os.close(self.write)

    def wait(self, pattern):
        with self.change:
            got = self.change.wait_for(lambda: re.search(pattern, self.text, re.M), DEADLINE)
        check(got, "the log never has", pattern, "but", self.text)
        return got

    def all(self):
        self.thread.join(DEADLINE)
        check(not self.thread.is_alive(), "somebody still holds the log:", self.text)
        return self.text


class Maildir:
    def __init__(self, path, uid, gid):
        self.path, self.uid, self.gid = path, uid, gid

    def make(self):
        for sub in ("", "new", "cur", "tmp"):
            os.mkdir(os.path.join(self.path, sub), 0o700)
            os.chown(os.path.join(self.path, sub), self.uid, self.gid)
        return self

    def at(self, name):
        return os.path.join(os.fsencode(self.path), os.fsencode(name))

    def put(self, name, data=b"Subject: t\n\nbody\n"):
        """Store a message as new/NAME or cur/NAME; plain names go to new."""
        path = self.at(name if b"/" in os.fsencode(name) else b"new/" + os.fsencode(name))
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, 0o600)
        os.chown(path, self.uid, self.gid)
        return path

    def names(self):
        """What is there now, as new/NAME and cur/NAME."""
        return sorted(os.fsdecode(os.path.join(sub, n)) for sub in (b"new", b"cur") for n in os.listdir(self.at(sub)))


class User:
    def __init__(self, name, password, maildir):
        self.name, self.password, self.maildir = name, password, maildir
        self.put, self.names = maildir.put, maildir.names


class Site:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="sallyport-test-", dir="/tmp")
        atexit.register(self.remove)
        os.chmod(self.dir, 0o755)
        for name, mode in (("rooms", 0o755), ("empty", 0o555), ("data", 0o700), ("mail", 0o755)):
            os.mkdir(self.at(name))
            os.chmod(self.at(name), mode)
        for room in ("proxyd", "pop3d", "authd", "authd-crypto", "storage", "giver", "taker", "tlsd", "tlskey"):
            shutil.copyfile(os.path.join(BUILD, room), self.at("rooms", room))
            os.chmod(self.at("rooms", room), 0o755)
        self.sallyport = os.path.join(BUILD, "sallyport")
        self.settings = {"POP3_ROOMS": self.at("rooms"), "POP3_EMPTY": self.at("empty"),
                         "POP3_DATA": self.at("data"), "POP3_MAILBASE": self.at("mail"), "POP3_LOG": "stderr"}
        if ROOT:
            self.settings |= {"POP3_POP3D": f"{POP3D_UID}:{POP3D_UID}", "POP3_AUTHD": f"{AUTHD_UID}:{AUTHD_UID}",
                              "POP3_TLSD": f"{TLSD_UID}:{TLSD_UID}", "POP3_TLSKEY": f"{TLSKEY_UID}:{TLSKEY_UID}"}
        else:
            self.settings |= {"POP3_ROOTLESS": "1", "POP3_UIDMIN": str(min(1000, os.getuid()))}
        if landlock() < 2:
            self.settings["POP3_NOLANDLOCK"] = "1"
        self.count = 0

    def at(self, *parts):
        return os.path.join(self.dir, *parts)

    def remove(self):
        device = os.lstat(self.dir).st_dev
        for where, dirs, _ in os.walk(self.dir):
            for path in (os.path.join(where, d) for d in dirs):
                if os.lstat(path).st_dev != device:  # a mount: nothing behind it is ours to remove
                    raise OSError(f"{path} is of another file system: {self.dir} stays")
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        shutil.rmtree(self.dir)

    def user_tool(self, *arguments, password=""):
        return subprocess.run([os.path.join(BUILD, "sallyport-user"), "-f", self.at("users"), "-d", self.at("data"),
                               *arguments], input=password + "\n", text=True, capture_output=True, timeout=DEADLINE,
                              env={"SALLYPORT_ARGON2_KIB": "64", "SALLYPORT_ARGON2_PASSES": "1",
                                   "POP3_MAILBASE": self.at("mail"), "POP3_UIDMIN": self.settings.get("POP3_UIDMIN", "1000")})

    def user(self, name=None, password=PASSWORD, make=True, which=0, maildrop=None):
        """A new user, with an empty Maildir of his own unless told otherwise."""
        self.count += 1
        name = name or f"user{self.count}"
        uid = MAIL_UIDS[which] if ROOT else os.getuid()
        gid = uid if ROOT else os.getgid()
        maildir = Maildir(maildrop or self.at("mail", f"{self.count}"), uid, gid)
        done = self.user_tool("add", name, "-u", f"{uid}:{gid}", "-m", maildir.path, password=password)
        check(done.returncode == 0, "sallyport-user add:", done.stderr)
        return User(name, password, maildir.make() if make else maildir)

    def environment(self, remote="127.0.0.1", **settings):
        """Of a session started by a program like tcpserver; a setting of None is left out."""
        env = self.settings | settings | {"PROTO": "TCP", "TCPREMOTEIP": remote, "TCPLOCALIP": "127.0.0.1",
                                          "PATH": os.environ.get("PATH", "/usr/bin:/bin")}
        return {k: v for k, v in env.items() if v is not None}

    def settings_directory(self, name, **settings):
        """The settings as one file each, for sallyport -e."""
        os.mkdir(self.at(name))
        for key, value in (self.settings | settings).items():
            with open(self.at(name, key), "w", encoding="ascii") as f:
                f.write(value + "\n")
        return self.at(name)

    def certificate(self, name="", kind="rsa", subject="localhost", options=()):
        """A self-signed certificate of this kind for POP3_TLS, which becomes that directory; in it or in NAME there.
        options: of openssl req."""
        directory, suffix = self.at("tls", name), "-ecdsa" if kind == "ecdsa" else ""
        os.makedirs(directory, 0o700, exist_ok=True)
        self.settings["POP3_TLS"] = self.at("tls")
        key, chain = (os.path.join(directory, f"{f}{suffix}.pem") for f in ("privkey", "fullchain"))
        new = {"rsa": ("rsa:2048",), "ecdsa": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "ed25519": ("ed25519",)}
        names = f"DNS:{subject}" + (",IP:127.0.0.1" if subject == "localhost" else "")
        subprocess.run(["openssl", "req", "-x509", "-newkey", *new[kind], "-nodes", "-keyout", key, "-out", chain, "-days", "30",
                        "-subj", f"/CN={subject}", "-addext", f"subjectAltName={names}", *options],
                       check=True, capture_output=True, timeout=DEADLINE)
        return chain, key

    def session(self, **options):
        return Session(self, **options)

    def login(self, user, **options):
        return Session(self, **options).login(user)


class Client:
    """A POP3 client that asserts the form of every reply and interprets none."""

    def __init__(self, sock):
        self.sock, self.buffer = sock, b""
        sock.settimeout(DEADLINE)

    def note(self):
        """What else to say when it fails."""
        return ""

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        block = self.sock.recv(1 << 18)
        self.buffer += block
        return bool(block)

    def line(self):
        """The next line without its CRLF."""
        while b"\n" not in self.buffer:
            if not self.more():
                check(False, "the server closed; there was only", self.buffer, self.note())
        line, self.buffer = self.buffer.split(b"\n", 1)
        check(line.endswith(b"\r") and b"\r" not in line[:-1], "a line without CRLF:", line)
        return line[:-1]

    def body_raw(self):
        """Up to the end marker, and with it."""
        got = bytearray(b"\r\n" + self.buffer)  # as if a line ended before, so that every marker looks the same
        at = 0
        while (end := got.find(b"\r\n.\r\n", at)) < 0:
            at = max(0, len(got) - 4)
            self.buffer = b""
            if not self.more():
                check(False, "the server closed before the end marker, after", len(got), "octets", self.note())
            got += self.buffer
        self.buffer = bytes(got[end + 5:])
        return bytes(got[2:end + 5])

    def body(self):
        """The body of a multi-line reply: its end marker and its stuffed dots removed."""
        raw = self.body_raw()[:-3]
        check(not re.search(rb"(?:^|\r\n)\.(?!\.)", raw), "a line that begins with one dot")
        return re.sub(rb"(^|\r\n)\.", rb"\1", raw)

    def ask(self, command, wanted=b"+OK"):
        """One command, its first line; which must begin with wanted."""
        self.send(command.encode("latin-1") + b"\r\n")
        line = self.line()
        check(line.startswith(wanted), command, "was answered", line)
        return line.decode("latin-1")

    def asks(self, command):
        self.ask(command)
        return self.body()

    def retr(self, n):
        """Message n, whose announced size must be true."""
        first = self.ask(f"RETR {n}")
        body = self.body()
        equal(first, f"+OK {len(body)} octets", "RETR")
        return body

    def uidl(self):
        return dict(line.split(" ") for line in self.asks("UIDL").decode("ascii").splitlines())

    def greet(self):
        check(self.line().startswith(b"+OK "), "no greeting")
        return self

    def login(self, user, wanted=b"+OK"):
        self.ask(f"USER {user.name}")
        self.ask(f"PASS {user.password}", wanted)
        return self

    def closed(self):
        """The server must close here, having sent nothing more."""
        try:
            while self.more():
                pass
        except ConnectionResetError:
            pass
        equal(self.buffer, b"", "before the close came")


def tcp_pair(receive=None):
    """Two ends of one TCP connection; receive bounds what waits at the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.socket()
        if receive:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        client.connect(listener.getsockname())
        return client, listener.accept()[0]


def children(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(p) for p in f.read().split()]
    return []


def command(pid):
    """Its arguments; none when it has gone."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:
        return f.read().split("\0")[:-1]
    return []


def residents(pid):
    """The pids of the tlsd and the tlskey of this sallyport -l that wait for connections."""
    return {name: p for p in children(pid) for name in ("tlsd", "tlskey") if command(p)[:2] == [name, "-"]}


def served_by(pid):
    """The rooms of all sessions of this sallyport -l."""
    return [c for p in children(pid) for c in children(p)]


def outside(environment):
    """Without what tcpserver says of a connection."""
    return {k: v for k, v in environment.items() if k != "PROTO" and not k.startswith("TCP")}


# How sessions with -s are started: as it says, or (tests of both forms) by a sallyport -l.
FORM = "-s"


def both_forms(names, which=lambda name: True):
    """The tests of a module, with -s, and then some of them again with -l, and a name that says so."""
    def by_listening(function):
        def test():
            global FORM
            FORM = "-l"
            try:
                function()
            finally:
                FORM = "-s"
        return test
    tests = [(n[5:].replace("_", "-"), f) for n, f in names.items() if n.startswith("test_")]
    return tests + [(n + "-l", by_listening(f)) for n, f in tests if which(n)]


class Session(Client):
    """One connection: sallyport started on it as a super-server does it."""

    listens = False

    def __init__(self, site, greet=True, pair=None, prefix=(), arguments=(), environment=None, receive=None,
                 prepare=None, **options):
        """prefix: a program that starts it; prepare: done in the new process just before, as by a super-server."""
        if FORM == "-l" and arguments == ("-s",) and pair is None:
            self.listen(site, receive, prefix, environment or site.environment(**options))
            return
        client, server = pair or tcp_pair(receive)
        super().__init__(client)
        self.log = Log()
        with server:
            self.process = subprocess.Popen([*prefix, site.sallyport, *arguments], stdin=server, stdout=server,
                                            stderr=self.log.write, env=environment or site.environment(**options),
                                            preexec_fn=prepare, close_fds=prepare is None)
        self.log.parent()
        if greet:
            self.greet()

    def listen(self, site, receive, prefix, environment):
        """The same by a sallyport -l for this session alone, which accepts it from a socket that is there already."""
        self.listens, self.listener, client = True, socket.create_server(("127.0.0.1", 0)), socket.socket()
        if receive:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        if (remote := environment["TCPREMOTEIP"]).startswith("127."):  # others, this machine has not
            client.bind((remote, 0))
        client.connect(self.listener.getsockname())
        super().__init__(client)
        self.log = Log()
        self.process = subprocess.Popen([*prefix, site.sallyport, "-l"], stdin=self.listener, stdout=subprocess.DEVNULL,
                                        stderr=self.log.write, env=outside(environment))
        atexit.register(self.process.terminate)  # of a test that fails, it would wait for ever; otherwise it has ended
        self.log.parent()

    def note(self):
        return "and logged: " + self.wait()

    def children(self):
        return served_by(self.process.pid) if self.listens else children(self.process.pid)

    def wait(self):
        """Until every process of the session has gone.  Returns its log."""
        if self.listens:
            self.listener_end()
        log = self.log.all()
        self.status = self.process.wait(DEADLINE)
        return log

    def listener_end(self):
        """Have sallyport -l end when it has accepted the connection, which goes on; or see that it would not begin."""
        limit = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            if not select.select([self.listener], [], [], 0)[0]:
                self.process.terminate()
                break
            check(time.monotonic() < limit, "nobody accepts:", self.log.text)
            time.sleep(0.002)
        self.listener.close()

    def end(self):
        self.sock.close()
        return self.wait()

    def quit(self, wanted=b"+OK"):
        self.ask("QUIT", wanted)
        self.closed()
        return self.end()


def tls_context(*trusted, **attributes):
    """Of a client that trusts these certificates, or any."""
    context = ssl.create_default_context()
    context.check_hostname = bool(trusted)
    context.verify_mode = ssl.CERT_REQUIRED if trusted else ssl.CERT_NONE
    for file in trusted:
        context.load_verify_locations(file)
    for name, value in attributes.items():
        setattr(context, name, value)
    return context


class TlsSession(Session):
    """The same with -s: TLS from the first octet on.  session: what Session takes."""

    def __init__(self, site, context=None, name="localhost", greet=True, arguments=("-s",), before=b"", **session):
        """before: what a proxy sends first."""
        super().__init__(site, greet=False, arguments=arguments, **session)
        self.send(before)
        self.handshake(context or tls_context(), name)
        if greet:
            self.greet()

    def handshake(self, context, name):
        self.raw = self.sock
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname=name, suppress_ragged_eofs=False)
        except (OSError, ssl.SSLError) as e:
            self.sock.close()
            raise AssertionError(f"no handshake: {e}; logged: {self.wait()}") from e

    def quit(self, wanted=b"+OK"):
        """With close_notify from both sides: recv says the end, and nothing is cut."""
        self.ask("QUIT", wanted)
        self.closed()
        self.sock.unwrap().close()
        return self.wait()


class StlsSession(TlsSession):
    """The same by STLS: before it, these commands are sent, each to be answered by +OK."""

    def __init__(self, site, *before, context=None, name="localhost", **session):
        Session.__init__(self, site, **session)
        for command in before:
            self.ask(command)
        self.ask("STLS")
        equal(self.buffer, b"", "after the reply to STLS")
        self.handshake(context or tls_context(), name)


class Server:
    """A super-server that listens, and what it and its sessions write to descriptor 2."""

    def __init__(self, argv, environment, reads_port=False, log=Log, stdin=subprocess.DEVNULL, **options):
        self.log = log()
        self.process = subprocess.Popen(argv, env=environment, stdin=stdin, stderr=self.log.write,
                                        stdout=subprocess.PIPE if reads_port else self.log.write, **options)
        self.log.parent()
        self.port = None
        if reads_port:
            ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
            line = self.process.stdout.readline() if ready else b""
            check(line.strip().isdigit(), argv[0], "told no port:", line, self.log.text)
            self.port = int(line)

    def stop(self):
        """End it, wait for its sessions; returns their log."""
        self.process.terminate()
        self.process.wait(DEADLINE)
        if self.process.stdout:
            self.process.stdout.close()
        return self.log.all()

    def client(self):
        return Client(socket.create_connection(("127.0.0.1", self.port), DEADLINE))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:  # then this is what must be told, not that a session was still at work
            self.process.terminate()
        else:
            self.stop()


def tcpserver(site, *arguments, program=(), log=Log, prefix=(), **settings):
    """arguments: tcpserver's; program: sallyport's; prefix: what starts tcpserver.  Tests of both forms have sallyport -l in
    its place, with as many sessions at a time."""
    if FORM == "-l" and tuple(program) == ("-s",):
        most = dict(zip(arguments, arguments[1:])).get("-c", "40")
        return listening(site, log=log, prefix=prefix, **{"POP3_CONNECTIONS": most} | settings)
    need("tcpserver")
    argv = [*prefix, "tcpserver", "-1", "-RHl0", *arguments, "127.0.0.1", "0", site.sallyport, *program]
    return Server(argv, outside(site.environment(**settings)), reads_port=True, log=log)


def listening(site, log=Log, prefix=(), **settings):
    """sallyport -l on a socket that is there already."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server([*prefix, site.sallyport, "-l"], outside(site.environment(**settings)), log=log, stdin=listener)
        server.port = listener.getsockname()[1]
    return server


def run(tests):
    """Run (name, function) pairs, those named on the command line or all.  Returns the exit status."""
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers end and the site is removed
    for name, function in tests:
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        result, why = "ok", ""
        try:
            function()
        except Skip as e:
            result, why = "skip", f": {e}"
        except Exception as e:  # whatever it is, it is this test's failure and not the end of the others
            where = traceback.extract_tb(e.__traceback__)
            lines = ",".join(str(f.lineno) for f in where if f.filename == os.path.abspath(sys.argv[0]))
            result, why = "FAIL", f": {type(e).__name__} (line {lines}): {e}".replace("\n", " | ")
        counts[result] += 1
        print(f"{result} {name}{why}", flush=True)
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return 1 if counts["FAIL"] or not counts["ok"] + counts["skip"] else 0


def run_parts(parts):
    """Run the module that was started once for each of these arguments, as many at a time as there are processors, each
    with a site of its own.  Returns the exit status."""
    waiting, running, total, bad = list(parts), {}, [0, 0, 0], False

    def stop(*_):
        for process, _, _ in running.values():
            process.terminate()
        sys.exit(143)

    signal.signal(signal.SIGTERM, stop)
    while waiting or running:
        while waiting and len(running) < len(os.sched_getaffinity(0)):
            part, out = waiting.pop(0), tempfile.TemporaryFile("w+")
            process = subprocess.Popen([sys.executable, sys.argv[0], part], stdout=out, stderr=subprocess.STDOUT)
            running[process.pid] = process, part, out
        pid, status = os.wait()
        process, part, out = running.pop(pid)
        process.returncode = os.waitstatus_to_exitcode(status)
        with out:
            out.seek(0)
            *lines, last = out.read().splitlines() or [""]
        counted = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", last)
        if counted:
            total = [a + int(b) for a, b in zip(total, counted.groups())]
        else:
            lines += [last, f"FAIL {part}: ended with status {process.returncode} and no count"]
            total[1] += 1
        bad |= process.returncode != 0
        print("\n".join(lines), flush=True)
    print("{} passed, {} failed, {} skipped".format(*total))
    return 1 if bad or total[1] else 0


def run_module(names):
    """The functions of a module whose names begin with test_."""
    return run([(n[5:].replace("_", "-"), f) for n, f in names.items() if n.startswith("test_")])
