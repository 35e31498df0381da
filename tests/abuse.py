"""abuse: N sessions of every manner at once, right, wrong, rude, slow and cut, while other programs deliver into the same
Maildirs, change flags and remove.  Every message is known by its content: none may be lost, doubled, changed or shown to
another user, and when all is over nothing is left behind, no process, descriptor, file, lock, mount or memory.  One session in
eight speaks TLS (-s).
`abuse.py N [SEED]`; the sessions and what happens in them follow from the seed, their order in time does not."""

import collections
import os
import random
import re
import socket
import struct
import sys
import threading
import time

from harness import (DEADLINE, ROOT, Client, Log, Site, check, children, equal, listening, need, residents, run, tcpserver, tls_context,
                     wire)

WORKERS = 4
SESSIONS = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 400
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1
KEPT = 30  # messages in a maildrop that stop its deliverer for a while
ORDINARY = {"pop3d: login", "pop3d: fail", "pop3d: end", "pop3d: tls"}


class Tally(Log):
    """The log of a million sessions: its lines are counted, by program and event; only what no client can cause is kept."""

    def begin(self):
        self.counts = collections.Counter()
        super().begin()

    def _drain(self):
        rest = b""
        while block := os.read(self.read, 1 << 20):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                kind = b" ".join(line.split(b" ", 2)[:2]).decode("latin-1")
                self.counts[kind] += 1
                if kind not in ORDINARY and len(self.text) < 10000:
                    self.text += line.decode("latin-1") + "\n"
        os.close(self.read)


class Mailbox:
    """One user, and the truth about his mail: what was delivered, what is certainly gone, and what may be.  A message
    follows from its name, so that none need be kept."""

    def __init__(self, user, seed):
        self.user, self.random = user, random.Random(seed)
        self.lock = threading.Lock()  # of the sets, not of the maildrop
        self.here_for, self.gone, self.perhaps = set(), 0, set()  # names; those that are certainly gone are counted
        self.serial = 0

    def name(self, serial):
        return f"{1700000000 + serial}.{self.user.name}.{serial}"

    def content(self, name):
        pick = random.Random(name)
        lines = pick.choices((".", "..x", "text", "", "x" * 900, "-ERR", "+OK 1"), k=pick.randrange(40))
        return (f"X-Id: {name}\nSubject: t\n\n" + "\n".join(lines) + pick.choice(("\n", ""))).encode()

    def deliver(self):
        self.serial += 1
        name = self.name(self.serial)
        with self.lock:
            self.here_for.add(name)
        path = self.user.put("tmp/" + name, self.content(name))
        os.rename(path, self.user.maildir.at("new/" + name))

    def take_away(self, names):
        """They are gone for certain."""
        with self.lock:
            self.gone += len(self.here_for & names)
            self.here_for -= names
            self.perhaps -= names

    def here(self):
        return [(sub, n) for sub in ("new", "cur") for n in map(os.fsdecode, os.listdir(self.user.maildir.at(sub)))]

    def meddle(self):
        """What an IMAP server and an administrator do."""
        there = self.here()
        if len(there) < KEPT:
            self.deliver()
        if not there:
            return
        sub, name = self.random.choice(there)
        base = name.split(":")[0]
        path = self.user.maildir.at(f"{sub}/{name}")
        try:
            if self.random.random() < 0.15:
                with self.lock:
                    self.perhaps.add(base)
                os.unlink(path)
                self.take_away({base})
            else:
                os.rename(path, self.user.maildir.at(f"cur/{base}:2,{self.random.choice(('', 'S', 'RS', 'FS'))}"))
        except FileNotFoundError:
            pass  # a session or another name was faster

    def name_of(self, body):
        got = re.match(rb"X-Id: (\S+)\r\n", body)
        check(got, "a message without our header:", body[:200])
        name = got[1].decode()
        serial = name.rpartition(".")[2]
        check(serial.isdigit() and 1 <= int(serial) <= self.serial and name == self.name(int(serial)), self.user.name,
              "is shown a message that is not his:", name)
        check(body == wire(self.content(name)), "another content:", name, body[:300])
        return name


def reset(client):
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sock.close()


def read_some(box, client, pick):
    """Log in and read: number to name, for what could be read."""
    box_name = f"USER {box.user.name}"
    client.greet()
    client.ask(box_name)
    client.ask(f"PASS {box.user.password}")
    count = int(client.ask("STAT").split(" ")[1])
    equal(len(client.asks("LIST").splitlines()), count)
    ids = client.uidl()
    equal(len(set(ids.values())), count, "unique-ids")
    read = {}
    for n in range(1, count + 1):
        if pick.random() < 0.4:
            first = client.ask(f"RETR {n}", b"")
            if first.startswith("-ERR"):
                continue  # another program has removed it
            body = client.body()
            equal(first, f"+OK {len(body)} octets")
            name = box.name_of(body)
            equal(ids[str(n)], name)
            read[n] = name
    equal(len(set(read.values())), len(read), "a message came twice")
    return read


