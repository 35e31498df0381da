"""peers: the servers that `make bench` measures, each with a temporary configuration on a loopback port of its own.
Debian's packages of the peers exclude one another, so each is installed into an overlay of this machine's own system
(build/bench/NAME), which nothing outside sees, and is started there; that needs root.  Nothing becomes a service."""

import glob
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402

OVERLAYS = os.path.join(os.path.dirname(harness.TESTS), "build", "bench")
CRYPTED = "ab4Sl7uSZVRdU"  # crypt("open", "ab"): the cheapest verifier that a system password can be
PASSWORD = "open"
CGROUPS = "/sys/fs/cgroup"
PREFIX = "sallyport-bench-"

ENTER = """mount -t overlay overlay -o lowerdir=/,upperdir={at}/upper,workdir={at}/work {at}/root
mount -t proc proc {at}/root/proc
mount --rbind /dev {at}/root/dev
mount -t tmpfs tmpfs {at}/root/run
mount --rbind /tmp {at}/root/tmp
"""

DOVECOT = """protocols = pop3
listen = 127.0.0.1
base_dir = {at}/run
state_dir = {at}/run
log_path = {at}/log
ssl = {ssl}
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:~
passdb {{
  driver = passwd-file
  args = {at}/users
}}
userdb {{
  driver = passwd-file
  args = {at}/users
}}
service anvil {{
  client_limit = 20000
}}
service pop3-login {{
  process_limit = 20000
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = {tls}
    ssl = yes
  }}
}}
service pop3 {{
  process_limit = 20000
}}
"""
# doc.dovecot.org, "Login processes" (high-performance mode), "Service configuration" and the Maildir page.
DOVECOT_FAST = """service pop3-login {
  service_count = 0
  process_min_avail = 2
}
service pop3 {
  service_count = 256
  process_min_avail = 2
}
pop3_no_flag_updates = yes
maildir_very_dirty_syncs = yes
"""


class Cgroup:
    """A control group of a server's own, of either version; where none can be made, only what the server and the
    children that it waited for used is known, and nothing of memory."""

    def __init__(self, name):
        self.server = None  # its pid
        name = f"{PREFIX}{os.getpid()}-{name}"
        self.two = os.path.exists(os.path.join(CGROUPS, "cgroup.controllers"))
        self.paths = {}
        for controller in ("cpuacct", "memory"):
            path = os.path.join(CGROUPS, name) if self.two else os.path.join(CGROUPS, controller, name)
            try:
                os.makedirs(path, exist_ok=True)
                self.paths[controller] = path
            except OSError:
                pass

    def enter(self):
        for path in set(self.paths.values()):
            with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as f:
                f.write(str(os.getpid()))

    def _read(self, controller, name):
        with open(os.path.join(self.paths[controller], name), encoding="ascii") as f:
            return f.read()

    def _stat(self, name, key):
        return int(dict(line.split() for line in self._read("memory", name).splitlines())[key])

    def processes(self):
        if not self.paths:
            with open(f"/proc/{self.server}/task/{self.server}/children", encoding="ascii") as f:
                return len(f.read().split())
        return len(self._read("cpuacct", "cgroup.procs").split())

    def cpu(self):
        """Microseconds of CPU time so far."""
        if not self.paths:
            with open(f"/proc/{self.server}/stat", encoding="utf-8") as f:
                ticks = f.read().rsplit(")", 1)[1].split()[11:15]  # proc(5): utime to cstime
            return sum(int(n) for n in ticks) * 1_000_000 / os.sysconf("SC_CLK_TCK")
        if self.two:
            return int(self._read("cpuacct", "cpu.stat").split()[1])
        return int(self._read("cpuacct", "cpuacct.usage")) / 1000

    def memory(self):
        """Bytes of anonymous memory and of the kernel's."""
        if self.two:
            return self._stat("memory.stat", "anon") + self._stat("memory.stat", "kernel")
        return self._stat("memory.stat", "total_rss") + int(self._read("memory", "memory.kmem.usage_in_bytes"))

    def end(self):
        """End all that is in it, also what a server started beside itself, and remove it."""
        for path in set(self.paths.values()):
            group_end(path)


def group_end(path):
    """A process that does not end when it is asked to is killed after a second; all have that second together."""
    for turn in range(600):
        try:
            os.rmdir(path)
            return
        except (FileNotFoundError, PermissionError):  # gone, or root's and we are not
            return
        except OSError:
            pass  # processes are in it, or one of them has not gone altogether
        if turn in (0, 20) or turn > 100:
            with open(os.path.join(path, "cgroup.procs"), encoding="ascii") as f:
                pids = [int(pid) for pid in f.read().split()]
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL if turn else signal.SIGTERM)
                except ProcessLookupError:
                    pass
        time.sleep(0.05)
    print(f"{path} cannot be removed", file=sys.stderr)


