"""wrong_server: a small POP3 server that does everything right, except what it is told to do wrong.
Each name of a check is a switch: with it, that check must fail.  It proves the checks and is good for nothing else: it
keeps passwords in the clear and mail in memory, and does not know what a privilege is."""

import base64
import hashlib
import hmac
import itertools
import os
import re
import socket
import ssl
import threading

from checks import REFUSED
from wire import wire

KINDS = {"PLAIN", "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-1", "OAUTHBEARER", "XOAUTH2"}
FEATURES = {"stls", "sasl", "apop", "utf8", "lang", "plain"}
stamps = itertools.count(1)


class Gone(Exception):
    """The connection has ended."""


class Message:
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)
        self.base = self.name.split(":")[0]
        with open(path, "rb") as f:
            self.content = f.read()


class WrongServer:
    """Serves the Maildir `path` to one user; wrong is a set that may be changed at any time."""

    def __init__(self, path, user, password, context, features=FEATURES):
        self.path, self.user, self.password, self.context = path, user, password, context
        self.features, self.wrong = set(features), set()
        self.lock, self.open, self.stalled = threading.Lock(), 0, False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=Session(self, sock).serve, daemon=True).start()

    def close(self):
        self.listener.close()

    def messages(self):
        paths = [os.path.join(self.path, sub, name) for sub in ("new", "cur") for name in os.listdir(os.path.join(self.path, sub))]
        return [Message(p) for p in sorted(paths, key=os.path.basename) if os.path.isfile(p)]


