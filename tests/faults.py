"""faults: every system call of every room fails, comes short, or is the last thing that its process does: one at a time, in a
session that logs in, lists, retrieves, deletes and quits.  Each time the same must hold:
  no message is lost or doubled, and nothing is removed without QUIT;
  no +OK for what did not happen, and no message complete that was cut;
  a failure of ours never reads as a bad password;
  the next session works, the lock is free, the unique-ids are the same; no process is left, none crashed.

The rooms are the ones that are shipped, in their cages (tests/faults/inject.c says how).  Memory: in static programs every
allocation is a brk, an mmap or an mremap, and those fail one by one, and all from one on.

Ways of a session: plain; by AUTH PLAIN, with its response at once; with TLS (tlsd, tlskey); behind a proxy (proxyd); and by
a checkpassword program, which is ourselves again (giver, taker).

FAULTS=all: every error at every occurrence, with a client that waits for each reply and with one that sends all at once
(make faults), several ways at a time; `faults.py WAY` is one of them.  Otherwise: each system call of each room at one occurrence, with every error for the rooms that have mail,
and with every second one for the others; of the other ways, the rooms that only they have."""

import base64
import errno
import os
import re
import shutil
import socket
import ssl
import struct
import sys

from harness import BUILD, Session, Site, Skip, check, equal, run, run_parts, tls_context, wire

INJECT = os.path.join(BUILD, "inject")
ALL = os.environ.get("FAULTS") == "all"

GENERAL = "EIO ENOMEM EINTR EPERM"
ERRORS = {
    "openat": "EIO ENOSPC EMFILE ENFILE ENOMEM EINTR ESTALE EACCES ENOENT ELOOP",
    "execveat": "EIO EMFILE ENOMEM EACCES ENOENT ESTALE ETXTBSY",
    "read": "EIO EINTR ESTALE EAGAIN ECONNRESET ETIMEDOUT short end",
    "pread64": "EIO EINTR ESTALE ENOMEM short end",
    "write": "EIO ENOSPC EDQUOT EINTR EAGAIN EPIPE ECONNRESET ETIMEDOUT short",
    "getdents64": "EIO EINTR ENOMEM ESTALE EACCES",  # ENOENT is true of a removed directory: tests/maildrop.py removes one
    "fstat": "EIO ENOMEM EINTR ESTALE EACCES",
    "newfstatat": "EIO ENOMEM EINTR ESTALE EACCES ENOENT",
    "unlinkat": "EIO ENOSPC EINTR ESTALE EACCES EROFS ENOENT EBUSY EISDIR EPERM",
    "renameat2": "EIO ENOSPC EDQUOT EINTR ESTALE EACCES EROFS ENOENT EEXIST EINVAL",
    "flock": "EIO EINTR ENOLCK EWOULDBLOCK ENOSYS",
    "lseek": "EIO ESTALE",
    "recvmsg": "EINTR ENOMEM ECONNRESET ENOBUFS",
    "sendto": "EINTR ENOMEM ENOBUFS EPIPE ECONNRESET",
    "sendmsg": "EINTR ENOMEM ENOBUFS EPIPE ECONNRESET EMFILE",
    "ppoll": "EINTR ENOMEM",
    "memfd_create": "EMFILE ENFILE ENOMEM ENOSPC EINTR",
    "fcntl": "ENOMEM EINTR EBUSY EACCES EAGAIN",
    "close": "EIO EINTR ENOSPC",
    "futex": "",  # of a wake-up: glibc ends the process for every error but a bad address
    "socketpair": "EMFILE ENFILE ENOMEM",
    "pipe2": "EMFILE ENFILE ENOMEM",
    "vfork": "EAGAIN ENOMEM",
    "clone": "EAGAIN ENOMEM",
    "dup3": "EMFILE EINTR EBUSY",
    "setresuid": "EAGAIN EPERM ENOMEM",
    "getrandom": "EINTR",
    "brk": "ENOMEM",
    "mmap": "ENOMEM",
    "mremap": "ENOMEM",
    "mprotect": "ENOMEM",
    "munmap": "ENOMEM",
    "madvise": "ENOMEM EAGAIN",
    "wait4": "EINTR ECHILD",
    "ioctl": "EIO EINTR ENOTTY",
    "prlimit64": "EPERM EFAULT",
    "seccomp": "ENOMEM EINVAL EACCES ENOSYS",
    "landlock_create_ruleset": "ENOMEM EOPNOTSUPP ENOSYS",
}
# What must hold before a byte of a client's is read, or a user's mail: who cannot have it must not serve.
CAGE = ("seccomp", "landlock_add_rule", "landlock_restrict_self")
# Whom a process may have become when it was killed after an exec.
EXECUTED = ("pop3d", "authd", "storage", "tlsd", "tlskey", "proxyd", "giver", "taker", "sallyport", "sallyport-maildrop")
NEVER = ("exit_group", "exit", "rt_sigreturn")
KILL = "9"

