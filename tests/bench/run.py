"""make bench: what sallyport costs, beside a floor and the POP3 servers that Debian packages, interleaved in one run.
CPU time and memory are those of a control group of each server's own.  Every reply and size is checked (load.c).
Usage: BUILD=build/musl tests/bench/run.py [KIND...]     QUICK=1: fewer sessions, ends within three minutes
No kind takes longer than its part of the time: on a slow machine there are fewer rounds, and the table says how many.
"""
import base64
import hashlib
import os
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402
from peers import harness  # noqa: E402

QUICK = os.environ.get("QUICK") == "1"
ROUNDS = 2 if QUICK else 7
SECONDS = 12 if QUICK else 75  # no round of a kind begins that would not end in these, once one has been counted
AT_ONCE = 2
FLOOR = "floor: three static programs"

# kind: (mode of load.c, user's set, sessions in a round, what a figure is of, its unit)
KINDS = {
    "connect, QUIT": ("quit", "few", 50 if QUICK else 120, "session", 1),
    "login, STAT, QUIT": ("stat", "few", 25 if QUICK else 60, "session", 1),
    "login, LIST, UIDL, QUIT (500 messages)": ("list", "five", 6 if QUICK else 16, "session", 1),
    "RETR 500 of 5 KB, one by one": ("retr", "five", 2 if QUICK else 3, "message", 500),
    "RETR 500 of 5 KB, pipelined": ("pipe", "five", 2 if QUICK else 3, "message", 500),
    "TLS 1.3 with a key of RSA 2048: handshake, login, STAT, QUIT": ("tls", "few", 12 if QUICK else 40, "session", 1),
    "RETR one of 100 MB": ("retr", "huge", 1, "byte, in ns", 100_000_000 / 1000),
}
# set: (users, messages, bytes of each)
SETS = {"few": (AT_ONCE, 10, 2000), "five": (AT_ONCE, 500, 5000), "huge": (1, 1, 100_000_000)}
IDLE = 150 if QUICK else 400  # of fewer, what the kernel keeps in stock for a group is too large a part


