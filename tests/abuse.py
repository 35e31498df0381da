"""abuse: N sessions of every manner at once, right, wrong, rude, slow and cut, while other programs deliver into the same
Maildirs, change flags and remove.  Every message is known by its content: none may be lost, doubled, changed or shown to
another user, and when all is over nothing is left behind, no process, no descriptor and no file.
`abuse.py N [SEED]`; the sessions and what happens in them follow from the seed, their order in time does not."""

import os
import random
import re
import socket
import struct
import sys
import threading
import time

from harness import DEADLINE, Client, Site, check, equal, run, tcpserver, wire

WORKERS = 4
SESSIONS = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 400
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1
KEPT = 30  # messages in a maildrop that stop its deliverer for a while


class Mailbox:
    """One user, and the truth about his mail: what was delivered, what is certainly gone, and what may be."""

    def __init__(self, user, seed):
        self.user, self.random = user, random.Random(seed)
        self.lock = threading.Lock()  # of the sets, not of the maildrop
        self.content, self.gone, self.perhaps = {}, set(), set()
        self.serial = 0

    def deliver(self):
        self.serial += 1
        name = f"{1700000000 + self.serial}.{self.user.name}.{self.serial}"
        lines = [self.random.choice((".", "..x", "text", "", "x" * 900, "-ERR", "+OK 1")) for _ in range(self.random.randrange(40))]
        body = f"X-Id: {name}\nSubject: t\n\n" + "\n".join(lines) + self.random.choice(("\n", ""))
        with self.lock:
            self.content[name] = body.encode()
        path = self.user.put("tmp/" + name, body.encode())
        os.rename(path, self.user.maildir.at("new/" + name))

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
                with self.lock:
                    self.gone.add(base)
            else:
                os.rename(path, self.user.maildir.at(f"cur/{base}:2,{self.random.choice(('', 'S', 'RS', 'FS'))}"))
        except FileNotFoundError:
            pass  # a session or another name was faster

    def name_of(self, body):
        got = re.match(rb"X-Id: (\S+)\r\n", body)
        check(got, "a message without our header:", body[:200])
        name = got[1].decode()
        check(name in self.content, self.user.name, "is shown a message that is not his:", name)
        check(body == wire(self.content[name]), "another content:", name, body[:300])
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
    with box.lock:
        box.gone |= {read[n] for n in marked}


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

    def __init__(self, box, port, count, seed):
        super().__init__(daemon=True)
        self.box, self.port, self.count, self.pick, self.error = box, port, count, random.Random(seed), None
        self.manners = [m for m, weight in MANNERS for _ in range(weight)]

    def one(self):
        manner = self.pick.choice(self.manners)
        state = self.pick.getstate()
        for _ in range(100):
            self.pick.setstate(state)
            client = Client(socket.create_connection(("127.0.0.1", self.port), DEADLINE))
            try:
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


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return f.read().split()


def tree(top):
    return sorted(os.path.join(where, n) for where, dirs, files in os.walk(top) for n in dirs + files)


def sessions():
    site = Site()
    boxes = [Mailbox(site.user(which=n % 2), SEED * 100 + n) for n in range(WORKERS)]
    for box in boxes:
        for _ in range(10):
            box.deliver()
    before = tree(site.at("data")), tree(site.at("rooms")), tree(site.at("empty"))
    over = threading.Event()
    with tcpserver(site, "-c", "200", POP3_GUESSES="0") as server:
        server.client().greet().ask("QUIT")  # it has closed what it does not need
        descriptors = os.listdir(f"/proc/{server.process.pid}/fd")
        workers = [Worker(b, server.port, SESSIONS // WORKERS, SEED * 1000 + n) for n, b in enumerate(boxes)]

        def meddle():
            while not over.is_set():
                for box in boxes:
                    box.meddle()
                over.wait(0.002)  # not faster than anybody delivers

        meddler = threading.Thread(target=meddle, daemon=True)
        meddler.start()
        for w in workers:
            w.start()
        for w in workers:
            w.join()
        over.set()
        meddler.join()
        for w in workers:
            check(w.error is None, w.error)
        end = time.monotonic() + DEADLINE
        while children(server.process.pid):
            check(time.monotonic() < end, "processes are left:", children(server.process.pid))
            time.sleep(0.01)
        equal(os.listdir(f"/proc/{server.process.pid}/fd"), descriptors, "descriptors of the super-server")
        log = server.stop()
    check(" alarm " not in log, [line for line in log.splitlines() if " alarm " in line][:3])
    total = 0
    for box in boxes:
        there = [name.split(":")[0] for _, name in box.here()]
        equal(len(set(there)), len(there), "doubled")
        lost = set(box.content) - set(there) - box.perhaps
        equal(lost, set(), "lost")
        equal(set(there) & box.gone, set(), "there again")
        equal(set(there) - set(box.content), set(), "from nowhere")
        for sub, name in box.here():
            with open(box.user.maildir.at(f"{sub}/{name}"), "rb") as f:
                equal(f.read(), box.content[name.split(":")[0]])
        equal(os.listdir(box.user.maildir.at("tmp")), [])
        total += len(box.content)
    equal((tree(site.at("data")), tree(site.at("rooms")), tree(site.at("empty"))), before, "files")
    print(f"ok {SESSIONS} sessions, {total} messages delivered, {sum(len(b.gone) for b in boxes)} removed, seed {SEED}")


if __name__ == "__main__":
    sys.argv[1:] = []
    sys.exit(run([("sessions", sessions)]))