def session_right(box, client, pick):
    read = read_some(box, client, pick)
    marked = [n for n in read if pick.random() < 0.5]
    with box.lock:
        box.perhaps |= {read[n] for n in marked}
    for n in marked:
        client.ask(f"DELE {n}")
    client.ask("QUIT")
    client.closed()
    box.take_away({read[n] for n in marked})


def session_pipelined(box, client, pick):
    client.send(f"USER {box.user.name}\r\nPASS {box.user.password}\r\nSTAT\r\nNOOP\r\nQUIT\r\n".encode())
    client.greet()
    for _ in range(5):
        check(client.line().startswith(b"+OK"))
    client.closed()


def session_without_quit(box, client, pick):
    for n in read_some(box, client, pick):
        client.ask(f"DELE {n}")
    reset(client)


def session_cut_in_message(box, client, pick):
    client.greet()
    client.send(f"USER {box.user.name}\r\nPASS {box.user.password}\r\nRETR 1\r\nRETR 2\r\nDELE 1\r\nDELE 2\r\n".encode())
    client.sock.recv(pick.randrange(1, 300))
    reset(client)


def session_wrong(box, client, pick):
    client.greet()
    client.ask(f"USER {pick.choice((box.user.name, 'nobody', '../x', '%n'))}")
    client.ask("PASS wrong", b"-ERR [AUTH]")
    client.ask("QUIT")


def session_rude(box, client, pick):
    client.send(pick.choice((b"GET / HTTP/1.0\r\n\r\n", b"\0" * 1000, b"x" * 70000, b"\r\n" * 9, os.urandom(500), b"STAT\r\nLIST\r\nRETR 1\r\n")))
    reset(client)


def session_slow(box, client, pick):
    client.greet()
    for octet in f"USER {box.user.name}\r\nPASS {box.user.password}\r\nSTAT\r\nQUIT\r\n".encode():
        client.send(bytes([octet]))
    for _ in range(4):
        check(client.line().startswith(b"+OK"))


def session_silent(_box, client, _pick):
    client.sock.close()


MANNERS = ((session_right, 6), (session_pipelined, 2), (session_without_quit, 2), (session_cut_in_message, 2), (session_wrong, 2),
           (session_rude, 2), (session_slow, 1), (session_silent, 2))


class Worker(threading.Thread):
    """Sessions for one mailbox, one after the other: nobody else has its lock but a session that was cut and still ends."""

    def __init__(self, box, ports, count, seed):
        super().__init__(daemon=True)
        self.box, self.ports, self.count, self.pick, self.error = box, ports, count, random.Random(seed), None
        self.context, self.done, self.tls = tls_context(), {m.__name__: 0 for m, _ in MANNERS}, 0
        self.manners = [m for m, weight in MANNERS for _ in range(weight)]

    def one(self):
        manner = self.pick.choice(self.manners)
        way = (1, 2, *[0] * 14)[self.pick.randrange(16)]
        tls = way > 0
        self.done[manner.__name__] += 1
        self.tls += tls
        state = self.pick.getstate()
        for _ in range(100):
            self.pick.setstate(state)
            client = Client(socket.create_connection(("127.0.0.1", self.ports[way]), DEADLINE))
            try:
                # Half of those who mean to be rude, or to go, do it before the handshake.
                if tls and (manner not in (session_rude, session_silent) or self.pick.randrange(2)):
                    client.sock = self.context.wrap_socket(client.sock)
                return manner(self.box, client, self.pick)
            except AssertionError as e:
                if "[IN-USE]" not in str(e):
                    raise AssertionError(f"{manner.__name__}: {e}") from e
            finally:
                client.sock.close()
        raise AssertionError("the maildrop is never free")

    def run(self):
        try:
            for _ in range(self.count):
                self.one()
        except Exception as e:
            self.error = e


def tree(top):
    return sorted(os.path.join(where, n) for where, dirs, files in os.walk(top) for n in dirs + files)


def read_lines(path):
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