def prepare():
    """A signal that ends this process lets it end its servers and remove what it made.  And what a bench left that was
    killed: the groups, and all in them, of a process that is no more."""
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, lambda number, _: sys.exit(128 + number))
    for path in glob.glob(os.path.join(CGROUPS, PREFIX + "*")) + glob.glob(os.path.join(CGROUPS, "*", PREFIX + "*")):
        owner = os.path.basename(path)[len(PREFIX):].split("-")[0]
        if not os.path.exists(f"/proc/{owner}"):
            group_end(path)


class Server:
    """A running server: its port, its process, its control group."""
    started = []

    def __init__(self, name, argv, port=None, environment=None, tls=False, greets=True):
        self.name, self.tls = name, tls
        self.cgroup = Cgroup("".join(c for c in name if c.isalnum()))
        self.errors = open(os.path.join(OVERLAYS, "errors"), "ab")
        self.process = subprocess.Popen(argv, env=environment or {"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL if port else subprocess.PIPE, stderr=self.errors,
                                        preexec_fn=self.cgroup.enter,
                                        start_new_session=True)  # Courier's daemon ends its whole process group
        self.cgroup.server = self.process.pid
        self.started.append(self)
        self.port = port or int(self.process.stdout.readline())
        if greets:  # tcpserver tells its port when it listens
            self.wait_until_there()
        self.quiet = self.settled()

    def wait_until_there(self):
        for _ in range(200):
            try:
                with self.connect() as s:
                    assert s.recv(3) == b"+OK"
                    s.sendall(b"QUIT\r\n")
                    while s.recv(1000):
                        pass
                return
            except (ConnectionError, AssertionError):
                time.sleep(0.05)
        raise SystemExit(f"{self.name} does not start: see {OVERLAYS}/errors")

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), 60)
        return harness.tls_context().wrap_socket(s, server_hostname="localhost") if self.tls else s

    def settled(self, wanted=None):
        """Wait until its sessions' processes have gone: what an ended session still costs belongs to it.  Some servers
        keep now more and now fewer processes: then, until for a while nothing ran and their number stayed the same."""
        last, same = None, 0
        for _ in range(250):
            now = self.cgroup.processes(), self.cgroup.cpu()
            same = same + 1 if now == last else 0
            if now[0] == wanted or same == 8:
                break
            last = now
            time.sleep(0.02)
        return self.cgroup.processes()

    @classmethod
    def stop_all(cls):
        """Of all that were started, also those that never answered."""
        for server in cls.started:
            server.process.terminate()
        while cls.started:
            cls.started[-1].stop()
            cls.started.pop()

    def stop(self):
        self.process.terminate()
        self.cgroup.end()  # and what a server started beside itself
        self.process.kill()  # where there is no control group
        self.process.wait()
        self.errors.close()


def mailboxes(at, users):
    """The same messages as files of /var/mail."""
    spool = os.path.join(at, "upper/var/mail")
    os.makedirs(spool, exist_ok=True)
    os.chmod(spool, 0o1777)
    for name, uid, home in users:
        path = os.path.join(spool, name)
        with open(path, "wb") as box:
            for message in sorted(os.listdir(home + "/Maildir/cur")):
                with open(home + "/Maildir/cur/" + message, "rb") as f:
                    box.write(b"From bench Tue Nov 24 00:00:00 2026\n" + f.read() + b"\n")
        os.chown(path, uid, uid)
        os.chmod(path, 0o600)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def overlay(name, *packages):
    """Install packages into the overlay of this name, once.  Returns its directory."""
    at = os.path.join(OVERLAYS, name)
    if not os.path.exists(os.path.join(at, "done")):
        shutil.rmtree(at, ignore_errors=True)
        for part in ("upper/usr/sbin", "work", "root"):
            os.makedirs(os.path.join(at, part))
        with open(os.path.join(at, "upper/usr/sbin/policy-rc.d"), "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nexit 101\n")  # what a package would start has no business here
        os.chmod(f.name, 0o755)
        print(f"Installing {' '.join(packages)} into an overlay.", file=sys.stderr)
        command = (f"{ENTER.format(at=at)} DEBIAN_FRONTEND=noninteractive exec chroot {at}/root apt-get install -y -qq "
                   f"--no-install-recommends {' '.join(packages)}")
        with open(os.path.join(at, "log"), "wb") as log:
            subprocess.run(["unshare", "-m", "sh", "-ec", command], stdout=log, stderr=log, check=True)
        with open(os.path.join(at, "done"), "w", encoding="ascii"):
            pass
    return at


