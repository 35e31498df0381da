"""wire: a POP3 client that believes nothing, and a maildrop that it fills itself.  Python's standard library alone.
Every octet of every connection is kept, so that a failure can show what was said."""

import base64
import contextlib
import os
import re
import select
import socket
import ssl
import struct
import subprocess
import time

SHOWN = 400  # octets of one side that a failure shows
CODES = (b"[IN-USE]", b"[LOGIN-DELAY]", b"[AUTH]", b"[SYS/TEMP]", b"[SYS/PERM]", b"[UTF8]")


class Failure(Exception):
    """The server did something else than it must."""


class NotAnnounced(Exception):
    """The server does not say that it can do this, so it need not."""


class NotTested(Exception):
    """It cannot be tested in this way of running; the text says why."""


def show(octets):
    """Exact bytes, readable, bounded."""
    text = repr(bytes(octets))[2:-1]
    return text if len(text) <= SHOWN else f"{text[:SHOWN // 2]} ... {text[-SHOWN // 2:]} ({len(octets)} octets)"


def fail_unless(good, *why):
    if not good:
        raise Failure(" ".join(show(w) if isinstance(w, (bytes, bytearray)) else str(w) for w in why))


def wire(data):
    """A stored message as its octets on the wire, stuffed dots removed (RFC 1939 sections 3 and 11)."""
    data = re.sub(rb"(?<!\r)\n", b"\r\n", data)
    return data if not data or data.endswith(b"\n") else data + b"\r\n"


def unstuffed(raw):
    """The lines of a multi-line reply without its end marker; a single dot in front is not allowed."""
    bad = re.search(rb"(?:^|\r\n)(\.(?!\.)[^\r]*)", raw)
    fail_unless(not bad, "a line begins with one dot:", bad[1] if bad else b"")
    return re.sub(rb"(^|\r\n)\.", rb"\1", raw)


class Seen:
    """What every reply of the whole run has to be, whichever check caused it."""

    def __init__(self):
        self.lines = self.statuses = 0
        self.no_crlf, self.no_status, self.too_long, self.bad_code, self.echo = [], [], [], [], []

    def line(self, line):
        self.lines += 1
        if not line.endswith(b"\r\n"):
            self.no_crlf.append(line)

    def status(self, line):
        self.statuses += 1
        if not re.match(rb"(\+OK|-ERR)( |\r?\n)", line):
            self.no_status.append(line)
        if len(line) > 512:
            self.too_long.append(line)
        text = re.sub(rb"^(\+OK|-ERR) ?", b"", line)
        if text.startswith(b"[") and not text.startswith(CODES):
            self.bad_code.append(line)


