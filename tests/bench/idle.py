"""make idle N=10000: so many idle, logged-in sessions at one time, and logins beside them that still succeed; what each
needs of memory, in a control group of the server's own.  TLS=1: the same behind TLS, from a client in Python; TLS=listen:
by sallyport -l.
Usage: BUILD=build/musl tests/bench/idle.py SESSIONS
Ends without a result, and says why, when the machine has no memory, processes or descriptors for so many."""
import base64
import hashlib
import os
import resource
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402
from peers import harness  # noqa: E402

COUNT = int(sys.argv[1])
TLS = os.environ.get("TLS")
KIB_WANTED = 600  # to be on the safe side


def number(path):
    with open(path, encoding="ascii") as f:
        return int(f.read())


def machine_holds():
    """Why this machine cannot hold them, or an empty text."""
    with open("/proc/meminfo", encoding="ascii") as f:
        free = {line.split(":")[0]: int(line.split()[1]) for line in f}["MemAvailable"]
    processes = COUNT * (3 if TLS else 2) + 2000
    if free < COUNT * KIB_WANTED + (2 << 20):
        return f"{free >> 10} MiB of memory are free"
    if number("/proc/sys/kernel/pid_max") < processes + 2000:
        return "kernel.pid_max is too low"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < COUNT + 100:
        return "the limit on open files is too low"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, COUNT + 100), hard))
    return ""


def users_make(site):
    """One compilation for all."""
    uid, gid = (harness.MAIL_UIDS[0],) * 2 if harness.ROOT else (os.getuid(), os.getgid())
    verifier = "{SHA256}" + base64.b64encode(hashlib.sha256(peers.PASSWORD.encode()).digest()).decode()
    with open(site.at("users"), "w", encoding="ascii") as f:
        for n in range(COUNT + 1):
            maildir = site.at("mail", str(n))
            for sub in ("", "new", "cur", "tmp"):
                os.mkdir(os.path.join(maildir, sub), 0o700)
                os.chown(os.path.join(maildir, sub), uid, gid)
            f.write(f"bench-idle{n}:{verifier}:{uid}:{gid}:{maildir}:\n")
    os.chmod(site.at("users"), 0o600)
    done = site.user_tool("compile")
    harness.check(done.returncode == 0, done.stderr)


def talk(stream, n):
    """Log user n in."""
    for line in (None, f"USER bench-idle{n}", f"PASS {peers.PASSWORD}"):
        if line:
            stream.sendall(line.encode() + b"\r\n")
        got = b""
        while not got.endswith(b"\r\n"):
            piece = stream.recv(1000)
            harness.check(piece, "the connection was closed")
            got += piece
        harness.check(got.startswith(b"+OK"), f"user {n} heard", got)


def connect(port, context):
    stream = socket.create_connection(("127.0.0.1", port), 120)
    return context.wrap_socket(stream) if context else stream


class Holder:
    """What holds the sessions: load.c, or with TLS this process."""

    def __init__(self, server, context):
        self.streams, self.process = [], None
        if context:
            for n in range(COUNT):
                self.streams.append(connect(server.port, context))
                talk(self.streams[-1], n)
            return
        argv = [os.path.join(harness.BUILD, "load"), str(server.port), "idle", str(COUNT), str(COUNT), "bench-idle%",
                peers.PASSWORD, "0", "0"]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        harness.check(self.process.stdout.readline() == "ready\n", "not all could log in")

    def leave(self):
        for stream in self.streams:
            stream.sendall(b"QUIT\r\n")
        for stream in self.streams:
            harness.check(stream.recv(1000).startswith(b"+OK"), "QUIT was not answered")
            stream.close()
        if self.process:
            self.process.stdin.close()
            harness.check(self.process.wait() == 0, "not all could QUIT")


def main():
    if why := machine_holds():
        raise SystemExit(f"{COUNT} sessions do not fit here: {why}")
    peers.prepare()
    os.makedirs(peers.OVERLAYS, exist_ok=True)
    site = harness.Site()
    users_make(site)
    context = None
    if TLS:
        site.certificate()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        server = peers.sallyport_listening(site) if TLS == "listen" else peers.sallyport(site, *(["-s"] if TLS else []))
        before, began = server.cgroup.memory(), time.monotonic()
        holder = Holder(server, context)
        took, processes = time.monotonic() - began, server.cgroup.processes()
        each = (server.cgroup.memory() - before) / COUNT / 1024
        times = []
        for _ in range(20):
            began = time.monotonic()
            with connect(server.port, context) as stream:
                talk(stream, COUNT)
                stream.sendall(b"QUIT\r\n")
                while stream.recv(1000):
                    pass
            times.append((time.monotonic() - began) * 1000)
        print(f"{COUNT} idle sessions{' behind TLS' if TLS else ''}, {processes} processes, logged in during {took:.1f} s: "
              f"{each:.1f} KiB each, anonymous and the kernel's")
        print(f"20 logins beside them, median {sorted(times)[10]:.1f} ms, slowest {max(times):.1f} ms")
        holder.leave()
        server.settled(server.quiet)
    finally:
        peers.Server.stop_all()


main()
