"""superservers: each super-server that etc/examples has a file for, run for real with that file (its paths, port and accounts
replaced): a whole session, byte-exact, so that no octet of a log is among them; the client's address, by IPv4, by IPv6 and by
IPv4 on an IPv6 socket; and the log where it should be.  Then what reads the log and the units: fail2ban, systemd-analyze.
As root in a network and with a /dev of the test's own, so that addresses are not loopback's and the test is syslog."""

import contextlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import time

import machine
from harness import (DEADLINE, ROOT, TESTS, Client, Server, Session, Site, check, equal, need, need_root, program,
                     run_module, tls_context, TlsSession)

EXAMPLES = os.path.join(os.path.dirname(TESTS), "etc", "examples")
UNPACKED = os.path.join(os.path.dirname(TESTS), "build", "unpacked")
PRIVATE = machine.private()
site = Site()
user = site.user("bob")
user.put("1.a.host")
ME = pwd.getpwuid(os.getuid()).pw_name

# (what the server listens on, what the client connects from and to, the addresses that must be in the log)
if PRIVATE:
    FOUR = "192.0.2.1", "192.0.2.7", "192.0.2.1", "192.0.2.7", "192.0.2.1"
    SIX = "2001:db8::1", "2001:db8::7", "2001:db8::1", "2001:db8::7", "2001:db8::1"
    MAPPED = "::", "192.0.2.7", "192.0.2.1", "192.0.2.7", "192.0.2.1"
else:
    FOUR = "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1"
    SIX = "::1", "::1", "::1", "::1", "::1"
    MAPPED = "::ffff:127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1"


# Servers that cannot take port 0: a free one, and another if somebody was faster.

def descendants(pid):
    found = [pid]
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
                for child in f.read().split():
                    found += descendants(int(child))
    return found


def listens(pid, address, port):
    """Does pid, or a process it started, listen there?"""
    inodes = set()
    with open("/proc/net/tcp6" if ":" in address else "/proc/net/tcp", encoding="ascii") as f:
        for line in f.read().splitlines()[1:]:
            column = line.split()
            if column[3] == "0A" and column[1].endswith(f":{port:04X}"):
                inodes.add(f"socket:[{column[9]}]")
    for process in descendants(pid):
        with contextlib.suppress(OSError):
            for fd in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError):
                    if os.readlink(f"/proc/{process}/fd/{fd}") in inodes:
                        return True
    return False