class Client:
    """One connection."""

    def __init__(self, target, tls=False):
        self.target, self.buffer, self.said, self.rest = target, b"", [], b""
        try:
            self.sock = socket.create_connection((target.host, target.port), target.timeout)
        except OSError as e:
            raise Failure(f"cannot connect: {e}") from e
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.handshake()
        target.clients.append(self)

    def handshake(self, maximum=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if maximum:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = maximum
        self.sock = context.wrap_socket(self.sock, server_hostname=self.target.host)
        self.said.append((b"", b"(TLS: " + str(self.sock.version()).encode() + b")"))

    def conversation(self):
        return " | ".join(f"{'C' if way == b'>' else 'S'}: {show(text)}" for way, text in self.said[-6:])

    def send(self, octets):
        if re.search(rb"(?i)^DELE", octets, re.M):
            self.target.dirty = True
        self.said.append((b">", octets))
        try:
            self.sock.sendall(octets)
        except OSError as e:
            raise Failure(f"the server does not take what it is sent: {e}; {self.conversation()}") from e

    def send_meanwhile(self, octets):
        """Send them while replies are read, as fast as the server takes them."""
        self.said.append((b">", octets))
        self.rest = octets

    def _both(self):
        """What came, after what could be sent.  In one thread: a connection of TLS is not made for two."""
        wait = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
        self.sock.setblocking(False)
        try:
            while True:
                sent = got = None
                with contextlib.suppress(*wait):
                    sent = self.sock.send(self.rest) if self.rest else 0
                    self.rest = self.rest[sent:]
                with contextlib.suppress(*wait):
                    got = self.sock.recv(1 << 18)
                if got is not None:
                    return got
                if not sent and select.select([self.sock], [self.sock] if self.rest else [], [], self.target.timeout) == ([], [], []):
                    raise TimeoutError
        finally:
            self.sock.settimeout(self.target.timeout)

    def _more(self):
        """More octets into the buffer; False at the end of the connection."""
        try:
            block = self._both() if self.rest else self.sock.recv(1 << 18)
        except TimeoutError as e:
            raise Failure(f"no answer in {self.target.timeout:g} s; {self.conversation()}; "
                          f"there was only {show(self.buffer)}") from e
        except (ConnectionError, ssl.SSLError):
            return False
        self.buffer += block
        return bool(block)

    def _line(self):
        while b"\n" not in self.buffer:
            fail_unless(self._more(), f"the connection was closed; {self.conversation()}; there was only", self.buffer)
        line, self.buffer = self.buffer.split(b"\n", 1)
        self.target.seen.line(line + b"\n")
        return line + b"\n"

    def status(self):
        """The first line of a reply without its end."""
        line = self._line()
        self.said.append((b"<", line))
        self.target.seen.status(line)
        return line.rstrip(b"\r\n")

    def challenge(self):
        """A line that may be a challenge (RFC 5034): with its end, because its blank matters."""
        line = self._line()
        self.said.append((b"<", line))
        if not line.startswith(b"+ ") and line.rstrip(b"\r\n") != b"+":
            self.target.seen.status(line)
        return line

    def multi_raw(self):
        """What follows the first line of a multi-line reply, up to the end marker and without it; still stuffed."""
        got, at = b"\r\n" + self.buffer, 0
        while (end := got.find(b"\r\n.\r\n", at)) < 0:
            at, self.buffer = max(0, len(got) - 4), b""
            if not self._more():
                raise Failure(f"the connection was closed before the end marker, after {len(got) - 2} octets; "
                              f"{self.conversation()}")
            got += self.buffer
        self.buffer = got[end + 5:]
        raw = got[2:end + 2]
        self.said.append((b"<", raw + b".\r\n"))
        return raw

    def ask(self, command, wanted=b"+OK"):
        """One command, the first line of its reply; which must begin with wanted."""
        command = command if isinstance(command, bytes) else command.encode("latin-1")
        self.send(command + b"\r\n")
        line = self.status()
        fail_unless(line.startswith(wanted), "C:", command, "S:", line, "; wanted was", wanted)
        return line

    def refused(self, command):
        return self.ask(command, b"-ERR")

    def multi(self, command):
        """One command; the unstuffed lines of its multi-line reply."""
        self.ask(command)
        return unstuffed(self.multi_raw())

    def lines(self, command):
        return self.multi(command).split(b"\r\n")[:-1]

    def retr(self, n):
        return self.multi(f"RETR {n}")

    def alive(self):
        """The session must still answer, and this answer must be the next one."""
        self.refused("XYZZY")

    def silent(self, seconds=0.2):
        """Nothing more may have been sent."""
        self.sock.settimeout(seconds)
        try:
            got = self.buffer + self.sock.recv(4096)
        except (TimeoutError, ssl.SSLWantReadError):
            got = self.buffer
        except OSError:
            got = self.buffer
        finally:
            self.sock.settimeout(self.target.timeout)
        fail_unless(not got, "more came than was asked for:", got, ";", self.conversation())

    def at_end(self):
        """The rest, up to the end of the connection."""
        while self._more():
            pass
        rest, self.buffer = self.buffer, b""
        return rest

    def closed(self):
        rest = self.at_end()
        fail_unless(not rest, "before the connection was closed there came", rest, ";", self.conversation())

    def quit(self, wanted=b"+OK"):
        line = self.ask("QUIT", wanted)
        self.closed()
        self.close()
        return line

    def close(self):
        self.sock.close()

    def reset(self):
        """Close so that the server's kernel forgets the connection at once."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def sasl(self, text):
        """Send one base64 line."""
        self.send(base64.b64encode(text) + b"\r\n")


class Maildir:
    """The maildrop as a directory that we may write."""

    stored = True  # what we store is what the server finds, octet for octet

    def __init__(self, path):
        self.path, self.owner, self.serial = path, os.stat(path), 0
        self.files = {}

    def at(self, *parts):
        return os.path.join(self.path, *parts)

    def all(self):
        return [self.at(sub, name) for sub in ("new", "cur") for name in os.listdir(self.at(sub)) if name[0] != "."]

    def put(self, content, name=None, sub="new"):
        """As a deliverer does it: in tmp, then renamed."""
        self.serial += 1
        name = name or f"{1700000000 + self.serial}.M{self.serial}P{os.getpid()}.conformance"
        temporary, path = self.at("tmp", name), self.at(sub, name)
        with open(temporary, "wb") as f:
            f.write(content)
        os.chmod(temporary, 0o600)
        if os.getuid() == 0:
            os.chown(temporary, self.owner.st_uid, self.owner.st_gid)
        os.rename(temporary, path)
        self.files[content] = path
        return path

    def fill(self, contents, _target):
        for path in self.all():
            if os.path.isdir(path):
                os.rmdir(path)
            else:
                os.unlink(path)
        self.files = {}
        for content in contents:
            self.put(content)

    def find(self, content):
        """Where it is now: servers move from new to cur and add flags."""
        base = os.path.basename(self.files[content]).split(":")[0]
        return next((p for p in self.all() if os.path.basename(p).split(":")[0] == base), None)


class Deliver:
    """The maildrop behind a command that takes one message on its standard input."""

    stored = False

    def __init__(self, command):
        self.command = command

    def put(self, content):
        done = subprocess.run(self.command, shell=True, input=content, capture_output=True, timeout=60)
        if done.returncode:
            raise NotTested(f"the delivery command failed: {show(done.stderr or done.stdout)}")

    def fill(self, contents, target):
        client = target.login()
        count = int(client.ask("STAT").split(b" ")[1])
        for n in range(1, count + 1):
            client.ask(f"DELE {n}")
        client.quit()
        for content in contents:
            self.put(content)
        for _ in range(100):  # some deliver in the background
            client = target.login()
            there = int(client.ask("STAT").split(b" ")[1])
            client.quit()
            if there == len(contents):
                return
            time.sleep(0.1)
        raise NotTested(f"{there} messages are in the maildrop after {len(contents)} were delivered")


class Target:
    """The server, and how to use it."""

    def __init__(self, host, port, user, password, drop, tls="none", timeout=20.0, idle=0):
        self.host, self.port, self.user, self.password = host, port, user, password
        self.drop, self.tls, self.timeout, self.idle = drop, tls, timeout, idle
        self.seen, self.clients = Seen(), []
        self.dirty, self.filled, self.announced = True, None, {}

    def connect(self, plain=False):
        """Greeted, and encrypted if that is the way of this run and not plain is asked for."""
        client = Client(self, self.tls == "tls")
        client.greeting = client.status()
        fail_unless(client.greeting.startswith(b"+OK"), "greeted by", client.greeting)
        if self.tls == "stls" and not plain:
            client.ask("STLS")
            client.handshake()
        return client

    def login(self, plain=False):
        """Logged in; patient, because the session before may have been cut and its lock be about to go."""
        end = time.monotonic() + min(self.timeout, 12)
        while True:
            client = self.connect(plain)
            client.ask(f"USER {self.user}")
            client.send(f"PASS {self.password}\r\n".encode("latin-1"))
            line = client.status()
            if line.startswith(b"+OK"):
                return client
            client.close()
            if time.monotonic() > end or not re.search(rb"(?i)in-use|lock|busy|in use", line):
                break
            time.sleep(0.1)
        raise Failure(f"cannot log in: {client.conversation()}")

    def fill(self, *contents):
        if self.dirty or self.filled != contents:
            self.close_all()
            self.drop.fill(contents, self)
            self.dirty, self.filled = False, contents

    def close_all(self):
        for client in self.clients:
            client.close()
        self.clients.clear()

    def same(self, got, stored):
        """Is got, from RETR, what was stored?  A delivery command may have put header lines among the others."""
        wanted = wire(stored)
        if self.drop.stored:
            return got == wanted
        head, _, body = got.partition(b"\r\n\r\n")
        wanted_head, _, wanted_body = wanted.partition(b"\r\n\r\n")
        lines = iter(head.split(b"\r\n"))
        return all(line in lines for line in wanted_head.split(b"\r\n")) and body == wanted_body

    def numbers(self, client, *contents):
        """The number of each of these messages in this session, found by reading."""
        count = int(client.ask("STAT").split(b" ")[1])
        found = {}
        for n in range(1, count + 1):
            got = client.retr(n)
            for content in contents:
                if self.same(got, content):
                    found[content] = n
        fail_unless(len(found) == len(contents), f"{len(contents)} messages are in the maildrop, RETR found {len(found)} of them")
        return [found[c] for c in contents]

    def capabilities(self, client):
        """Of CAPA: tag to arguments."""
        lines = client.lines("CAPA")
        return {line.split(b" ")[0].upper().decode("latin-1"): line.split(b" ")[1:] for line in lines}

    def look(self):
        """What it announces: in the clear, before the login in the way of this run, and at all."""
        def capabilities(client):
            try:
                return self.capabilities(client)
            except Failure:
                return {}
        self.announced_plain = {} if self.tls == "tls" else capabilities(self.connect(plain=True))
        self.announced_before = capabilities(self.connect())
        client = self.login()
        self.announced = {**self.announced_before, **capabilities(client)}
        try:
            client.quit()  # and wait for its end: a check that follows finds the maildrop unlocked
        except Failure:
            pass
        self.close_all()

    def run(self, function):
        """(result, detail) of one check."""
        try:
            function(self)
            return "pass", ""
        except NotAnnounced as e:
            return "not-announced", str(e)
        except NotTested as e:
            return "not-tested", str(e)
        except Failure as e:
            return "fail", str(e)
        except Exception as e:  # whatever a server makes us stumble over is the server's
            return "fail", f"{type(e).__name__}: {e}"
        finally:
            self.close_all()

    def need(self, tag):
        """Only where it is announced, before the login or after."""
        if tag not in self.announced:
            raise NotAnnounced(tag)
        return self.announced[tag]

    def need_maildir(self):
        if not self.drop.stored:
            raise NotTested("needs --maildir")