# Name, content, time.  Two have the same base name.
MESSAGES = [
    ("new/1700000001.a.host", b"Subject: one\n\nfirst\n", 1000),
    ("new/1700000002.b.host", b"Subject: two\n\n" + b"".join(b".line %d " % n + b"x" * 700 + b"\n" for n in range(60)), 1001),
    ("new/1700000003.c.host", b"Subject: three\n\nno line end", 1002),
    ("cur/1700000004.d.host:2,S", b"Subject: four\r\n\r\nCRLF\r\n", 1003),
    ("cur/1700000005.e.host:2,", b"Subject: five\n\nolder\n", 1004),
    ("new/1700000005.e.host", b"Subject: six\n\nyounger\n", 1005),
]
WIRES = {wire(content): content for _, content, _ in MESSAGES}
BASES = {content: name[4:].split(":")[0] for name, content, _ in MESSAGES}
MARKED = (1, 2)
LOGIN = ["USER {user}", "PASS {password}"]
AUTH = ["AUTH PLAIN {plain}"]
WHOLE = ["LIST", "UIDL", "RETR 1", "TOP 2 1", "RETR 2", "RETR 4", "RETR 6", *(f"DELE {n}" for n in MARKED)]
TURNS = {
    "one by one": lambda login: [[c] for c in (*login, *WHOLE, "QUIT")],
    "in turns": lambda login: [login, WHOLE, ["QUIT"]],
    "at once": lambda login: [[*login, *WHOLE, "QUIT"]],
}
PROXY_HEADER = b"PROXY TCP4 192.0.2.7 192.0.2.1 1 110\r\n"
# The rooms that only one way has, and authd where what it is to sallyport has to be told to another server.
OF_WAY = {"auth": ("authd",), "tls": ("tlsd", "tlskey"), "proxy": ("proxyd",),
          "checkpassword": ("giver", "taker", "sallyport-maildrop", "authd")}
WAYS = ("plain", *OF_WAY)


def calls_by_number():
    for path in ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"):
        if os.path.exists(path):
            with open(path, encoding="ascii") as f:
                return {number: name for name, number in re.findall(r"#define __NR_(\w+) (\d+)", f.read())}
    raise Skip("there is no asm/unistd_64.h")


def fill(maildir):
    shutil.rmtree(maildir.path, ignore_errors=True)
    maildir.make()
    for name, content, when in MESSAGES:
        os.utime(maildir.put(name, content), (when, when))
    for sub in ("new", "cur"):
        os.utime(maildir.at(sub), (2000, 2000))  # long ago: one reading is enough, each time