def free_port(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as s:
        s.bind((address, 0))
        return s.getsockname()[1]


class Listening:
    """A super-server started by start(port), on the first free port where it listens; stop(server) ends it."""

    def __init__(self, address, start, stop=Server.stop):
        self.stop, tries = stop, 3
        for left in range(tries, 0, -1):
            self.port = free_port(address)
            self.server = start(self.port)
            limit = time.monotonic() + DEADLINE / tries
            while time.monotonic() < limit and self.server.process.poll() is None:
                if listens(self.server.process.pid, address, self.port):
                    return
                time.sleep(0.01)
            log = self.end()
        check(False, "the server never listens:", log)

    def end(self):
        return self.stop(self.server)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def visit(where, port, plain=True):
    """A whole session.  Every line of it is looked at, and nothing else may come: no octet of a log, among others."""
    _, source, target, _, _ = where
    client = Client(socket.create_connection((target, port), DEADLINE, source_address=(source, 0)))
    equal(client.line(), b"+OK POP3 ready")
    if plain:
        client.login(user)
        equal(client.retr(1), b"Subject: t\r\n\r\nbody\r\n")
        equal(client.uidl(), {"1": "1.a.host"})
    else:
        client.ask(f"USER {user.name}", b"-ERR plaintext login is not allowed here")
    equal(client.ask("QUIT"), "+OK bye")
    client.closed()
    client.sock.close()


def logged(where, prefix=""):
    """Two lines of that session, in their order."""
    _, _, _, remote, local = where
    sid = r"sid=\d+\.[0-9a-f]+"
    start = "" if prefix == "<22>" else "^"  # a datagram needs no line end before it
    return (rf"{start}{prefix}pop3d: login {sid} rip={re.escape(remote)} lip={re.escape(local)} tls=- user=bob auth=pass .*\n"
            rf"(?:.*\n)*?{prefix}pop3d: end {sid} rip={re.escape(remote)} user=bob end=quit .* retr=1/")


def environment():
    """What the administrator sets, and nothing of a super-server."""
    env = site.environment(POP3_PLAINOK="1")
    return {k: v for k, v in env.items() if k != "PROTO" and not k.startswith("TCP")}


def settings(**more):
    """The same as a directory, for -e, envdir and the like."""
    site.count += 1
    return site.settings_directory(f"env{site.count}", POP3_PLAINOK="1", **more)


def example(name, *replacements):
    """A file of etc/examples, each (text, other text) replaced; every one must be there."""
    with open(os.path.join(EXAMPLES, name), encoding="ascii") as f:
        text = f.read()
    for old, new in (("/usr/local/sbin/sallyport", site.sallyport), *replacements):
        check(old in text, "etc/examples/" + name, "does not say", old)
        text = text.replace(old, new)
    return text


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def wait_file(path, pattern):
    limit = time.monotonic() + DEADLINE
    text = ""
    while not re.search(pattern, text, re.M):
        check(time.monotonic() < limit, path, "never has", pattern, "but", text)
        time.sleep(0.01)
        with contextlib.suppress(FileNotFoundError), open(path, encoding="latin-1") as f:
            text = f.read()
    return text


# tcpserver

def tcpserver(tcp, address, *options):
    return Server([tcp, "-1", "-vRHl0", *options, address, "0", site.sallyport], environment(), reads_port=True)


def test_tcpserver():
    need("tcpserver")
    with tcpserver("tcpserver", FOUR[0]) as server:
        visit(FOUR, server.port)
        server.log.wait(logged(FOUR))


def test_tcpserver_of_ucspi_tcp_ipv6():
    tcp = program("ucspi-tcp-ipv6", "usr/bin/tcpserver")
    if b"46" not in subprocess.run([tcp], capture_output=True, check=False).stderr:  # that is ucspi-tcp's
        tcp = program("ucspi-tcp-ipv6", UNPACKED + "/ucspi-tcp-ipv6/usr/bin/tcpserver")
    for where in (FOUR, SIX, MAPPED):
        with tcpserver(tcp, "0" if where[0] == "::" else where[0]) as server:
            visit(where, server.port)
            server.log.wait(logged(where))


def test_tcpserver_rules():
    """etc/examples/tcp.rules as it stands: one network may send passwords in the clear, one is refused."""
    need("tcpserver", "tcprules")
    need_private()
    with open(os.path.join(EXAMPLES, "tcp.rules"), "rb") as rules:
        subprocess.run(["tcprules", site.at("tcp.cdb"), site.at("tcp.tmp")], stdin=rules, check=True, timeout=DEADLINE)
    env = environment()
    del env["POP3_PLAINOK"]
    server = Server(["tcpserver", "-1", "-RHl0", "-x", site.at("tcp.cdb"), "0", "0", site.sallyport], env, reads_port=True)
    with server:
        visit((None, "192.168.7.9", "192.168.7.1", None, None), server.port)
        visit((None, "127.0.0.1", "127.0.0.1", None, None), server.port)
        visit((None, "198.51.100.7", "198.51.100.1", None, None), server.port, plain=False)
        denied = Client(socket.create_connection(("192.0.2.1", server.port), DEADLINE, source_address=("192.0.2.7", 0)))
        denied.closed()
        log = server.stop()
    equal(re.findall(r"^pop3d: login \S+ rip=(\S+)", log, re.M), ["192.168.7.9", "127.0.0.1"])
    check("rip=198.51.100.7 lip=198.51.100.1 tls=- user=bob try=0 reason=notls\n" in log, log)


def need_private():
    if not PRIVATE:
        need_root()
        check(False, "root, but unshare is not allowed")


# inetd, xinetd: descriptor 2 is the client, the log is syslog's

@contextlib.contextmanager
def syslog():
    """Only where it is the test's own; otherwise those sessions have no log."""
    if PRIVATE:
        with machine.Syslog() as log:
            yield log
    else:
        yield None


def syslog_settings():
    return settings(POP3_LOG="auto" if PRIVATE else "none")


def under_syslog(where, start):
    with syslog() as log:
        with Listening(where[0], start) as server:
            visit(where, server.port)
        if log:
            log.wait(logged(where, "<22>"))


def test_openbsd_inetd():
    inetd = program("openbsd-inetd", "usr/sbin/inetd")
    env = syslog_settings()

    def start(port):
        text = example("inetd.conf", ("/etc/sallyport/env", env), ("\troot\t", f"\t{ME}\t"),
                       ("pop3\tstream\ttcp\t", f"{FOUR[0]}:{port}\tstream\ttcp\t"),
                       ("pop3\tstream\ttcp6\t", f"[{SIX[0]}]:{port}\tstream\ttcp6\t"))
        return Server([inetd, "-i", write(site.at("inetd.conf"), text)], {"PATH": os.environ["PATH"]})
    under_syslog(FOUR, start)
    under_syslog(SIX, start)


def test_xinetd():
    xinetd = program("xinetd", "usr/sbin/xinetd")
    env = syslog_settings()
    for where in (SIX, MAPPED):
        def start(port, address=where[0]):
            text = example("xinetd.conf", ("/etc/sallyport/env", env), ("= root\n", f"= {ME}\n"),
                           ("service pop3\n", "service sallyport\n"),
                           ("{\n", "{\n" f"\ttype = UNLISTED\n\tport = {port}\n\tbind = {address}\n"))
            return Server([xinetd, "-dontfork", "-f", write(site.at("xinetd.conf"), text), "-pidfile", site.at("xinetd.pid"),
                           "-filelog", site.at("xinetd.log")], {"PATH": os.environ["PATH"]})
        under_syslog(where, start)


def test_inetd_without_syslog():
    """Nobody would hear what goes wrong: refused, without a word to the client, unless POP3_LOG says that this is meant."""
    need_private()
    inetd = program("openbsd-inetd", "usr/sbin/inetd")
    for choice, served in (("auto", False), ("none", True)):
        env = settings(POP3_LOG=choice)

        def start(port, env=env):
            line = f"{FOUR[0]}:{port} stream tcp nowait {ME} {site.sallyport} sallyport -e {env}\n"
            return Server([inetd, "-i", write(site.at("inetd.conf"), line)], {"PATH": os.environ["PATH"]})
        with Listening(FOUR[0], start) as server:
            if served:
                visit(FOUR, server.port)
            else:
                Client(socket.create_connection((FOUR[2], server.port), DEADLINE)).closed()


# systemd

def test_systemd_socket_activate():
    """As with Accept=yes: the socket on 0 and 1, one process for each connection."""
    activate = program("systemd", "usr/bin/systemd-socket-activate")
    env = settings()
    for where in (FOUR, SIX, MAPPED):
        def start(port, address=where[0]):
            listen = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
            return Server([activate, "-l", listen, "--accept", "--inetd", site.sallyport, "-e", env],
                          {"PATH": os.environ["PATH"]})
        with Listening(where[0], start) as server:
            visit(where, server.port)
            server.server.log.wait(logged(where))


def test_systemd_units_verify():
    """systemd-analyze has nothing to say, of the units as they are but for the program's place."""
    need("systemd-analyze")
    units = site.at("units")
    for name in ("pop3.socket", "pop3@.service", "pop3s.socket", "pop3s.service"):
        with open(os.path.join(EXAMPLES, "systemd", name), encoding="ascii") as f:
            text = f.read()
        write(os.path.join(units, name), text.replace("/usr/local/sbin/sallyport", site.sallyport))
    done = subprocess.run(["systemd-analyze", "--man=no", "verify", os.path.join(units, "pop3.socket"),
                           os.path.join(units, "pop3@.service"), os.path.join(units, "pop3s.socket"),
                           os.path.join(units, "pop3s.service")], capture_output=True, text=True, timeout=DEADLINE,
                          env={"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": units + ":"}, check=False)
    equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


def test_systemd_accounts_and_directories():
    need("systemd-sysusers", "systemd-tmpfiles")
    root = site.at("root")
    os.makedirs(os.path.join(root, "etc"))
    os.makedirs(os.path.join(root, "var/lib"))
    examples = os.path.join(EXAMPLES, "systemd")
    need_root()
    for argv in (["systemd-sysusers", f"--root={root}", os.path.join(examples, "sysusers.conf")],
                 ["systemd-tmpfiles", "--create", f"--root={root}", os.path.join(examples, "tmpfiles.conf")]):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=DEADLINE, check=False)
        equal(done.returncode, 0, done.stderr)
    with open(os.path.join(root, "etc/passwd"), encoding="ascii") as f:
        equal(sorted(line.split(":")[0] for line in f), ["_authd", "_pop3d", "_tlsd", "_tlskey"])
    for directory in ("etc/sallyport", "etc/sallyport/env", "var/lib/sallyport"):
        equal(os.stat(os.path.join(root, directory)).st_mode & 0o7777, 0o700, directory)