class Place:
    """What could be left behind: looked at before the sessions, and after them."""

    def __init__(self, site, servers):
        self.site, self.servers = site, [s.process.pid for s in servers]
        self.stay = self.servers + [p for s in self.servers for p in residents(s).values()]

    def processes(self):
        """Of sessions."""
        return [p for s in self.stay for p in children(s) if p not in self.stay]

    def look(self):
        open_to_us = self.stay if ROOT else self.servers  # the others are undumpable
        inodes = {os.lstat(path).st_ino for path in map(os.fsencode, tree(self.site.dir))}
        locks = [line for line in read_lines("/proc/locks") if int(line.split()[-3].split(":")[2]) in inodes]
        return {"files": [tree(self.site.at(d)) for d in ("data", "rooms", "empty", "tls")], "locks": locks,
                "mounts": [line for line in read_lines("/proc/self/mountinfo") if f" {self.site.dir}" in line],
                "descriptors": [sorted(os.listdir(f"/proc/{p}/fd")) for p in open_to_us], "processes": self.processes(),
                "residents": [residents(s) for s in self.servers]}

    def memory(self):
        """Of the super-servers, and the tlsd and tlskey of the one that has such, in KiB."""
        return [int(line.split()[1]) for p in self.stay for line in read_lines(f"/proc/{p}/status") if line.startswith("VmRSS:")]


def judge(box):
    """What lies in the maildrop is what has to."""
    there = [name.split(":")[0] for _, name in box.here()]
    equal(len(set(there)), len(there), "doubled")
    equal(box.here_for - set(there) - box.perhaps, set(), "lost")
    equal(set(there) - box.here_for, set(), "there again, or from nowhere")
    for sub, name in box.here():
        with open(box.user.maildir.at(f"{sub}/{name}"), "rb") as f:
            equal(f.read(), box.content(name.split(":")[0]))
    equal(os.listdir(box.user.maildir.at("tmp")), [])


def sessions():
    need("openssl")
    site = Site()
    site.certificate(kind="ecdsa")
    boxes = [Mailbox(site.user(which=n % 2), SEED * 100 + n) for n in range(WORKERS)]
    for box in boxes:
        for _ in range(10):
            box.deliver()
    over, began = threading.Event(), time.monotonic()
    with (tcpserver(site, "-c", "200", log=Tally, POP3_GUESSES="0") as clear,
          tcpserver(site, "-c", "200", log=Tally, program=("-s",), POP3_GUESSES="0") as tls,
          listening(site, log=Tally, POP3_CONNECTIONS="200", POP3_GUESSES="0") as third):
        clear.client().greet().ask("QUIT")  # it has closed what it does not need
        tls.client().sock.close()
        tls_context().wrap_socket(third.client().sock).close()  # who waits for connections has had one
        place = Place(site, (clear, tls, third))
        while place.processes():
            time.sleep(0.01)
        before, memory = place.look(), place.memory()
        workers = [Worker(b, (clear.port, tls.port, third.port), SESSIONS // WORKERS, SEED * 1000 + n) for n, b in enumerate(boxes)]

        def meddle():
            while not over.is_set():
                for box in boxes:
                    box.meddle()
                over.wait(0.01)  # about as often as there are sessions

        meddler = threading.Thread(target=meddle, daemon=True)
        meddler.start()
        for w in workers:
            w.start()
        for w in workers:
            while w.is_alive():
                w.join(600)
                print(f"-- {sum(sum(w.done.values()) for w in workers)} sessions after {time.monotonic() - began:.0f} s", flush=True)
        over.set()
        meddler.join()
        for w in workers:
            check(w.error is None, w.error)
        end = time.monotonic() + DEADLINE
        while (after := place.look())["processes"] != before["processes"]:
            check(time.monotonic() < end, "processes are left:", after["processes"])
            time.sleep(0.01)
        for what, was in before.items():
            equal(after[what], was, what)
        for was, now in zip(memory, place.memory()):
            check(now <= was + 256, "the super-server had", was, "KiB and has", now)
        logs = [server.stop() for server in (clear, tls, third)]
    check(not any(logs), "logged, and by no client's doing:", *logs)
    for box in boxes:
        judge(box)
    done = sum((collections.Counter(w.done) for w in workers), collections.Counter())
    seconds = time.monotonic() - began
    print(f"ok {sum(done.values())} sessions ({sum(w.tls for w in workers)} with TLS) in {seconds:.0f} s, seed {SEED}: "
          f"{sum(b.serial for b in boxes)} messages delivered, {sum(b.gone for b in boxes)} removed; "
          f"{', '.join(f'{n} {m[8:]}' for m, n in sorted(done.items()))}; log: "
          f"{', '.join(f'{n} {k[7:]}' for k, n in sorted((clear.log.counts + tls.log.counts + third.log.counts).items()))}")


if __name__ == "__main__":
    sys.argv[1:] = []
    sys.exit(run([("sessions", sessions)]))