def on_disk(maildir):
    """What is in the Maildir: {content: name}.  Every file must be one of our messages, whole, and there once."""
    found = {}
    for name in maildir.names():
        with open(maildir.at(name), "rb") as f:
            content = f.read()
        check(content in BASES, "a file that is none of the messages:", name, content[:40])
        check(content not in found, "a message is there twice:", name, found.get(content, ""))
        found[content] = name
        base = name[4:].split(":")[0]
        check(base == BASES[content] or (content == MESSAGES[5][1] and re.fullmatch(r"1700000005\.[0-9a-f]{32}", base)),
              "a message under another name:", name)
    equal(os.listdir(maildir.at("tmp")), [])
    return found


class Closed(Exception):
    """The server is no longer there."""


class Talk:
    """A whole session, as far as it goes, and what the client may believe after it.  turns: what is sent at one time, before
    all replies to it are read."""

    def __init__(self, session, turns):
        self.session = session
        self.logged_in, self.sizes, self.ids, self.bodies, self.marked, self.quit = False, None, None, {}, set(), None
        self.asked_quit = False
        try:
            self.line()
            for commands in turns:
                self.asked_quit = "QUIT" in commands
                session.send("".join(c + "\r\n" for c in commands).encode())
                for command in commands:
                    self.heard(command, *self.reply(command))
            if self.asked_quit:
                self.line()
                check(False, "something follows the reply to QUIT")
        except (Closed, ConnectionError, ssl.SSLError):
            pass

    def line(self):
        session = self.session
        while b"\n" not in session.buffer:
            if not session.more():
                raise Closed
        line, session.buffer = session.buffer.split(b"\n", 1)
        check(line.endswith(b"\r"), "a line without CRLF", line)
        return line[:-1]

    def reply(self, command):
        first, lines = self.line(), []
        check(re.match(rb"\+OK( |$)|-ERR ", first), command, "was answered", first)
        if first.startswith(b"+OK") and command.split()[0] in ("LIST", "UIDL", "RETR", "TOP"):
            while (line := self.line()) != b".":
                check(not line.startswith(b".") or line.startswith(b".."), "a dot is not stuffed")
                lines.append(line[1:] if line.startswith(b".") else line)
        return first, lines

    def heard(self, command, first, lines):
        verb, _, number = command.partition(" ")
        good = first.startswith(b"+OK")
        check(b"[AUTH]" not in first, "our failure reads as a bad password:", first)
        if verb in ("PASS", "AUTH"):
            self.logged_in = good
        elif verb == "LIST" and good:
            self.sizes = dict(line.split(b" ") for line in lines)
        elif verb == "UIDL" and good:
            self.ids = dict(line.split(b" ") for line in lines)
        elif verb == "RETR" and good:
            body = b"".join(line + b"\r\n" for line in lines)
            check(body in WIRES, "a message that is none of ours, or a cut one:", body[:60], len(body))
            equal(first, b"+OK %d octets" % len(body))
            self.bodies[number.encode()] = WIRES[body]
        elif verb == "TOP" and good:
            check(any(w.startswith(b"".join(line + b"\r\n" for line in lines)) for w in WIRES), "a wrong TOP", lines)
        elif verb == "DELE" and good:
            self.marked.add(number.encode())
        elif verb == "QUIT":
            self.quit = good