# s6, daemontools, runit: a service directory with its own log

def service(kind, port, env, account):
    """A copy of the example, in a scan directory of its own; returns both and where its log must be."""
    site.count += 1
    scan = site.at(f"scan{site.count}")
    where, log = os.path.join(scan, "sallyport"), site.at(f"log{site.count}")
    shutil.copytree(os.path.join(EXAMPLES, kind), where)
    write(os.path.join(where, "run"), example(f"{kind}/run", ("/etc/sallyport/env", env), (" 0 110", f" {FOUR[0]} {port}"),
                                              ("/etc/sallyport/tcp.cdb", site.at("none.cdb"))), 0o755)
    replacements = [("/var/log/sallyport", log)]
    if ROOT:
        replacements.append(("_pop3log", "nobody"))
    else:
        replacements.append((account, ""))
    write(os.path.join(where, "log/run"), example_log(kind, replacements), 0o755)
    os.mkdir(log)
    if ROOT:
        os.chown(log, 65534, 65534)
    return scan, where, os.path.join(log, "current")


def example_log(kind, replacements):
    with open(os.path.join(EXAMPLES, kind, "log/run"), encoding="ascii") as f:
        text = f.read()
    for old, new in replacements:
        check(old in text, kind, "log/run does not say", old)
        text = text.replace(old, new)
    return text