class Session:
    def __init__(self, server, sock):
        self.server, self.sock, self.buffer, self.tls = server, sock, b"", False
        self.name, self.given, self.failed, self.errors = None, False, 0, 0
        self.messages, self.marked, self.retrieved, self.locked, self.utf8 = None, set(), set(), False, False

    def is_wrong(self, name):
        return name in self.server.wrong

    # Octets.

    def send(self, text):
        octets = text if isinstance(text, bytes) else text.encode("latin-1")
        if self.is_wrong("every-crlf"):
            octets = octets.replace(b"\r\n", b"\n")
        if self.is_wrong("every-status"):
            octets = octets.replace(b"+OK", b"+OK:")
        if self.is_wrong("every-512"):
            octets = octets.replace(b"+OK", b"+OK " + b"x" * 600)
        if self.is_wrong("every-code"):
            octets = octets.replace(b"+OK", b"+OK [HELLO]")
        try:
            self.sock.sendall(octets)
        except OSError as e:
            raise Gone from e

    def ok(self, text=""):
        self.send(f"+OK {text}".rstrip() + "\r\n")

    def err(self, text):
        self.errors += 1
        self.send(f"-ERR {text}\r\n")

    def line(self):
        while b"\n" not in self.buffer:
            try:
                block = self.sock.recv(65536)
            except OSError:
                block = b""
            if not block:
                if self.is_wrong("half-command") and self.buffer:
                    line, self.buffer = self.buffer, b""
                    return line
                raise Gone
            self.buffer += block
            if self.is_wrong("in-pieces") and b"\n" not in block:
                self.buffer = b""
                self.err("in pieces")
            if len(self.buffer) > 100000 and b"\n" not in self.buffer and self.is_wrong("endless-line"):
                self.server.stalled = True
        if self.is_wrong("long-line") and len(self.buffer) > 4096:
            line, self.buffer = self.buffer[:4096], self.buffer[4096:]
            return line
        line, self.buffer = self.buffer.split(b"\n", 1)
        if self.is_wrong("bare-lf") and not line.endswith(b"\r"):
            return b"\0"
        return line.removesuffix(b"\r")

    # A message's way to the client.

    def form(self, stored):
        """(octets on the wire with their stuffed dots, octets that LIST tells)."""
        w, octets = self.is_wrong, stored
        if w("message-crlf"):
            octets = octets.replace(b"\r\n", b"\r\r\n")
        if w("message-eight-bit"):
            octets = bytes(o & 127 for o in octets)
        if w("message-blank-lines"):
            octets = octets.rstrip(b"\n") + b"\n"
        if w("message-empty-body") and octets.endswith(b"\n\n"):
            octets = octets[:-1]
        if w("message-long-line"):
            octets = re.sub(rb"([^\n]{998})[^\n]*", rb"\1", octets)
        if w("message-large"):
            octets = octets[:1 << 19]
        if w("message-like-replies"):
            octets = octets.replace(b"+OK bye\n", b"")
        if w("message-from-line"):
            octets = re.sub(rb"^From ", rb">From ", octets, flags=re.M)
        if w("message-control-z"):
            octets = octets.split(b"\x1a")[0]
        octets = wire(octets)
        if "utf8" in self.server.features and not self.utf8 and not w("utf8-off"):
            head, blank, body = octets.partition(b"\r\n\r\n")
            octets = re.sub(rb"[\x80-\xff]", b"?", head) + blank + body
        size = len(octets)
        if w("message-plain"):
            size -= octets.count(b"\n")
        if w("message-no-newline") or w("message-no-newline-cr"):
            size -= 0 if stored.endswith(b"\n") else 2
        if w("message-header-only") and b"\r\n\r\n" not in octets:
            octets += b"\r\n"
        if w("message-bare-cr"):
            octets = re.sub(rb"\r(?!\n)", b"\r\n", octets)
        if w("message-nul"):
            octets = re.sub(rb"\0[^\r]*", b"", octets)
        if w("message-empty") and not octets:
            octets = b"\r\n"
        if w("utf8") and self.utf8:
            size += 1
        if w("retr-pure") and self.retrieved:
            octets = b"Status: RO\r\n" + octets
        if w("message-mixed"):
            octets = octets.replace(b"lf\r\nc", b"lf\nc")
        return self.stuffed(octets, stored), size

    def stuffed(self, octets, stored):
        w = self.is_wrong
        if w("message-dots"):
            return re.sub(rb"(^|\r\n)\.(?!\r)", rb"\1..", octets)
        if w("message-first-dot"):
            return re.sub(rb"\r\n\.", b"\r\n..", octets)
        if w("message-last-dot") and not stored.endswith(b"\n"):
            return re.sub(rb"\r\n\.(?!\r\n$)", b"\r\n..", octets)
        if w("message-dot-cr"):
            return re.sub(rb"(^|\r\n)\.", rb"\1..", octets).replace(b"\r\n..end", b"\r\n.end")
        if w("message-dots-everywhere"):
            parts = [octets[n:n + 4096] for n in range(0, len(octets), 4096)]
            return b"".join(re.sub(rb"\r\n\.", b"\r\n..", p) for p in parts)
        return re.sub(rb"(^|\r\n)\.", rb"\1..", octets)

    # The session.

    def serve(self):
        try:
            self._serve()
        except (Gone, OSError):
            pass
        finally:
            if self.is_wrong("closed-without-quit") or self.is_wrong("reset-without-quit"):
                self.commit()
            if self.locked and not self.is_wrong("lock-free-after-cut"):
                self.locked = False
                self.server.lock.release()
            self.server.open -= 1
            self.sock.close()

    def _serve(self):
        self.server.open += 1
        if self.server.stalled or (self.is_wrong("idle-connections") and self.server.open > 20):
            return
        self.stamp = "<1@host>" if self.is_wrong("apop-fresh") else f"<{next(stamps)}.{os.getpid()}@host>"
        text = "ready"
        if "apop" in self.server.features or self.is_wrong("greeting-apop"):
            text += " " + self.stamp
        if self.is_wrong("greeting-512"):
            text += "x" * 600
        self.ok(text)
        if self.is_wrong("greeting"):
            self.ok("and welcome")
        if self.is_wrong("idle-ten-minutes"):
            self.err("too slow")
            return
        while self.obey(self.line()):
            pass

    def obey(self, line):
        """One command.  False ends the session."""
        w = self.is_wrong
        command = next((c for name, c in REFUSED.items() if w(name)), None)
        if command is not None and line == command.encode("latin-1"):
            self.ok("as you like")
            return True
        if w("stls-after-login") and line == b"STLS" or w("auth-twice") and line.startswith(b"AUTH PLAIN") and self.messages is not None:
            self.ok("again")
            return True
        if w("noise") and re.search(rb"[\x80-\xff]", line):
            threading.Event().wait(5)
        if w("http") and (line == b"" or line.startswith((b"GET", b"Host"))):
            return True
        if w("command-255") and len(line) > 200:
            self.err("too long")
        if len(line) > 512 and w("long-line-not-obeyed"):
            line = line[-4:]
        if len(line) > 1024:
            self.err("line too long")
            return True
        if w("nul-in-command"):
            line = line.split(b"\0")[0]
        verb, _, argument = line.decode("latin-1").partition(" ")
        verb = verb if w("keyword-case") else verb.upper()
        given, self.given = self.given, False
        handler = getattr(self, "do_" + verb.lower(), None) if verb.isalnum() and verb == verb.upper() and "\0" not in argument else None
        before = ("USER", "PASS", "APOP", "AUTH", "STLS", "UTF8")
        both = ("CAPA", "QUIT", "LANG")
        if handler is None or (verb in before) != (self.messages is None) and verb not in both:
            self.err("unknown command" + (" " + line.decode("latin-1") if w("no-echo") else ""))
            return True
        if verb in ("PASS",):
            self.given = given
        go_on = handler(argument)
        if w("pipelining") or (w("pipelining-no-deadlock") and verb == "RETR"):
            self.buffer = b""
        self.count = getattr(self, "count", 0) + 1
        if w("pipelining-many") and self.count == 1000:
            self.buffer = self.buffer[6:]
        return go_on is not False

    # Before the login.

    def capabilities(self):
        w, f, inside = self.is_wrong, self.server.features, self.messages is not None
        tags = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "LOGIN-DELAY 0", "IMPLEMENTATION wrong"]
        if "plain" in f or self.tls:
            tags += ["USER"]
            tags += ["SASL " + " ".join(sorted(KINDS))] if "sasl" in f else []
        tags += ["STLS"] if "stls" in f and (not self.tls or w("stls")) and not inside else []
        tags += ["UTF8 USER"] if "utf8" in f else []
        tags += ["LANG"] if "lang" in f else []
        if inside and w("capa-both"):
            tags.remove("USER")
        if not inside and w("capa-early"):
            tags.remove("UIDL")
        if w("capa-user"):
            tags.remove("USER")
        if inside and w("sasl-after-login"):
            tags = [t for t in tags if not t.startswith("SASL")]
        if w("capa-registered"):
            tags[5] = "EXPIRENEVER"
        if w("capa-arguments"):
            tags[5] = "EXPIRE forever"
        if w("login-delay"):
            tags[6] = "LOGIN-DELAY 10"
        if w("capa-512"):
            tags[7] = "IMPLEMENTATION " + "x" * 600
        return tags

    def do_capa(self, _):
        if self.is_wrong("capa-before") and self.messages is None or self.is_wrong("capa-after") and self.messages is not None:
            self.err("not now")
            return
        self.ok()
        self.send("".join(t + "\r\n" for t in self.capabilities()) + ".\r\n")

    def do_user(self, name):
        w = self.is_wrong
        if not name:
            return self.err("no name")
        if "plain" not in self.server.features and not self.tls and not w("plain-refused-alike"):
            return self.err("not in the clear")
        if w("no-enumeration") and name != self.server.user:
            return self.err("no such user")
        if w("auth-code-not-on-user") and name != self.server.user:
            return self.err("[AUTH] no such user")
        if not (w("last-user") and self.name):
            self.name = name
        self.given = True
        self.ok()

    def right(self, name, password):
        w, known = self.is_wrong, self.server.password
        if w("login-spaces"):
            password, known = password.split(" ")[0], known.split(" ")[0]
        if w("login-wrong"):
            known = password if password.lower() == known.lower() else known
        if w("login-empty") and password == "" or w("hostile-names") and "'" in name:
            return True
        if w("login") or w("login-again") and self.failed:
            return False
        return name == self.server.user and hmac.compare_digest(password.encode("latin-1"), known.encode("latin-1"))

    def do_pass(self, password):
        w, given, self.given = self.is_wrong, self.given, False
        if not given and not (w("pass-first") or w("pass-not-twice") and self.failed or w("pass-after-user") and self.name):
            return self.err("USER first")
        if w("pass-first"):
            self.name = self.server.user
        if "plain" not in self.server.features and not self.tls:
            return self.err("not in the clear" if password == self.server.password else "[AUTH] wrong")
        return self.enter(self.right(self.name, password), "auth-code")

    def enter(self, right, switch):
        w = self.is_wrong
        if not right:
            self.failed += 1
            return self.err("wrong" if w(switch) else "[AUTH] wrong")
        if not w("one-session") and not self.server.lock.acquire(blocking=False):
            return self.err("the maildrop is locked" if w("in-use-code") else "[IN-USE] the maildrop is locked")
        self.locked = not w("one-session")
        self.messages = self.server.messages()
        self.salt = os.urandom(4).hex() if w("uidl-persists") or w("thunderbird") else ""
        return self.ok("come in")

    def do_apop(self, argument):
        if "apop" not in self.server.features:
            return self.err("unknown command")
        name, _, digest = argument.partition(" ")
        right = hashlib.md5((self.stamp + self.server.password).encode("latin-1")).hexdigest()
        return self.enter(name == self.server.user and (digest == right or (self.is_wrong("apop-login") and len(digest) == 32)), "")

    def do_stls(self, argument):
        w = self.is_wrong
        if w("stls-arguments") and argument or w("stls-twice") and self.tls:
            return self.ok()
        if "stls" not in self.server.features and w("stls-not-offered"):
            return False
        if argument or self.tls or "stls" not in self.server.features or w("stls-after-failure") and self.failed:
            return self.err("not now")
        self.ok()
        if w("stls-no-handshake") and self.sock.recv(1, socket.MSG_PEEK) != b"\x16":
            return True
        if w("tls-old"):
            self.server.context.set_ciphers("ALL:@SECLEVEL=0")
            self.server.context.minimum_version = ssl.TLSVersion.TLSv1
        try:
            self.sock = self.server.context.wrap_socket(self.sock, server_side=True)
        finally:
            self.server.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.tls = True
        if not w("stls-injection"):
            self.buffer = b""
        if not w("stls-forgets-user"):
            self.name, self.given, self.utf8 = None, False, False
        else:
            self.given = True
        return True

    def do_utf8(self, argument):
        if "utf8" not in self.server.features:
            if self.is_wrong("utf8-not-offered"):
                return False
            return self.err("unknown command")
        if argument:
            return self.err("no arguments")
        self.utf8 = True
        return self.ok()

    def do_lang(self, argument):
        if "lang" not in self.server.features:
            return self.err("unknown command")
        if not argument:
            self.ok()
            return self.send("en English\r\n.\r\n")
        if argument in ("en", "*") or self.is_wrong("lang"):
            return self.ok("en")
        return self.err("no such language")

    # SASL.

    def ask(self, challenge):
        """Send a challenge; the decoded answer, or None after the refusal of a bad or cancelled one."""
        text = base64.b64encode(challenge).decode()
        self.send("+\r\n" if not text and self.is_wrong("plain-challenge") else f"+ {text}\r\n")
        return self.decoded(self.line())

    def decoded(self, line):
        w = self.is_wrong
        if line == b"*" and w("plain-cancel"):
            raise Gone
        if len(line) > 4096 and w("plain-long"):
            raise Gone
        if line == b"=":
            return b""
        try:
            return base64.b64decode(line + b"==" if w("plain-base64") else line, validate=not w("plain-base64"))
        except ValueError:
            self.err("not base64")
            return None

    def do_auth(self, argument):
        w = self.is_wrong
        kind, _, first = argument.partition(" ")
        if not kind:
            if w("auth-list"):
                return False
            self.ok()
            return self.send("".join(k + "\r\n" for k in sorted(KINDS)) + ".\r\n")
        if kind.upper() not in KINDS or "sasl" not in self.server.features:
            self.err("no such mechanism")
            return not w("auth-unknown")
        return getattr(self, "auth_" + kind.lower().replace("-", "_"))(first.encode("latin-1"))

    def auth_plain(self, first):
        w = self.is_wrong
        if first and w("plain-initial"):
            return self.err("no initial response")
        text = self.decoded(first) if first else self.ask(b"")
        if text is None:
            return True
        fields = text.decode("latin-1").split("\0")
        right = len(fields) == 3 and self.right(fields[1], fields[2]) and (fields[0] in ("", fields[1]) or w("plain-authzid"))
        if w("plain-wrong") and len(fields) > 2 and fields[2].startswith(self.server.password):
            right = True
        return self.enter(right, "sasl-auth-code")

    def auth_cram_md5(self, first):
        if first:
            return self.err("the server is first here")
        challenge = b"<1@host>" if self.is_wrong("cram-md5") else f"<{next(stamps)}@host>".encode()
        text = self.ask(challenge)
        if text is None:
            return True
        name, _, digest = text.decode("latin-1").rpartition(" ")
        right = hmac.new(self.server.password.encode("latin-1"), challenge, "md5").hexdigest()
        return self.enter(name == self.server.user and hmac.compare_digest(digest, right), "")

    def auth_scram_sha_256(self, first):
        return self.scram(first, "sha256", self.is_wrong("scram-sha-256"))

    def auth_scram_sha_1(self, first):
        return self.scram(first, "sha1", self.is_wrong("scram-sha-1"))

    def scram(self, first, kind, wrong):
        text = (self.decoded(first) or b"").decode("latin-1")
        begin = re.fullmatch(r"(n,(?:a=([^,]*))?,)(n=([^,]*),r=([^,]+))", text)
        if begin is None:
            return self.err("malformed")
        header, authzid, bare, name, nonce = begin.groups()
        salt = hashlib.sha256(b"salt of " + name.encode("latin-1")).digest()[:16]
        whole = nonce + os.urandom(12).hex()
        middle = f"r={whole},s={base64.b64encode(salt).decode()},i=4096"
        text = self.ask(middle.encode())
        if text is None:
            return True
        end = re.fullmatch(r"(c=([^,]*),r=([^,]*)),p=([^,]*)", text.decode("latin-1"))
        salted = hashlib.pbkdf2_hmac(kind, self.server.password.encode("latin-1"), salt, 4096)
        key = hmac.digest(salted, b"Client Key", kind)
        said = f"{bare},{middle},{end[1]}".encode() if end else b""
        proof = bytes(a ^ b for a, b in zip(key, hmac.digest(hashlib.new(kind, key).digest(), said, kind)))
        right = end and end[4] == base64.b64encode(proof).decode() and name == self.server.user and authzid in (None, name)
        bound = end and end[2] == base64.b64encode(header.encode()).decode() and end[3] == whole
        if not right or not (bound or wrong):
            return self.enter(False, "")
        answer = self.ask(b"v=" + base64.b64encode(hmac.digest(hmac.digest(salted, b"Server Key", kind), said, kind)))
        return self.enter(answer == b"", "")

    def auth_oauthbearer(self, first):
        return self.bearer(first, b'{"status":"invalid_token"}', self.is_wrong("oauthbearer"))

    def auth_xoauth2(self, first):
        return self.bearer(first, b'{"status":"401","schemes":"bearer","scope":"mail"}', self.is_wrong("xoauth2"))

    def bearer(self, first, why, wrong):
        """No token is good here."""
        text = self.decoded(first) if first else self.ask(b"")
        if text is None:
            return True
        if wrong:
            return self.enter(b"auth=Bearer " in text, "")
        return True if self.ask(why) is None else self.enter(False, "")

    # After the login.

    def number(self, text):
        """The message of that number, or None after a refusal."""
        if not re.fullmatch(r"[0-9]+", text) or not 0 < int(text) <= len(self.messages) or int(text) in self.marked:
            self.err("no such message")
            return None
        return int(text)

    def alive(self):
        return [n for n in range(1, len(self.messages) + 1) if n not in self.marked]

    def do_noop(self, argument):
        return self.err("no") if argument or self.is_wrong("noop") else self.ok()

    def do_stat(self, _):
        w = self.is_wrong
        if w("snapshot"):
            self.messages = self.server.messages()
        counted = range(1, len(self.messages) + 1) if w("deleted-stat") else self.alive()
        text = f"{len(counted)} {sum(self.form(self.messages[n - 1].content)[1] for n in counted)}"
        if w("empty-maildrop") and not self.messages:
            text = "0"
        return self.ok(text + (" octets" if w("stat") else ""))

    def listing(self, argument, tell, name):
        w = self.is_wrong
        if argument:
            if (n := self.number(argument)) is None:
                return None
            return self.ok(f"{n} {tell(n)}" + ("x" if w(name + "-one") else ""))
        self.ok()
        places = enumerate(self.alive(), 1) if w("deleted-" + name) else ((n, n) for n in self.alive())
        extra = " octets" if w(name) else ""
        return self.send("".join(f"{n} {tell(i)}{extra}\r\n" for n, i in places) + ".\r\n")

    def do_list(self, argument):
        return self.listing(argument, lambda n: self.form(self.messages[n - 1].content)[1], "list")

    def uid(self, n):
        w, m = self.is_wrong, self.messages[n - 1]
        if w("uidl-after-removal"):
            return f"{n}"
        if w("uidl-identical"):
            return hashlib.md5(m.content).hexdigest()
        if w("uidl-flags"):
            return m.path[-60:].replace("/", "-")
        if w("uidl-rset") and getattr(self, "unmarked", False):
            return "again" + m.base[-60:]
        text = m.base if len(m.base) <= 70 else hashlib.sha256(m.base.encode()).hexdigest()
        return self.salt + (m.base[:60] if w("uidl-long-names") else text)

    def do_uidl(self, argument):
        return self.listing(argument, self.uid, "uidl")

    def content(self, n):
        """What RETR sends; None after a refusal."""
        w, m = self.is_wrong, self.messages[n - 1]
        if (w("one-session") or w("renamed")) and not os.path.exists(m.path):
            return self.err("it is gone")
        if w("vanished") and not os.path.exists(m.path):
            return next(o.content for o in self.messages if o is not m)
        if w("shrunk") or w("unreadable"):
            try:
                with open(m.path, "rb") as f:
                    return f.read()
            except OSError:
                return b""
        return m.content

    def do_retr(self, argument):
        if (n := self.number(argument)) is None or (content := self.content(n)) is None:
            return
        self.ok()
        self.send(self.form(content)[0] + b".\r\n")
        self.retrieved.add(n)

    def do_top(self, argument):
        w = self.is_wrong
        first, _, lines = argument.partition(" ")
        if not re.fullmatch(r"[0-9]+", lines):
            return self.err("how many lines?")
        if w("top-huge") and len(lines) > 18:
            return False
        if (n := self.number(first)) is None:
            return None
        stored = self.messages[n - 1].content
        head, blank, body = wire(stored).partition(b"\r\n\r\n")
        if not blank:
            head, body = wire(stored)[:-2], b""
        rows, count = body.split(b"\r\n")[:-1], int(lines)
        if w("top-more") and count > len(rows):
            return self.err("so many there are not")
        count = {"top-zero": 99 if count == 0 else count, "top-lines": count - 2, "top-all": min(count, len(rows) - 1)}.get(
            next((s for s in ("top-zero", "top-lines", "top-all") if w(s)), ""), count)
        got = head + (b"\r\n\r\n" if not w("top-header-only") or blank else b"") + b"".join(r + b"\r\n" for r in rows[:max(count, 0)])
        if w("top-header-only") and not blank:
            got = b"\r\n"
        self.ok()
        return self.send((got if w("top-dots") else re.sub(rb"(^|\r\n)\.", rb"\1..", got)) + b".\r\n")

    def do_dele(self, argument):
        if (n := self.number(argument)) is None:
            return None
        if self.is_wrong("python") and n == 3:
            return self.err("not this one")
        self.marked.add(n)
        return self.ok()

    def do_rset(self, _):
        self.unmarked = True
        if not self.is_wrong("rset"):
            self.marked.clear()
        return self.ok()

    def commit(self):
        """Remove what is marked.  False if something would not go."""
        w = self.is_wrong
        marked = set(self.marked)
        if w("expire"):
            marked |= self.retrieved
        if w("quit-removes") and marked:
            marked.add(1)
        if w("quit-tells"):
            return True
        for n in marked:
            base = self.messages[n - 1].base
            for m in self.server.messages():
                if m.base == base:
                    try:
                        os.unlink(m.path)
                    except OSError:
                        return False
        return True

    def do_quit(self, _):
        w = self.is_wrong
        if w("quit-before-login") and self.messages is None or w("quit-after-errors") and self.errors:
            return False
        good = self.commit() if self.messages is not None else True
        if self.locked and not w("lock-free-after-quit"):
            self.locked = False
            self.server.lock.release()
        self.ok("bye") if good else self.err("some messages were not removed")
        if self.locked:
            threading.Event().wait(0.5)
        if w("nothing-after-quit"):
            return True
        return False