class World:
    """A site, its one user, and what is true of his messages.  way: one of WAYS."""

    def __init__(self, way):
        if not os.path.exists(INJECT):
            raise Skip(f"{INJECT} is not built: it is written for x86_64")
        self.site, self.way, self.arguments = Site(), way, ()
        os.mkdir(self.site.at("mail", "home"))
        self.user = self.site.user(maildrop=self.site.at("mail", "home", "Maildir"))
        if way == "tls":
            self.site.certificate(kind="ecdsa")
            self.arguments = ("-s",)
        elif way == "proxy":
            self.site.settings |= {"POP3_PROXY": "127.0.0.1", "POP3_PLAINOK": "1"}
        elif way == "checkpassword":
            shutil.copy(os.path.join(BUILD, "sallyport-maildrop"), self.site.at("sallyport-maildrop"))
            self.arguments = ("pop.example.org", self.site.sallyport, "-c", self.site.at("sallyport-maildrop"), "Maildir")
        self.login = AUTH if way == "auth" else LOGIN
        self.report = self.site.at("report")
        fill(self.user.maildir)
        talk = self.talk(TURNS["one by one"](self.login))
        log = talk.session.end()
        check(talk.quit and len(talk.marked) == len(MARKED) and "left out" not in log, "the session without faults fails:", log)
        self.ids = {content: talk.ids[n] for n, content in talk.bodies.items()}
        fill(self.user.maildir)
        for content, uid in self.listed(MESSAGES):
            self.ids.setdefault(content, uid)
        equal(len(set(self.ids.values())), len(MESSAGES))

    def start(self, prefix=(), **options):
        """A session of this way; its socket is shut when there is no handshake."""
        session = Session(self.site, greet=False, prefix=prefix, arguments=self.arguments, **options)
        try:
            if self.way == "proxy":
                session.send(PROXY_HEADER)
            elif self.way == "tls":
                session.sock = tls_context().wrap_socket(session.sock, suppress_ragged_eofs=False)
        except (ConnectionError, ssl.SSLError):
            session.sock.close()
            session.sock = socket.socketpair()[0]  # whose other end is closed
        return session

    def commands(self, turn):
        plain = base64.b64encode(f"\0{self.user.name}\0{self.user.password}".encode()).decode()
        return [c.format(user=self.user.name, password=self.user.password, plain=plain) for c in turn]

    def talk(self, turns, prefix=()):
        return Talk(self.start(prefix), [self.commands(turn) for turn in turns])

    def listed(self, expected):
        """The next session, with nothing in its way: content and unique-id of each message."""
        turn = [*self.login, "UIDL", "LIST", *(f"RETR {n + 1}" for n in range(len(expected)))]
        talk = self.talk([turn])
        log = talk.session.end()  # without QUIT: nothing moves
        check(talk.ids is not None and talk.sizes is not None, "the next session fails:", log)
        equal((len(talk.ids), len(talk.sizes), len(talk.bodies)), (len(expected),) * 3, "the next session has")
        for n, content in talk.bodies.items():
            equal(int(talk.sizes[n]), len(wire(content)))
        return [(content, talk.ids[n]) for n, content in talk.bodies.items()]

    def rooms(self, turns):
        """What a session calls: {(room, call number or 'memory'): how often}."""
        self.session(("list",), turns)
        with open(self.report, encoding="ascii") as f:
            rows = [line.split() for line in f if " exit " not in line and " signal " not in line]
        return {(room, call): int(times) for room, call, times in rows}

    def session(self, arguments, turns):
        fill(self.user.maildir)
        talk = self.talk(TURNS[turns](self.login), (INJECT, self.report, *arguments))
        talk.log = talk.session.end()
        equal(talk.session.status, 0, "inject")
        return talk

    def judge(self, talk, left_out):
        """Does everything that must hold?  left_out: messages may be missing from the session, with a line in the log."""
        found = on_disk(self.user.maildir)
        gone = {c for c in BASES if c not in found}
        numbers = talk.ids or {}
        if talk.ids is not None:
            check(set(talk.ids.values()) <= set(self.ids.values()), "unknown unique-ids:", talk.ids)
            equal(len(set(talk.ids.values())), len(talk.ids), "unique-ids twice")
            check(len(talk.ids) == len(MESSAGES) or left_out(talk.log), "messages are missing:", talk.ids, talk.log)
        if talk.ids is not None and talk.sizes is not None:
            equal(sorted(talk.ids), sorted(talk.sizes))
            octets = {uid: len(wire(content)) for content, uid in self.ids.items()}
            for n, uid in talk.ids.items():
                equal(int(talk.sizes[n]), octets[uid], "LIST")
        for n, content in talk.bodies.items():
            check(n not in numbers or self.ids[content] == numbers[n], "another message than its unique-id says")
        check(talk.logged_in or not (talk.sizes or talk.ids or talk.bodies or talk.marked), "mail without a login")
        # Whatever DELE was answered for, by number; without UIDL the numbers are the order of a session without faults.
        by_id = {uid: content for content, uid in self.ids.items()}
        order = [c for _, c, _ in MESSAGES]
        marked = {by_id[numbers[n]] if n in numbers else order[int(n) - 1] for n in talk.marked}
        if talk.quit:
            equal(sorted(gone), sorted(marked), "QUIT was +OK; gone and marked")
        elif talk.asked_quit:
            # Replies to DELE may have been lost on their way, if QUIT was sent with it.
            check(gone <= marked or (talk.quit is None and gone <= set(order[n - 1] for n in MARKED)), "removed without a mark:", gone)
            check(talk.quit is None or marked, "-ERR to QUIT although nothing was marked")
        else:
            equal(gone, set(), "removed without QUIT")
        for content, uid in self.listed(found):
            equal(uid, self.ids[content], "the unique-id in the next session")
            check(content in found)

    def reported(self):
        """(the last line, which tells whether the fault was there; the ends of processes)"""
        with open(self.report, encoding="ascii") as f:
            lines = f.read().splitlines()
        return lines[-1:], [line.split() for line in lines if not line.startswith("hit")]