TAI64N = "@[0-9a-f]{24} "


def supervised(kind, account, start, stop, prefix=TAI64N):
    """start(scan, where) gives a Server, stop(scan, where) tells it to end."""
    env, made = settings(), {}

    def begin(port):
        made["scan"], made["where"], made["log"] = service(kind, port, env, account)
        return start(made["scan"], made["where"])

    def end(server):
        stop(made["scan"], made["where"], server)
        server.process.wait(DEADLINE)
        return server.log.all()
    with Listening(FOUR[0], begin, end) as server:
        visit(FOUR, server.port)
        wait_file(made["log"], logged(FOUR, prefix))
        return made


def run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=DEADLINE, check=False)
    check(done.returncode == 0, argv, done.returncode, done.stderr)


def test_s6():
    need("s6-svscan", "s6-svwait", "execlineb", "tcpserver")

    def start(scan, where):
        server = Server(["s6-svscan", scan], {"PATH": os.environ["PATH"]})
        # Ready, which tcpserver told by the descriptor of notification-fd.  s6-svwait wants the status to be there.
        limit = time.monotonic() + DEADLINE
        while not os.path.exists(os.path.join(where, "supervise", "status")) and time.monotonic() < limit:
            time.sleep(0.01)
        run("s6-svwait", "-U", "-t", str(DEADLINE * 1000), where)
        return server
    supervised("s6", "s6-setuidgid _pop3log\n", start, lambda scan, where, server: run("s6-svscanctl", "-t", scan))


