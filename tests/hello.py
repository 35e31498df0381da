"""hello: mutated ClientHellos against sallyport -s under tcpserver: whatever comes, the connection ends, one line says
how, no room dies of it, and no process is left.  HELLOS=100000 for that many (make hello N=100000); SEED=... again."""
import os
import random
import re
import socket
import ssl
import sys
import threading
import time

from harness import DEADLINE, Log, Site, both_forms, check, children, equal, residents, run, served_by, tcpserver, tls_context

HELLOS = int(os.environ.get("HELLOS", "300"))
SEED = os.environ.get("SEED") or str(random.SystemRandom().randrange(1 << 32))
AT_ONCE = 4


def hello(name="localhost", **attributes):
    """What a client sends first."""
    alpn = attributes.pop("alpn", None)
    context = tls_context(**attributes)
    if alpn:
        context.set_alpn_protocols(alpn)
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def seeds():
    old = {"maximum_version": ssl.TLSVersion.TLSv1_2}
    return [hello(), hello(None), hello(alpn=["pop3", "h2"]), hello(**old), hello("x" * 63 + ".example.org", alpn=["pop3"], **old),
            hello(minimum_version=ssl.TLSVersion.TLSv1_3)]


LENGTHS = (0, 1, 2, 0x7f, 0x80, 0xfe, 0xff)


def fields(text):
    """Where a hello has its lengths: record, message, session, ciphers, extensions, and each extension."""
    at = [3, 4, 6, 7, 8, 43]
    here = 44 + text[43]
    at += [here, here + 1]
    here += 2 + int.from_bytes(text[here:here + 2], "big")
    here += 1 + text[here]
    at += [here, here + 1]
    here += 2
    while here + 4 <= len(text):
        at += [here, here + 1, here + 2, here + 3]
        here += 4 + int.from_bytes(text[here + 2:here + 4], "big")
    return [a for a in at if a < len(text)]


def mend(text):
    """The lengths of the record and of the message as they are, so that what was changed is looked at."""
    if 9 < len(text) < 16000:
        text[3:5] = (len(text) - 5).to_bytes(2, "big")
        text[6:9] = (len(text) - 9).to_bytes(3, "big")


def mutate(rng, all_seeds):
    text = bytearray(rng.choice(all_seeds))
    places = fields(text)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8, 40))):
        if not text:
            break
        at, kind = rng.randrange(len(text)), rng.randrange(9)
        if kind == 0:
            text[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            text[at] = rng.randrange(256)
        elif kind in (2, 3):
            text[min(rng.choice(places), len(text) - 1)] = rng.choice(LENGTHS)
        elif kind == 4:
            del text[at:at + rng.randrange(1, 40)]
        elif kind == 5:
            text[at:at] = rng.randbytes(rng.randrange(1, 300))
        elif kind == 6:
            end = at + rng.randrange(1, 200)
            text[at:at] = text[at:end] * rng.randrange(1, 4)
        elif kind == 7:
            other = rng.choice(all_seeds)
            start = rng.randrange(len(other))
            text[at:at + 60] = other[start:start + 60]
        else:
            del text[at:]
    if rng.randrange(2):
        mend(text)
    if rng.randrange(8) == 0 and len(text) > 20:  # the same message in two records
        cut = rng.randrange(6, min(len(text), 16000))
        head = bytes(text[:3])
        text = bytearray(head + (cut - 5).to_bytes(2, "big") + bytes(text[5:cut]) + head + (len(text) - cut).to_bytes(2, "big") +
                         bytes(text[cut:]))
    return bytes(text)


class Counting(Log):
    """Keeps only what no line should be: lines of handshakes that failed or not are counted."""
    EXPECTED = re.compile(r"(pop3d: tls sid=\S+ rip=\S+ lip=\S+ sni=\S* (err=handshake detail=\S+|version=TLS\S+ .*)|"
                          r"pop3d: end sid=\S+ .*)")

    def begin(self):
        self.counts = {"failed": 0, "begun": 0}
        super().begin()

    def _drain(self):
        with os.fdopen(self.read, "r", encoding="latin-1") as lines:
            for line in lines:
                m = self.EXPECTED.fullmatch(line.rstrip("\n"))
                with self.change:
                    if not m:
                        self.text = (self.text + line)[:20000]
                    elif m[2]:
                        self.counts["failed" if m[2].startswith("err") else "begun"] += 1
                    self.change.notify_all()


def connection(port, text):
    """Say it and hear the end, which is the server's."""
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as s:
        try:
            s.sendall(text)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        except (ConnectionResetError, BrokenPipeError, OSError) as e:
            check(not isinstance(e, TimeoutError), "the connection does not end:", text.hex())


def test_mutated_hellos():
    site = Site()
    site.certificate(kind="ecdsa")
    site.user("bob")
    all_seeds, failures = seeds(), []
    print(f"{HELLOS} hellos, SEED={SEED}")

    def some(first):
        for n in range(first, HELLOS, AT_ONCE):
            try:
                connection(server.port, mutate(random.Random(f"{SEED} {n}"), all_seeds))
            except Exception as e:  # this thread's, for the one that waits
                failures.append(f"hello {n}: {e}")
                return

    with tcpserver(site, "-c", "100", program=("-s",), log=Counting) as server:
        threads = [threading.Thread(target=some, args=(n,)) for n in range(AT_ONCE)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        equal(failures, [])
        limit = time.monotonic() + DEADLINE
        while served_by(server.process.pid) if residents(server.process.pid) else children(server.process.pid):
            check(time.monotonic() < limit, "a process is left")
            time.sleep(0.02)
        connection(server.port, all_seeds[0])  # and it still listens
    print(server.log.counts)
    equal(server.log.text, "", "lines that no mutated hello should have caused")
    check(server.log.counts["failed"] > HELLOS / 3, "too few of them failed:", server.log.counts)


def test_it_would_be_seen():
    """A hello that is none the worse for it begins a handshake; a room that dies has a line that is not expected."""
    for line in ("pop3d: alarm sid=1.1 rip=127.0.0.1 room=tlsd signal=11", "tlsd: 1.1: cannot start OpenSSL: 0"):
        check(not Counting.EXPECTED.fullmatch(line), line)
    rng = random.Random(SEED)
    all_seeds = seeds()
    check(len({mutate(rng, all_seeds) for _ in range(200)}) > 150, "they are all the same")


if __name__ == "__main__":
    sys.exit(run(both_forms(globals(), lambda name: "hellos" in name)))