def inside(at, *argv, environment=""):
    """The command that runs argv in the overlay."""
    return ["unshare", "-m", "sh", "-ec",
            ENTER.format(at=at) + environment + f"exec chroot {at}/root {' '.join(shlex.quote(a) for a in argv)}"]


def system_users(at, users):
    """Users whom the system of an overlay knows, with CRYPTED for their password."""
    for name, line in (("passwd", "{0}:x:{1}:{1}::{2}:/bin/sh"), ("shadow", "{0}:" + CRYPTED + ":19000:0:99999:7:::")):
        path = os.path.join(at, "upper/etc", name)
        with open(path if os.path.exists(path) else os.path.join("/etc", name), encoding="utf-8") as f:
            kept = [x for x in f.read().splitlines() if not x.startswith("bench-")]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(kept + [line.format(u, uid, home) for u, uid, home in users]) + "\n")
        os.chmod(path, 0o644 if name == "passwd" else 0o600)


TCPSERVER = ["tcpserver", "-1RHl0", "-c20000", "-b1024", "127.0.0.1", "0"]


def floors(program):
    yield Server("floor: one static program", [*TCPSERVER, program])
    yield Server("floor: three static programs", [*TCPSERVER, program, "3"])


def environment(site, **settings):
    return {k: v for k, v in (site.settings | settings | {"PATH": os.environ["PATH"]}).items() if v is not None}


def sallyport(site, *arguments, **settings):
    """arguments: of sallyport; behind TLS nobody is greeted without a handshake."""
    return Server("sallyport", [*TCPSERVER, site.sallyport, *arguments], greets="-s" not in arguments,
                  environment=environment(site, **settings))


def sallyport_tls(site):
    return Server("sallyport -s", [*TCPSERVER, site.sallyport, "-s"], environment=environment(site), tls=True)


def sallyport_listening(site):
    """Its own super-server, with one OpenSSL for all."""
    port = free_port()
    return Server("sallyport -l", [site.sallyport, "-l", "127.0.0.1", str(port)], port=port, tls=True,
                  environment=environment(site, POP3_CONNECTIONS="10000"))


def dovecot(site, users, fast, tls=False):
    """With tls: on a port where it speaks nothing else, with the site's certificate."""
    at = overlay("dovecot", "dovecot-pop3d")
    directory = site.at(f"dovecot{'-fast' if fast else ''}{'-tls' if tls else ''}")
    os.makedirs(os.path.join(directory, "run"))
    port = free_port()
    with open(os.path.join(directory, "users"), "w", encoding="ascii") as f:
        f.writelines(f"{u}:{{PLAIN}}{PASSWORD}:{uid}:{uid}::{home}/Maildir::\n" for u, uid, home in users)
    with open(os.path.join(directory, "conf"), "w", encoding="ascii") as f:
        f.write(DOVECOT.format(at=directory, port=0 if tls else port, tls=port if tls else 0, ssl="yes" if tls else "no") +
                (DOVECOT_FAST if fast else ""))
        if tls:
            f.write(f"ssl_cert = <{site.at('tls', 'fullchain.pem')}\nssl_key = <{site.at('tls', 'privkey.pem')}\n")
    return Server("dovecot" + (", fast settings" if fast else "") + (", TLS" if tls else ""),
                  inside(at, "/usr/sbin/dovecot", "-F", "-c", f.name), port=port, tls=tls)


def courier(users):
    at = overlay("courier", "courier-pop")
    system_users(at, users)
    start = (f"mkdir -p {at}/root/run/courier/authdaemon\n"
             f"chroot {at}/root sh -c '. /etc/courier/authdaemonrc; export authmodulelist authmodulelistorig daemons "
             f"authdaemonvar DEBUG_LOGIN DEFAULTOPTIONS; exec /usr/lib/courier/courier-authlib/authdaemond' >&2 &\n")
    lib = "/usr/lib/courier/courier/"
    return Server("courier", inside(at, *TCPSERVER, lib + "courierpop3login", lib + "courierpop3d", "Maildir",
                                    environment=start + "export POP3AUTH= MAILDIRPATH=Maildir\n"))


def mailutils(users):
    """With mailboxes: it says [IN-USE] of every Maildir."""
    at = overlay("mailutils", "mailutils-pop3d")
    system_users(at, users)
    mailboxes(at, users)
    return Server("mailutils (mbox)", inside(at, *TCPSERVER, "/usr/sbin/pop3d", "--inetd", "--no-config"))


def popa3d(users):
    """With mailboxes: it knows no Maildir."""
    at = overlay("popa3d", "popa3d")
    system_users(at, users)
    mailboxes(at, users)
    return Server("popa3d (mbox)", inside(at, *TCPSERVER, "/usr/sbin/popa3d"))