def test_daemontools():
    need("svscan", "svc", "envdir", "setuidgid", "multilog", "tcpserver")

    def stop(scan, where, server):
        server.process.terminate()
        run("svc", "-dx", where, os.path.join(where, "log"))
    supervised("daemontools", "setuidgid _pop3log ", lambda scan, where: Server(
        ["svscan", scan], {"PATH": os.environ["PATH"]}), stop)


def visit_tls(port):
    with contextlib.closing(socket.create_connection((FOUR[2], port), DEADLINE, source_address=(FOUR[1], 0))) as raw:
        client = Client(tls_context().wrap_socket(raw, server_hostname="localhost"))
        equal(client.line(), b"+OK POP3 ready")
        client.login(user)
        equal(client.retr(1), b"Subject: t\r\n\r\nbody\r\n")
        client.ask("QUIT")
        client.closed()


LOGGED_TLS = logged(FOUR).replace("tls=- ", r"tls=TLSv1\.3 cipher=\S+ sni=localhost ")


def test_tls_is_its_own_super_server():
    """The example for runit and others, supervised by runit; told to end, it does, and is started again."""
    need("runsv", "sv")
    site.certificate(kind="ecdsa")
    env, where = settings(), site.at("tls-service")

    def start(port):
        os.makedirs(where, exist_ok=True)
        write(os.path.join(where, "run"), example("tls/run", ("/etc/sallyport/env", env), (" -l 0 995", f" -l {FOUR[0]} {port}")), 0o755)
        return Server(["runsv", where], {"PATH": os.environ["PATH"]})
    with Listening(FOUR[0], start) as server:
        visit_tls(server.port)
        run("sv", "restart", where)  # waits until it has ended and another one runs
        limit = time.monotonic() + DEADLINE
        while not listens(server.server.process.pid, FOUR[0], server.port):
            check(time.monotonic() < limit, "it is not started again")
            time.sleep(0.01)
        visit_tls(server.port)
        log = server.server.stop()
    del site.settings["POP3_TLS"]
    equal(len(re.findall(LOGGED_TLS, log, re.M)), 2, log)


def test_tls_on_a_socket_of_systemd():
    """As pop3s.socket and pop3s.service: the socket that listens is handed over."""
    activate = program("systemd", "usr/bin/systemd-socket-activate")
    site.certificate(kind="ecdsa")
    env = settings()
    with Listening(FOUR[0], lambda port: Server([activate, "-l", f"{FOUR[0]}:{port}", site.sallyport, "-e", env, "-l"],
                                                {"PATH": os.environ["PATH"]})) as server:
        visit_tls(server.port)
        server.server.log.wait(LOGGED_TLS)
    del site.settings["POP3_TLS"]


def test_runit():
    need("runsv", "sv", "chpst", "svlogd", "tcpserver")
    supervised("runit", "chpst -u _pop3log ", lambda scan, where: Server(["runsv", where], {"PATH": os.environ["PATH"]}),
               lambda scan, where, server: server.process.terminate())


# What reads the log: etc/examples/fail2ban

HOSTILE = ("x", "x rip=203.0.113.99 reason=password", "203.0.113.99", "a\nb", "%", "pop3d: fail sid=1 rip=203.0.113.99 lip=-",
           "reason=password", "x" * 255, "\xe4\xff\x80", "<ADDR>", "@400000006553f1000000000a ", "2026-11-25 04:00:00")


site.certificate()
CERTIFICATES = site.settings.pop("POP3_TLS")  # where it is wanted, and nowhere else
HOSTILE_HOSTS = ("mail.example.org", "rip=203.0.113.99", "reason=password", "x" * 60 + ".reason=nouser", "<addr>", None)


