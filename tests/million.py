"""million: a maildrop of many messages: nothing overflows, is cut or left out, the index is the table, a session's memory
does not grow with it, and a delivery does not cause a look at old messages.  COUNT=1000001 (make million) says how many;
`make test` has fewer.  Messages are links to a few files, so that a million needs no disk."""

import os
import re
import sys
import time

from harness import DEADLINE, Site, check, equal, need_root, run_module

site = Site()
COUNT = int(os.environ.get("COUNT", "20001"))
LINKS = min(60000, COUNT // 7 + 1)  # of one file: file systems have a limit
OWN = (1600000000, 1650000000 + COUNT // 2, 1800000000)  # seconds: sorted as first, somewhere within, last


def name(n):
    return b"%d.M%dP1.host" % (1650000000 + n, n)


def body(kind):
    return b"Subject: %d\n\n" % kind + b"line\n" * kind


def octets(kind):
    return len(body(kind)) + body(kind).count(b"\n")


class Many:
    """The maildrop, and what its sessions must say."""

    def __init__(self):
        self.user = site.user()
        self.kinds = range(0, (COUNT + LINKS - 1) // LINKS)
        self.bodies = []
        for kind in self.kinds:
            first = self.user.put(b"cur/" + name(kind * LINKS), body(kind))
            self.bodies.append(first)
            for n in range(kind * LINKS + 1, min(COUNT, (kind + 1) * LINKS)):
                os.link(first, self.user.maildir.at(b"cur/" + name(n)))
        self.expected = [(name(n), octets(n // LINKS)) for n in range(COUNT)]
        self.old()

    def old(self):
        for sub in ("new", "cur"):
            os.utime(self.user.maildir.at(sub), (1600000000, 1600000000))

    def session(self):
        s = site.login(self.user)
        equal(s.ask("STAT"), f"+OK {len(self.expected)} {sum(o for _, o in self.expected)}")
        return s

    def all(self, s):
        listed = b"".join(b"%d %d\r\n" % (n, o) for n, (_, o) in enumerate(self.expected, 1))
        check(s.asks("LIST") == listed, "LIST")
        check(s.asks("UIDL") == b"".join(b"%d %s\r\n" % (n, u) for n, (u, _) in enumerate(self.expected, 1)), "UIDL")
        last = len(self.expected)
        for n in (1, 2, last // 2, last - 1, last):
            equal(len(s.retr(n)), self.expected[n - 1][1])
            equal(s.ask(f"LIST {n}"), f"+OK {n} {self.expected[n - 1][1]}")
            equal(s.ask(f"UIDL {n}"), f"+OK {n} {self.expected[n - 1][0].decode()}")
        for n in (0, last + 1, last + (1 << 24), (1 << 32) + 1, (1 << 64) + 1):
            s.ask(f"LIST {n}", b"-ERR")


many = Many()


def anonymous(s):
    """KiB of memory of a session's own in storage and pop3d."""
    s.log.wait(r"login sid=\d+")  # what was written before the +OK may still be in the pipe
    sid = re.search(r"login sid=(\d+)", s.log.text)
    with open(f"/proc/{sid.group(1)}/task/{sid.group(1)}/children", encoding="ascii") as f:
        pids = [sid.group(1), *f.read().split()]
    equal(len(pids), 2)
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            total += int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1))
    return total


def test_all_are_there():
    s = many.session()
    many.all(s)
    s.quit()
    info = os.stat(many.user.maildir.at("sallyport-index"))
    check(info.st_size > 100 * COUNT, "the index has", info.st_size)


def test_all_are_there_from_the_index():
    need_root()  # undumpable processes show their memory to root alone
    empty = site.login(site.user())
    few, end = anonymous(empty), time.monotonic() + DEADLINE
    # Directories that were changed a moment ago are listed again: the index becomes the table when they have settled.
    while (lot := anonymous(s := many.session())) > few + 256:
        s.quit()
        check(time.monotonic() < end, "with many messages a session has", lot, "KiB, and with none", few)
    many.all(s)
    s.quit()
    empty.quit()


def test_deliveries_cause_no_look_at_old_messages():
    """Unreadable old messages would be left out if they were looked at."""
    for path in many.bodies:
        os.chmod(path, 0)
    for n, second in enumerate(OWN):
        many.user.put(b"new/%d.own.host" % second, body(n))
        many.expected.append((b"%d.own.host" % second, octets(n)))
    many.expected.sort(key=lambda m: int(m[0].split(b".")[0]))
    s = many.session()
    s.quit()
    for path in many.bodies:
        os.chmod(path, 0o600)
    s = many.session()
    many.all(s)
    numbers = [n for n, (uid, _) in enumerate(many.expected, 1) if b"own" in uid]
    equal((numbers[0], numbers[-1]), (1, COUNT + 3))
    for n in numbers:
        s.ask(f"DELE {n}")
    many.expected = [m for m in many.expected if b"own" not in m[0]]
    equal(s.ask("STAT"), f"+OK {COUNT} {sum(o for _, o in many.expected)}")
    s.quit()
    s = many.session()
    many.all(s)
    s.quit()
    equal(len(os.listdir(many.user.maildir.at("cur"))), COUNT)


if __name__ == "__main__":
    sys.exit(run_module(globals()))