class Bench:
    def __init__(self):
        os.makedirs(peers.OVERLAYS, exist_ok=True)
        self.site = harness.Site()
        self.site.certificate()
        self.octets, self.users, self.servers = {}, [], []
        for kind, (count, messages, size) in SETS.items():
            for n in range(count):
                self.add_user(kind, n, messages, size)

    def add_user(self, kind, n, messages, size):
        name = f"bench-{kind}{n}"
        home = self.site.at("mail", name)
        os.mkdir(home)
        user = self.site.user(name, password=peers.PASSWORD, maildrop=os.path.join(home, "Maildir"))
        uid = user.maildir.uid
        os.chown(home, uid, uid)
        self.octets[kind] = self.fill(os.path.join(home, "Maildir"), messages, size, uid)
        self.users.append((name, uid, home))

    def verifiers(self):
        """The cheapest that there is, in the place of argon2id."""
        digest = base64.b64encode(hashlib.sha256(peers.PASSWORD.encode()).digest()).decode()
        with open(self.site.at("users"), "r+", encoding="ascii") as f:
            text = re.sub(r"^([^:]+):[^:]+:", lambda m: f"{m.group(1)}:{{SHA256}}{digest}:", f.read(), flags=re.M)
            f.seek(0)
            f.truncate()
            f.write(text)
        done = self.site.user_tool("compile")
        harness.check(done.returncode == 0, done.stderr)

    def fill(self, maildir, messages, size, uid, first=0):
        made = subprocess.run([self.tool("fill"), os.path.join(maildir, "cur"), str(first), str(messages), str(size),
                               "1"], check=True, capture_output=True, text=True, user=uid if harness.ROOT else None)
        return int(made.stdout)

    @staticmethod
    def tool(name):
        return os.path.join(harness.BUILD, name)

    def start(self):
        """Every server that can run here; which cannot, and why, is said."""
        self.servers += peers.floors(self.tool("floor"))
        self.servers.append(peers.sallyport(self.site, POP3_TLS=None))
        self.servers.append(peers.sallyport_tls(self.site))
        self.servers.append(peers.sallyport_listening(self.site))
        if not harness.ROOT:
            print("The peers need root, for overlays: they are not measured.")
            return
        for tls in (False, True):
            self.servers.append(peers.dovecot(self.site, self.users, fast=False, tls=tls))
            self.servers.append(peers.dovecot(self.site, self.users, fast=True, tls=tls))
        self.servers.append(peers.courier(self.users))
        self.servers.append(peers.mailutils(self.users))
        self.servers.append(peers.popa3d(self.users))

    @staticmethod
    def tls_load(server, sessions):
        """One after the other; what the client costs is not the server's.  No session is resumed."""
        for n in range(sessions):
            s = harness.Client(server.connect())
            harness.check(s.line().startswith(b"+OK"), "no greeting")
            harness.equal(s.sock.version(), "TLSv1.3")
            s.ask(f"USER bench-few{n % SETS['few'][0]}")
            s.ask(f"PASS {peers.PASSWORD}")
            harness.equal(s.ask("STAT").split()[1], str(SETS["few"][1]))
            s.ask("QUIT")
            s.closed()
            s.sock.close()

    def load(self, server, mode, kind, sessions, octets):
        """Run load.c."""
        if mode == "tls":
            self.tls_load(server, sessions)
            return
        messages = SETS[kind][1]
        argv = [self.tool("load"), str(server.port), mode, str(sessions), str(SETS[kind][0]), f"bench-{kind}%",
                peers.PASSWORD, str(messages), str(octets)]
        subprocess.run(argv, check=True, capture_output=True, text=True)

    def announced(self, server, kind):
        """What a peer's STAT says: it may count in its own way, if LIST and RETR then agree."""
        s = harness.Client(harness.socket.create_connection(("127.0.0.1", server.port), 60))
        harness.check(s.line().startswith(b"+OK"), "no greeting")  # popa3d says no more
        s.ask(f"USER bench-{kind}0")
        s.ask(f"PASS {peers.PASSWORD}")
        octets = int(s.ask("STAT").split()[2])
        s.ask("QUIT")
        s.closed()
        s.sock.close()
        return octets

    def cost(self, server, kind):
        """Microseconds of CPU for each unit of one round of a kind."""
        mode, users, sessions, _, per = KINDS[kind]
        if server.name.startswith("floor"):
            mode = "any" if mode == "stat" else mode
        octets = self.octets[users]
        if server.name != "sallyport" and mode not in ("quit", "any", "tls"):
            octets = self.announced(server, users)
        server.settled(server.quiet)
        before = server.cgroup.cpu()
        self.load(server, mode, users, sessions, octets)
        server.settled(server.quiet)
        return (server.cgroup.cpu() - before) / sessions / per

    def can(self, server, kind):
        mode = KINDS[kind][0]
        return server.tls == (mode == "tls") and (mode in ("quit", "stat") or not server.name.startswith("floor"))

    def measure(self, kind):
        """What each server that can spent in each round; and why the others cannot."""
        servers, spent, failed = [s for s in self.servers if self.can(s, kind)], {}, {}
        began = time.monotonic()
        for turn in range(ROUNDS + 1):
            for server in servers:
                if server in failed:
                    continue
                try:
                    us = self.cost(server, kind)
                except (subprocess.CalledProcessError, AssertionError) as e:
                    failed[server] = (getattr(e, "stderr", None) or str(e)).strip()
                    continue
                if turn:  # the first warms caches and indexes up
                    spent.setdefault(server, []).append(us)
            took = time.monotonic() - began
            if turn and took + took / (turn + 1) > SECONDS:
                break
        return {s: sorted(v) for s, v in spent.items()}, failed

    def table(self, kind):
        spent, failed = self.measure(kind)
        middle = {s.name: statistics.median(v) for s, v in spent.items()}
        ours = middle.get("sallyport", middle.get("sallyport -s"))
        rounds = max((len(v) for v in spent.values()), default=0)
        print(f"\n{kind}: CPU time for each {KINDS[kind][3]}{'' if 'ns' in KINDS[kind][3] else ', in us'}" +
              (f" ({rounds} rounds)" if rounds < ROUNDS else ""))
        for server, values in spent.items():
            m = middle[server.name]
            print(f"  {server.name:30}{m:>11.2f}  ({values[0]:.2f} to {values[-1]:.2f})".ljust(70) +
                  (f"{m / ours:>8.2f} x sallyport" if ours else ""))
        if ours and FLOOR in middle:
            print(f"  sallyport is {ours / middle[FLOOR]:.2f} x {FLOOR}")
        for server, why in failed.items():
            print(f"  {server.name:30} not comparable: {why}")
        sys.stdout.flush()

    def idle(self, server):
        """Bytes of memory for each idle, logged-in session."""
        count = IDLE
        server.settled(server.quiet)
        before = server.cgroup.memory()
        argv = [self.tool("load"), str(server.port), "idle", str(count), str(count), "bench-idle%", peers.PASSWORD,
                "0", "0"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
            if p.stdout.readline() != "ready\n":
                return None
            used = (server.cgroup.memory() - before) / count
            p.stdin.close()
            p.stdout.read()
        server.settled(server.quiet)
        return used

    def idle_table(self):
        print(f"\n{IDLE} idle, logged-in sessions: memory of each, anonymous and the kernel's, in KiB")
        for server in self.servers:
            if server.name.startswith("floor") or server.tls:
                continue
            if not server.cgroup.paths:
                print("  not measured: no control group can be made here")
                break
            used = self.idle(server)
            print(f"  {server.name:30}{used / 1024:>11.1f}" if used else f"  {server.name:30} did not hold them")


def main():
    began = time.monotonic()
    peers.prepare()
    bench = Bench()
    SETS["idle"] = (IDLE, 0, 0)
    for n in range(IDLE):
        bench.add_user("idle", n, 0, 1)
    bench.verifiers()
    try:
        bench.start()
        with open("/proc/cpuinfo", encoding="ascii") as f:
            cpu = next(line.split(": ")[1].strip() for line in f if line.startswith("model name"))
        print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} x {cpu}, Linux {os.uname().release}; medians of {ROUNDS} "
              f"interleaved rounds, {AT_ONCE} clients at a time.")
        print("sallyport judges a digest of SHA-256, the peers a password in the clear or a DES crypt, so that what is "
              "compared is not the price of a password.")
        for kind in KINDS:
            if not sys.argv[1:] or any(a in kind for a in sys.argv[1:]):
                bench.table(kind)
        if not sys.argv[1:] or "idle" in sys.argv[1:]:
            bench.idle_table()
    finally:
        peers.Server.stop_all()
    print(f"\n{time.monotonic() - began:.0f} seconds.")


main()