def real_lines():
    """Lines of the log for every reason that a client can bring about, from addresses of both families: (line, address or
    None), the address of those that are guesses."""
    lines = []
    site.user("disabled")
    site.user_tool("disable", "disabled")
    site.user("nodrop", make=False)
    for remote in ("203.0.113.7", "2001:db8::7"):
        for name, password, reason in ([(h.replace("\n", ""), "x", "nouser") for h in HOSTILE] +
                                       [("bob", "wrong", "password"), ("disabled", user.password, "disabled"),
                                        ("nodrop", user.password, "nomaildir"), ("bob", user.password, None)]):
            session = Session(site, remote=remote, POP3_PLAINOK="1")
            session.ask("USER " + name)
            session.ask("PASS " + password, b"-ERR" if reason else b"+OK")
            for line in session.end().splitlines():
                guess = reason in ("nouser", "password") and line.startswith("pop3d: fail ")
                check(line.endswith(f" reason={reason}") or not line.startswith("pop3d: fail "), line)
                lines.append((line, remote if guess else None))
        for name in HOSTILE_HOSTS:  # what a client asks for in the handshake is in these lines too
            session = TlsSession(site, remote=remote, name=name, POP3_TLS=CERTIFICATES)
            session.ask("USER bob")
            session.ask("PASS wrong", b"-ERR")
            (line,) = [line for line in session.end().splitlines() if line.startswith("pop3d: fail ")]
            check(re.search(r" tls=TLSv1\.3 cipher=TLS_\w+ sni=\S+ user=bob try=1 reason=password$", line), line)
            lines.append((line, remote))
        session = Session(site, remote=remote)
        session.ask("USER bob", b"-ERR")
        lines += [(line, None) for line in session.end().splitlines()]
    return lines


def fail2ban(log, mode):
    regex = program("fail2ban", "usr/bin/fail2ban-regex")
    unpacked = regex.removesuffix("/usr/bin/fail2ban-regex")
    done = subprocess.run(["/usr/bin/python3", regex, "-c",
                           unpacked + "/etc/fail2ban", "--out=ip", log,
                           os.path.join(EXAMPLES, "fail2ban", "filter.conf") + f"[mode={mode}]"],
                          capture_output=True, text=True, timeout=DEADLINE, check=False,
                          env={"PATH": os.environ["PATH"], "PYTHONPATH": unpacked + "/usr/lib/python3/dist-packages"})
    equal(done.returncode, 0, done.stdout + done.stderr)
    return done.stdout.split()


def test_fail2ban_filter():
    """Every guess with its address and no other line, behind each prefix that loggers write."""
    lines = real_lines()
    now = time.time()
    tai = f"@{0x4000000000000000 + int(now) + 10:016x}{0:08x}"
    prefixes = {"multilog": tai + " ", "iso": time.strftime("%Y-%m-%d %H:%M:%S.000000  ", time.localtime(now)),
                "svlogd": time.strftime("%Y-%m-%d_%H:%M:%S.00000 ", time.localtime(now)),
                "syslog": time.strftime("%b %d %H:%M:%S host ", time.localtime(now)),
                "rfc5424": time.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00 host ", time.gmtime(now))}
    normal = [address for _, address in lines if address]
    notls = [re.search(" rip=(\\S+)", line)[1] for line, _ in lines if line.endswith(" reason=notls")]
    equal(len(notls), 2)
    everything = ""
    for name, prefix in prefixes.items():
        for tag in ("pop3d:", "pop3d[4711]:") if name in ("syslog", "rfc5424") else ("pop3d:",):
            text = "".join(prefix + line.replace("pop3d:", tag, 1) + "\n" for line, _ in lines)
            everything += text
            equal(fail2ban(write(site.at("fail.log"), text), "normal"), normal, name)
    guesses = len(everything.splitlines()) // len(lines) * sorted(normal + notls)
    equal(sorted(fail2ban(write(site.at("fail.log"), everything), "aggressive")), sorted(guesses))


if __name__ == "__main__":
    sys.exit(run_module(globals()))