def faults_of(world, turns, every):
    """(room, call, its name, occurrence, kind, argument)"""
    names = calls_by_number()
    for (room, call), times in sorted(world.rooms(turns).items()):
        name = names.get(call, call)
        if room.startswith("inject") or name in NEVER:
            continue
        # tlsd writes to the client, to pop3d and to the log, and each of them may wait for what does not come.
        all_of_it = every or (room, name) == ("tlsd", "write")
        for nth in range(1, times + 1) if all_of_it else sorted({1 + (len(room) * 7 + times // 2) % times}):
            if call == "memory":
                yield room, call, name, nth, "fail", str(errno.ENOMEM)
                continue
            whole = every or room in ("pop3d", "storage")
            for error in ERRORS.get(name, GENERAL).split()[::1 if whole else 2]:
                if error == "end" and room == "sallyport":
                    continue  # the end of its pipes comes after all that was written: rooms that are killed bring it
                if error in ("short", "end"):
                    yield room, call, name, nth, error, "0"
                else:
                    yield room, call, name, nth, "fail", str(getattr(errno, error))
            for when in ("before", "after") if whole else ("after",):
                yield room, call, name, nth, when, KILL


def fault_text(fault):
    room, _, name, nth, kind, argument = fault
    return f"{room} {name} {nth} {errno.errorcode.get(int(argument), '') if kind == 'fail' else kind}"


def inject(world, fault, turns, counts):
    room, call, name, nth, kind, argument = fault
    talk = world.session((room, call, str(nth), kind, argument), turns)
    last, ends = world.reported()
    hit = last in (["hit"], ["hit start"])
    counts["hit" if hit else "missed"] += 1
    killed = kind in ("before", "after")
    for who, how, number in ends:
        if how == "signal":
            # After execveat it is another room.  A libc that cannot start ends itself by a signal, or with a call that no
            # table has.
            whose = EXECUTED if name in ("execveat", "execve") else (room,)
            check((killed and who in (room, *whose) and number == KILL) or (last == ["hit start"] and who == room),
                  who, "died by signal", number, talk.log)
    if hit and name in CAGE and kind == "fail":
        check(not talk.logged_in, "served without", name, talk.log)
    # A message may only be missing because it could not be read, or because we were told that it is not there.
    world.judge(talk, lambda log: "left out" in log or (name in ("openat", "newfstatat", "fstat") and
                                                        argument in (str(errno.ENOENT), str(errno.ESTALE))))
    if hit and name == "renameat2" and argument in (str(errno.EINVAL), str(errno.EINTR)):
        moved = [n for content, n in on_disk(world.user.maildir).items() if content in talk.bodies.values()]
        check(all(n.startswith("cur/") for n in moved), "NFS keeps retrieved messages in new:", moved)
    if killed or hit:
        return
    check(talk.quit, "nothing was done to it, and it failed:", talk.log)


def test_faults(world, room, turns, counts):
    failed = []
    for fault in faults_of(world, turns, ALL):
        if fault[0] == room:
            try:
                inject(world, fault, turns, counts)
            except (AssertionError, OSError) as e:
                failed.append(f"{fault_text(fault)}: {e}"[:600])
                print("failed:", failed[-1].replace("\n", " | "), flush=True)
    check(not failed, len(failed), "faults:", failed[0] if failed else "")


def test_cuts(world):
    """A pipelining client that goes, rudely, after so many octets: all that was marked is gone, or nothing is."""
    octets = sum(len(w) for w in WIRES) - len(wire(MESSAGES[2][1])) - len(wire(MESSAGES[4][1]))
    commands = "".join(c + "\r\n" for c in (*world.commands(world.login), "RETR 1", "RETR 2", "DELE 1", "DELE 2", "RETR 4", "QUIT"))
    steps = list(range(0, 60, 1 if ALL else 7)) + list(range(60, octets, 509 if ALL else 9001))
    for sent in range(0, len(commands) + 1, 1 if ALL else 7):
        cut(world, commands[:sent], None)
    for heard in steps:
        cut(world, commands, heard)


def cut(world, commands, heard):
    fill(world.user.maildir)
    session = world.start(receive=8192)
    session.send(commands.encode())
    got = 0
    try:
        while heard is not None and got < heard:
            block = session.sock.recv(min(4096, heard - got))
            got += len(block)
            if not block:
                break
    except ConnectionError:
        pass
    if heard is not None:
        session.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    session.end()
    gone = sorted(c for c in BASES if c not in on_disk(world.user.maildir))
    marked = sorted(MESSAGES[n - 1][1] for n in MARKED)
    check(gone in ([], marked), "half of what was marked is gone:", len(gone), "after", heard)
    check(not gone or commands.endswith("QUIT\r\n"), "removed without QUIT")
    for content, uid in world.listed(on_disk(world.user.maildir)):
        equal(uid, world.ids[content])


def test_reached(counts):
    print(f"{counts['hit']} faults were injected, {counts['missed']} were not reached")
    check(counts["missed"] * 50 <= counts["hit"], "most of the time there is nothing to inject into")


def rooms_of(world):
    rooms = sorted({room for room, _ in world.rooms("in turns") if not room.startswith("inject")})
    return [r for r in rooms if world.way == "plain" or (ALL and r != "storage") or r.removesuffix("-child") in OF_WAY[world.way]]


def main():
    if ALL and not sys.argv[1:]:
        return run_parts(WAYS)
    ways = [sys.argv.pop(1)] if sys.argv[1:] and sys.argv[1] in WAYS else WAYS
    counts = {"hit": 0, "missed": 0}
    tests = []
    try:
        worlds = [World(way) for way in ways]
    except Skip as e:
        why = e

        def skipped():
            raise why
        return run([("faults", skipped)])
    kinds = ("one by one", "at once") if ALL else ("in turns",)
    for world in worlds:
        name = "" if world.way == "plain" else world.way + "-"
        tests += [(f"{name}{room} {turns}".replace(" ", "-"),
                   lambda world=world, room=room, turns=turns: test_faults(world, room, turns, counts))
                  for turns in kinds for room in rooms_of(world)]
        if world.way in ("plain", "tls", "auth"):
            tests.append((name + "cuts", lambda world=world: test_cuts(world)))
    tests.append(("reached", lambda: test_reached(counts)))
    return run(tests)


if __name__ == "__main__":
    sys.exit(main())
