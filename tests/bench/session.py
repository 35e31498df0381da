"""What one login session costs, beside the least that tcpserver and a static program can cost: processes, executions,
system calls, and CPU time of the server's processes over SESSIONS sessions of each kind, interleaved in one run.
Usage: BUILD=build/musl tests/bench/session.py [SESSIONS]   (make bench)
"""
import collections
import os
import re
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402

SESSIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
ROUNDS = 5


def talk(port, lines, finished=b"+OK"):
    """One session, a line at a time; every reply must be +OK."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        f = s.makefile("rb")
        assert f.readline().startswith(finished)
        for line in lines:
            s.sendall(line + b"\r\n")
            reply = f.readline()
            assert reply.startswith(finished), (line, reply)
        assert f.read() == b""


def cpu(argv, env, lines, sessions):
    """CPU seconds, of all processes, that a tcpserver with argv uses for so many sessions."""
    server = subprocess.Popen(["tcpserver", "-1RHl0", "-c1000", "127.0.0.1", "0", *argv], env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    port = int(server.stdout.readline())
    for _ in range(sessions):
        talk(port, lines)
    # The last session's processes are reaped before tcpserver gets our signal or after; one in many.
    server.terminate()
    _, _, usage = os.wait4(server.pid, 0)
    server.returncode = 0
    return usage.ru_utime + usage.ru_stime


def traced(argv, env, lines):
    """(processes, executions, system calls) of one session of argv alone, by strace."""
    trace = os.path.join(site.dir, "trace")
    client, server = harness.tcp_pair()
    with server:
        process = subprocess.Popen(["strace", "-f", "-o", trace, *argv], env=env, stdin=server, stdout=server,
                                   stderr=subprocess.DEVNULL)
    with client:
        f = client.makefile("rb")
        f.readline()
        for line in lines:
            client.sendall(line + b"\r\n")
            f.readline()
        f.read()
    process.wait()
    text = open(trace, encoding="latin-1").read()
    calls = [c for c in re.findall(r"^\d+ +(\w+)\(", text, re.M)]
    kinds = collections.Counter(calls)
    return len(set(re.findall(r"^(\d+) ", text, re.M))), kinds["execve"] + kinds["execveat"], len(calls)


site = harness.Site()
user = site.user("bench")
for i in range(10):
    user.put(f"{1000 + i}.bench", b"Subject: bench\n\n" + b"x" * 70 + b"\n")
login = [b"USER bench", b"PASS " + user.password.encode(), b"STAT", b"QUIT"]
floor = os.path.join(harness.BUILD, "floor")
kinds = {
    "tcpserver + a static program": ([floor], {}, login),
    "sallyport, connect and QUIT": ([site.sallyport], site.settings, [b"QUIT"]),
    "sallyport, login, STAT, QUIT": ([site.sallyport], site.settings, login),
}
spent = {name: [] for name in kinds}
for _ in range(ROUNDS):
    for name, (argv, env, lines) in kinds.items():
        path = {"PATH": os.environ["PATH"]}
        spent[name].append(cpu(argv, path | env, lines, SESSIONS // ROUNDS) / (SESSIONS // ROUNDS) * 1e6)
base = sorted(spent["tcpserver + a static program"])[ROUNDS // 2]
print(f"{SESSIONS} sessions of each kind; microseconds of CPU are medians of {ROUNDS} rounds (least to most)")
print(f"{'':32}{'processes':>10}{'execs':>7}{'calls':>7}{'CPU us':>9}{'':>14}{'ratio':>7}")
for name, (argv, env, lines) in kinds.items():
    processes, execs, calls = traced(argv, env | {"PROTO": "TCP", "TCPREMOTEIP": "127.0.0.1"}, lines)
    s = sorted(spent[name])
    print(f"{name:32}{processes:>10}{execs:>7}{calls:>7}{s[ROUNDS // 2]:>9.0f}"
          f"  ({s[0]:.0f} to {s[-1]:.0f}){'':<2}{s[ROUNDS // 2] / base:>5.2f}")
print("(tcpserver's own process is in the CPU time and not in the counts; argon2id of 64 KiB is in the login's)")
