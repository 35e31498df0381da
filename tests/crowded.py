"""crowded: at the limits of processes a new connection is refused in a word and the old ones go on; slow clients tie up
their own processes alone, and those only until the limits."""

import os
import socket
import subprocess
import sys
import time

import harness

# Processes are counted for each uid: these are nobody else's, nor another run's of this test.
OWN = 62000 + os.getpid() % 1000 * 3
harness.MAIL_UIDS = (OWN, OWN + 1)

from behaviour import pop3d_alone  # noqa: E402
from harness import ROOT, Skip, Site, check, equal, need_root, run_module, tcpserver  # noqa: E402

site = Site()
if ROOT:
    site.settings["POP3_POP3D"] = f"{OWN + 2}:{OWN + 2}"
MOST = 3
LATER = "Resource temporarily unavailable"


class Crowd:
    """Sessions of one server, each of a user of his own."""

    def __init__(self, server):
        self.server, self.sessions = server, []

    def more(self):
        """One more session; False, with the reason in the log, when it is refused without a byte that is no reply."""
        user = site.user()
        user.put("1.a.host")
        client = harness.Client(socket.create_connection(("127.0.0.1", self.server.port), harness.DEADLINE))
        if not client.more():
            check(client.buffer == b"", "half a greeting:", client.buffer)
            return False
        client.greet()
        client.ask(f"USER {user.name}")
        client.send(b"PASS %s\r\n" % user.password.encode())
        line = client.line()
        if not line.startswith(b"+OK"):
            check(line.startswith(b"-ERR [SYS/TEMP]"), line)
            return False
        self.sessions.append(client)
        return True

    def work(self):
        """All that are there are served."""
        for client in self.sessions:
            equal(client.retr(1), b"Subject: t\r\n\r\nbody\r\n")

    def leave(self, n):
        for _ in range(n):
            client = self.sessions.pop()
            client.ask("QUIT")
            client.closed()


def test_no_more_processes_of_a_uid():
    need_root()
    with tcpserver(site, prefix=("prlimit", f"--nproc={MOST}:{MOST}")) as server:
        crowd = Crowd(server)
        while crowd.more():  # the kernel looks before it counts: one more than it says
            check(len(crowd.sessions) <= MOST + 1, "more sessions than processes are allowed")
        held = len(crowd.sessions)
        check(held >= MOST, held)
        server.log.wait(r"sallyport: \S+ cannot execute the room pop3d: " + LATER)
        check(not crowd.more(), "still none")
        crowd.work()
        crowd.leave(2)
        while len(crowd.sessions) < held:
            crowd.more()  # the processes of those that left may still end
        crowd.work()
        crowd.leave(held)


def test_no_more_processes_of_a_service():
    """A control group that can have no further process: whatever step of a session meets that."""
    need_root()
    path = f"/sys/fs/cgroup/pids/sallyport-test-{os.getpid()}"
    if not os.path.isdir("/sys/fs/cgroup/pids"):
        path = f"/sys/fs/cgroup/sallyport-test-{os.getpid()}"
    try:
        os.mkdir(path)
        limit = open(os.path.join(path, "pids.max"), "w", encoding="ascii")
    except OSError as e:
        raise Skip(f"no control group for processes: {e}") from e

    def most(n):
        limit.write(n)
        limit.flush()

    enter = ("sh", "-c", f'echo $$ >{path}/cgroup.procs && exec "$@"', "sh")
    with limit, tcpserver(site, prefix=enter) as server:
        crowd = Crowd(server)
        for _ in range(MOST):
            check(crowd.more(), server.log.text)
        for further, word in enumerate(("unable to fork", "cannot start the room pop3d: " + LATER,
                                        "cannot start the room authd: " + LATER)):
            most(str(1 + 2 * MOST + further))
            for _ in range(100):  # what was refused a moment ago may still be there
                check(not crowd.more(), "a session with", further, "more processes")
                if word in server.log.text:
                    break
            check(word in server.log.text, server.log.text)
            crowd.work()
        most("max")
        while len(crowd.sessions) < MOST + 1:
            crowd.more()
        crowd.work()
        crowd.leave(MOST + 1)
    for _ in range(200):  # the last may still be ending
        try:
            os.rmdir(path)
            break
        except OSError:
            time.sleep(0.05)


def slow(client, process, log, step):
    """Go on with step, which is too slow, until pop3d ends."""
    while process.poll() is None:
        try:
            step(client)
        except OSError:  # it has closed
            pass
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            pass
    equal(process.returncode, 0)
    check(" end=timeout " in log.all() or " end=noquit " in log.all(), log.text)


def test_who_writes_a_byte_now_and_then():
    client, process, log, ctl = pop3d_alone(2, 600)
    with ctl:
        slow(client, process, log, lambda c: c.sock.send(b"N"))


def test_who_reads_a_byte_now_and_then():
    client, process, log, ctl = pop3d_alone(2, 600)
    with ctl:
        client.sock.setblocking(False)
        try:
            while True:
                client.sock.send(b"CAPA\r\n" * 1000)
        except BlockingIOError:  # it reads no further, because we do not
            pass
        slow(client, process, log, lambda c: c.sock.recv(1))


def test_others_are_served_meanwhile():
    """The only slot is not held by who stops in the middle of an attempt, nor anything by who stops elsewhere."""
    with tcpserver(site, POP3_SLOTS="1") as server:
        crowd, stopped = Crowd(server), []
        for line in (b"", b"US", b"USER somebody\r\nPASS", b"AUTH PLAIN\r\n", b"AUTH LOGIN\r\nYm9i\r\n", b"CAPA\r\n" * 20000):
            s = socket.create_connection(("127.0.0.1", server.port), harness.DEADLINE)
            s.setblocking(False)
            while line:
                try:
                    line = line[s.send(line):]
                except BlockingIOError:
                    break
            stopped.append(s)
        for _ in range(3):
            check(crowd.more(), server.log.text)
        crowd.work()
        for s in stopped:
            s.close()
        crowd.leave(3)


if __name__ == "__main__":
    sys.exit(run_module(globals()))
