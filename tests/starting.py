"""starting: what a super-server may leave to sallyport, and what sallyport must make of it: addresses, descriptors, signals,
limits, an environment, settings, rooms and databases that are not as they should be.  A start that is refused says so
in one line, with the name of what is wrong and the remedy, and not one octet to the client."""

import contextlib
import ctypes
import os
import re
import resource
import shutil
import signal
import socket
import struct
import sys
import threading

import machine
from harness import (DEADLINE, ROOT, Session, Site, check, equal, landlock, need, need_root, need_walls, run_module, tcp_pair)

PRIVATE = machine.private()
site = Site()
user = site.user("bob")
user.put("1.a.host")


def need_private():
    if not PRIVATE:
        need_root()
        check(False, "root, but unshare is not allowed")  # rather than a skip that nobody reads


def serves(prepare=None, **options):
    """A session in which everything works; returns it before QUIT."""
    session = Session(site, prepare=prepare, **options).login(user)
    equal(session.retr(1), b"Subject: t\r\n\r\nbody\r\n")
    return session


def refuses(status, pattern, lines=1, **options):
    """It must end with this status and so many lines of this form, and the client must hear nothing."""
    session = Session(site, greet=False, **options)
    session.closed()
    log = session.end()
    check(re.search(pattern, log), "the log has no", pattern, "but", log)
    equal(log.count("\n"), lines, log)
    equal(session.status, status, log)


# Whose address: what the variables and the sockets say, what must come of it (remote, local), and whether a password in
# the clear is accepted from there.

def addresses(remote, local, plain, environment, pair=None):
    plainly = {k: v for k, v in site.environment().items() if k != "PROTO" and not k.startswith("TCP")}
    session = Session(site, pair=pair, environment=plainly | environment)
    session.ask("USER nobody", b"+OK" if plain else b"-ERR ")
    session.ask("PASS x", b"-ERR [AUTH] " if plain else b"-ERR ")
    session.ask("QUIT")
    log = session.end()
    reason = "try=1 reason=nouser" if plain else "try=0 reason=notls"
    check(f" rip={remote} lip={local} tls=- user=nobody {reason}\n" in log, environment, "gives", log)
    check(re.search(rf"^pop3d: end sid=\S+ rip={re.escape(remote)} ", log, re.M), log)


def variables(protocol, remote, local="192.0.2.1"):
    return {f"{protocol}REMOTEIP": remote, f"{protocol}LOCALIP": local}


def test_address_of_the_protocol_first():
    for protocol in ("TCP", "SSL", "TCP6", "X" * 300):
        env = {"PROTO": protocol} | variables("TCP", "192.0.2.8") | variables("SSL", "192.0.2.9")
        # A server of that protocol is one of TLS.
        addresses("192.0.2.7", "192.0.2.1", protocol == "SSL", env | variables(protocol[:32], "192.0.2.7"))


def test_address_of_tcp_then_of_ssl():
    addresses("192.0.2.7", "192.0.2.1", True, {"PROTO": "SSL"} | variables("TCP", "192.0.2.7"))
    addresses("192.0.2.7", "192.0.2.1", False, {"PROTO": "TCP"} | variables("SSL", "192.0.2.7"))
    addresses("192.0.2.7", "192.0.2.1", False,
              {"PROTO": "UNIX"} | variables("TCP", "192.0.2.7") | variables("SSL", "192.0.2.8"))


def test_address_is_canonical():
    for text, remote, plain in (("::ffff:192.0.2.7", "192.0.2.7", False), ("::FFFF:c000:207", "192.0.2.7", False),
                                ("::ffff:127.0.0.1", "127.0.0.1", True), ("0:0:0:0:0:0:0:1", "::1", True),
                                ("2001:DB8:0:0:0:0:0:7", "2001:db8::7", False), ("127.3.2.1", "127.3.2.1", True)):
        addresses(remote, "192.0.2.1", plain, {"PROTO": "TCP"} | variables("TCP", text))


def test_address_that_is_none():
    """Not known is not loopback, although the socket would say so."""
    for text in ("", "localhost", "127.1", "127.0.0.1 ", "127.0.0.1 rip=127.0.0.1", "127.0.0.1\npop3d: login", "::1%lo",
                 "0x7f.0.0.1", "[::1]", "1" * 5000, "\xff", "::ffff:127.0.0.1.1", "256.0.0.1"):
        addresses("-", "192.0.2.1", False, {"PROTO": "TCP"} | variables("TCP", text))
    addresses("-", "-", False, {"PROTO": "TCP"})


def test_address_of_the_socket_without_a_protocol():
    addresses("127.0.0.1", "127.0.0.1", True,
              variables("TCP", "192.0.2.7") | variables("SSL", "192.0.2.7") | {"REMOTE_ADDR": "192.0.2.7"})


def pair_six(listen, connect):
    with socket.create_server((listen, 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        client = socket.create_connection((connect, listener.getsockname()[1]), DEADLINE)
        return client, listener.accept()[0]


def test_address_of_an_ipv6_socket():
    addresses("::1", "::1", True, {}, pair_six("::", "::1"))
    addresses("127.0.0.1", "127.0.0.1", True, {}, pair_six("::", "127.0.0.1"))
    if PRIVATE:
        addresses("192.0.2.1", "192.0.2.1", False, {}, pair_six("::", "192.0.2.1"))


def test_address_of_systemd_when_there_is_no_socket():
    for text, remote, plain in (("192.0.2.7", "192.0.2.7", False), ("::ffff:127.0.0.1", "127.0.0.1", True), ("x", "-", False)):
        addresses(remote, "-", plain, {"REMOTE_ADDR": text}, socket.socketpair())
    addresses("-", "-", False, {}, socket.socketpair())


def test_names_of_the_client_are_not_logged():
    hostile = "x\npop3d: fail sid=1 rip=127.0.0.1"
    addresses("192.0.2.7", "192.0.2.1", False, {"PROTO": "TCP", "TCPREMOTEHOST": hostile, "TCPREMOTEINFO": hostile,
                                               "TCPLOCALHOST": hostile} | variables("TCP", "192.0.2.7"))


def test_unknown_peer_may_be_allowed_by_name():
    addresses("-", "-", True, {"PROTO": "TCP", "POP3_PLAINOK": "1"})


# Descriptors.

def closing(*descriptors):
    return lambda: [os.close(fd) for fd in descriptors]


def test_closed_descriptor_of_the_client():
    """No other descriptor takes the client's place, and the session ends with the client."""
    for closed in ((0,), (1,), (0, 1)):
        session = Session(site, greet=False, prepare=closing(*closed))
        session.sock.shutdown(socket.SHUT_WR)
        if closed == (0,):
            session.greet()
        session.closed()
        log = session.end()
        check(" end=noquit " in log or " end=error " in log, closed, log)
        equal(session.status, 0, closed)


def test_closed_log_without_syslog():
    """No log: no service, unless that is meant."""
    need_private()
    for closed in ((2,), (1, 2), (0, 1, 2)):
        session = Session(site, greet=False, prepare=closing(*closed))
        session.closed()
        equal(session.end(), "")
        equal(session.status, 111, closed)
    equal(serves(closing(2), POP3_LOG="none").quit(), "")


def to_client():
    os.dup2(0, 2)


def test_log_that_is_the_client_without_syslog():
    need_private()
    for choice in ("auto", "stderr", "syslog"):
        session = Session(site, greet=False, prepare=to_client, POP3_LOG=choice)
        session.closed()
        session.end()
        equal(session.status, 111)
    serves(to_client, POP3_LOG="none").quit()
    # An error of the settings is not for the client either.
    session = Session(site, greet=False, prepare=to_client, POP3_TRIES="0")
    session.closed()
    session.end()
    equal(session.status, 100)


SYSLOG_LINE = r"<22>pop3d: (?:login|end) sid=\S+ rip=127\.0\.0\.1 .*\n"


def test_log_that_is_the_client_goes_to_syslog():
    need_private()
    other, _ = tcp_pair()
    prepares = {"closed": closing(2), "client": to_client, "network": lambda: os.dup2(other.fileno(), 2)}
    for what, prepare in prepares.items():
        for choice in ("auto", "stderr", "syslog"):
            with machine.Syslog() as syslog:
                equal(serves(prepare, POP3_LOG=choice).quit(), "")
                syslog.wait(" end=quit ")
                check(re.fullmatch(f"(?:{SYSLOG_LINE}){{2}}", syslog.text), what, choice, syslog.text)
    with machine.Syslog() as syslog:
        equal(serves(to_client, POP3_LOG="none").quit(), "")
        session = Session(site, greet=False, prepare=to_client, POP3_TRIES="0")
        session.closed()
        session.end()
        check(re.fullmatch(r"<22>sallyport: \S+ POP3_TRIES=0: .*\n", syslog.wait(r".*\n").string), syslog.text)
    with machine.Syslog() as syslog, contextlib.closing(other):
        equal(serves(POP3_LOG="syslog").quit(), "")
        syslog.wait(" end=quit ")


def test_syslog_that_is_not_there():
    need_private()
    refuses(111, r"sallyport: \S+ POP3_LOG=syslog: .*/dev/log", POP3_LOG="syslog")


def test_log_that_cannot_be_written():
    """A full disk behind the log, or a reader that has gone, is no reason to keep mail from its owner."""
    reader, writer = os.pipe()
    os.close(reader)
    serves(lambda: os.dup2(writer, 2)).quit()
    os.close(writer)
    full = os.open("/dev/full", os.O_WRONLY)
    serves(lambda: os.dup2(full, 2)).quit()
    os.close(full)


def rooms_of(session):
    return {"storage": session.process.pid, "pop3d": session.children()[0]}


def test_left_open_descriptors():
    """The directory of the databases, both ends of a pipe, sockets, hundreds of others: no room has one of them."""
    def prepare():
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
        reader, writer = os.pipe()
        for fd in (reader, writer, os.open(site.at("data"), os.O_RDONLY), os.open("/etc/passwd", os.O_RDONLY)):
            for n in (*range(10, 300), 1023, 4095):
                os.dup2(fd, n + 1 if n < 4095 else n)
            os.set_inheritable(fd, True)
    session = serves(prepare)
    if ROOT:  # of an undumpable process only root sees them
        for room, pid in rooms_of(session).items():
            for fd in os.listdir(f"/proc/{pid}/fd"):
                what = os.readlink(f"/proc/{pid}/fd/{fd}")
                check(what.startswith(("socket:", "pipe:", "/dev/null", "/memfd:", user.maildir.path)), room, fd, what)
                check(not what.startswith("pipe:") or fd == "2", room, "has a pipe on", fd)
    session.quit()


# Signals.

def test_signals_ignored_and_blocked():
    def prepare():
        for n in range(1, 32):
            if n not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(n, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))
    session = serves(prepare)
    for room, pid in rooms_of(session).items():
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        equal(int(status["SigBlk"], 16), 0, room)
        ignored = int(status["SigIgn"], 16)
        for n in (signal.SIGCHLD, signal.SIGALRM, signal.SIGTERM, signal.SIGSYS):
            check(not ignored >> n - 1 & 1, room, "ignores", n)
        for n in (signal.SIGPIPE, signal.SIGXFSZ):
            check(ignored >> n - 1 & 1, room, "dies of", n)
    session.quit()


# Limits.

def limiting(what, soft, hard):
    return lambda: resource.setrlimit(what, (soft, hard))


def test_soft_limits_are_raised():
    need_walls("a bound on memory and files")
    for what, soft in ((resource.RLIMIT_NOFILE, 3), (resource.RLIMIT_NOFILE, 9), (resource.RLIMIT_AS, 8 << 20),
                       (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_DATA, 1 << 20)):
        serves(limiting(what, soft, resource.getrlimit(what)[1])).quit()


def test_soft_limit_on_processes():
    """It counts all processes of a uid: with one session at work, the next must start all the same."""
    other = site.session()
    serves(limiting(resource.RLIMIT_NPROC, 0, resource.getrlimit(resource.RLIMIT_NPROC)[1])).quit()
    other.end()


def test_limits_of_the_usual_run_script():
    """softlimit -m 64000000 -o 64 -f 0 -c 0, as in many a run script of daemontools."""
    need_walls("a bound on memory and files")
    need("softlimit")
    Session(site, prefix=("softlimit", "-m", "64000000", "-o", "64", "-f", "0", "-c", "0")).login(user).quit()


def test_limits_that_do_not_matter():
    for what in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_RTPRIO):
        serves(limiting(what, 0, 0)).quit()


def test_hard_limits_that_are_too_low():
    """Served, or refused with a word in the log; never a hang, nor a system call that a table forbids.  With too little
    memory the kernel ends a room by a signal, or glibc with 127, before it has begun."""
    need_walls("a bound on memory and files")
    outcomes = []
    for what, name, values in ((resource.RLIMIT_NOFILE, "files", (*range(0, 20), 64)),
                               (resource.RLIMIT_AS, "memory", (256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20)),
                               (resource.RLIMIT_DATA, "data", (64 << 10, 1 << 20)),
                               (resource.RLIMIT_STACK, "stack", (64 << 10, 256 << 10)),
                               (resource.RLIMIT_FSIZE, "file size", (0, 1000))):
        for value in values:
            session = Session(site, greet=False, prepare=limiting(what, value, value))
            try:
                session.greet().login(user)
                equal(session.retr(1), b"Subject: t\r\n\r\nbody\r\n")
                session.ask("QUIT")
                outcome = "served"
            except (AssertionError, OSError):
                outcome = "refused"
            log = session.end()
            check("signal=31" not in log, name, value, log)
            if name in ("memory", "data") and session.status in (-signal.SIGSEGV, -signal.SIGKILL):
                equal(log, "")  # nor has sallyport begun
            elif outcome == "refused" and not re.search(" alarm | reason=authtemp", log):
                check(session.status in (100, 102, 111, 127), name, value, "ended with", session.status, log)
                check(log, name, value, "was refused without a word")
            outcomes.append((name, value, outcome))
    check(("files", 64, "served") in outcomes and ("files", 0, "refused") in outcomes, outcomes)
    check(("file size", 0, "refused") in outcomes and ("memory", 256 << 10, "refused") in outcomes, outcomes)


# The environment.

def test_huge_environment():
    many = {f"X{n}": "y" * 1000 for n in range(1000)} | {"LD_PRELOAD": "/nonexistent", "Y" * 60000: "z" * 60000}
    environment = site.environment() | many
    session = serves(environment=environment)
    if ROOT:
        for room, pid in rooms_of(session).items():
            with open(f"/proc/{pid}/environ", "rb") as f:
                equal(f.read(), b"", room)
    session.quit()


def test_environment_with_odd_entries():
    """No name, no value, the same name twice: execve takes them, so they can come."""
    libc = ctypes.CDLL(None)
    entries = [b"", b"=", b"=x", b"POP3", b"NOVALUE", *(f"{k}={v}".encode() for k, v in site.environment().items()),
               b"TCPREMOTEIP=192.0.2.9"]
    def prepare():
        arguments = (ctypes.c_char_p * 2)(site.sallyport.encode(), None)
        libc.execve(site.sallyport.encode(), arguments, (ctypes.c_char_p * (len(entries) + 1))(*entries, None))
    log = serves(prepare).quit()
    check("rip=127.0.0.1 " in log, log)


# Settings.

def test_unknown_setting():
    for name in ("POP3_PLAIN_OK", "POP3_plainok", "POP3_", "POP3_" + "X" * 3000):
        refuses(100, r"sallyport: \S+ POP3_\w*: there is no such setting: correct or unset the variable", **{name: "1"})


def test_malformed_values():
    numbers = {"POP3_UIDMIN": (1, 4294967293), "POP3_PLAINOK": (0, 1), "POP3_IDLE": (600, 86400),
               "POP3_SESSION": (600, 604800), "POP3_TRIES": (1, 100), "POP3_SLOTS": (1, 1024), "POP3_KEEPNEW": (0, 1),
               "POP3_TRUSTSIZES": (0, 1),               "POP3_NOLANDLOCK": (0, 1), "POP3_ROOTLESS": (0, 1)}
    for name, (least, most) in numbers.items():
        for value in {str(least - 1), str(most + 1), "", "-1", "+1", "1x", "0x1", "yes", "9" * 400, "18446744073709551617"}:
            refuses(100, rf"sallyport: \S+ {name}={re.escape(value)[:300]}.*: must be a number from {least} to {most}\n",
                    **{name: value})
        refuses(100, rf"sallyport: \S+ {name}: the value holds a blank or an unprintable character: remove it\n",
                **{name: "1\r"})
    for name in ("POP3_ROOMS", "POP3_EMPTY", "POP3_DATA", "POP3_MAILBASE"):
        for value in ("relative", "./x", ""):
            refuses(100, rf"sallyport: \S+ {name}={re.escape(value)}: must be an absolute path\n", **{name: value})
        for value in ("/a b", "/a\n", "/\xe4"):
            refuses(100, rf"{name}: the value holds a blank or an unprintable character: remove it\n", **{name: value})
        refuses(100, rf"{name}: must have 1 to 511 characters\n", **{name: "/" * 512})
    for value in ("", "a_b", "a<b", "x" * 256, "[SYS/PERM]"):
        refuses(100, r"POP3_HOST(?:=.*)?: must (?:be a host name of letters|have 1 to 511 characters)", POP3_HOST=value)
    for value in ("", "Auto", "stdout", "x" * 600):
        refuses(100, r"POP3_LOG(?:=.*)?: must (?:be auto, stderr, syslog or none|have 1 to 511 characters)\n", POP3_LOG=value)


def test_error_of_a_setting_is_one_line_and_bounded():
    session = Session(site, greet=False, POP3_HOST="\n" * 100 + "x" * 100000)
    session.closed()
    log = session.end()
    check(log.count("\n") == 1 and len(log) <= 900, log[:2000])


def test_bad_accounts():
    need_root()
    for name in ("POP3_POP3D", "POP3_AUTHD"):
        for value in ("root", "0:0", "0:1", "1:0"):
            refuses(100, rf"{name}: the account has uid or gid 0: .*name another", **{name: value})
        for value in ("nobody-of-this-name", "1:", ":1", "1", "1:2:3", "4294967295:1", "1:99999999999"):
            refuses(100, rf"{name}: there is no account {value}: make it .*or set {name} to another", **{name: value})
    refuses(100, "POP3_POP3D and POP3_AUTHD have the same uid 61999: give each room its own",
            POP3_POP3D="61999:1", POP3_AUTHD="61999:2")


def settings_file(name, content):
    directory = site.at(f"settings{site.count}")
    site.count += 1
    os.mkdir(directory)
    with open(os.path.join(directory, name), "wb") as f:
        f.write(content)
    return directory


def test_settings_directory():
    for content in (b"2", b"2\n", b"2 \t \n", b"2\nnot read\n", b"2\0not read"):
        session = Session(site, arguments=("-e", settings_file("POP3_TRIES", content)), POP3_TRIES="100")
        for _ in range(2):
            session.ask("USER nobody")
            session.ask("PASS x", b"-ERR [AUTH] ")
        session.closed()
        session.end()
    for name in (".hidden", ".POP3_TRIES"):
        serves(arguments=("-e", settings_file(name, b"x"))).quit()
    serves(arguments=("-e", settings_file("POP3_TRIES", b"")), POP3_TRIES="5").quit()
    os.mkfifo(os.path.join(empty := settings_file(".x", b""), "POP3_TRIES"))
    serves(arguments=("-e", empty)).quit()


def test_settings_directory_refused():
    for name, content, pattern in (
            ("POP3_TRIS", b"2\n", "/POP3_TRIS: there is no such setting: rename or remove the file"),
            ("readme", b"", "/readme: there is no such setting: rename or remove the file"),
            ("POP3_TRIES", b"2\r\n", "/POP3_TRIES: the value holds a blank or an unprintable character: remove it"),
            ("POP3_TRIES", b" 2\n", "/POP3_TRIES: the value holds a blank or an unprintable character: remove it"),
            ("POP3_TRIES", b"\n2\n", "/POP3_TRIES=: must be a number from 1 to 100"),
            ("POP3_TRIES", b"0\n", "/POP3_TRIES=0: must be a number from 1 to 100"),
            ("POP3_ROOMS", b"/" * 511, "/POP3_ROOMS: must have 1 to 510 characters"),
            ("POP3_ROOMS", b"/" * 5000, "/POP3_ROOMS: must have 1 to 510 characters")):
        refuses(100, pattern, arguments=("-e", settings_file(name, content)))
    refuses(111, "cannot open the settings directory /nonexistent: No such file", arguments=("-e", "/nonexistent"))
    refuses(111, "cannot open the settings directory .*: Not a directory", arguments=("-e", "/dev/null"))
    directory = settings_file(".x", b"")
    os.mkdir(os.path.join(directory, "POP3_TRIES"))
    refuses(111, "cannot read .*/POP3_TRIES: Is a directory", arguments=("-e", directory))
    directory = settings_file(".x", b"")
    os.symlink("/nonexistent", os.path.join(directory, "POP3_TRIES"))
    refuses(111, "cannot open .*/POP3_TRIES: No such file", arguments=("-e", directory))


def test_arguments():
    for arguments in (("x",), ("-e",), ("-e", "x", "y"), ("-x", "y"), ("",), ("--help",)):
        refuses(100, r"usage: sallyport \[-s\] \[-e DIR\] ", arguments=arguments)
    # Whoever speaks TLS with us is no program that we could be a checkpassword program for, nor is his password one's.
    for arguments in (("-s", "-c", "/bin/true"), ("-s", "host", "/bin/true", "sallyport-maildrop", "Maildir"),
                      ("-s", "-e", "/", "-c", "/bin/true")):
        refuses(100, r"usage: sallyport \[-s\] \[-e DIR\] ", arguments=arguments, POP3_TLS=None)


# The room executables, the empty root, the directories.

@contextlib.contextmanager
def replaced(path):
    """A file of the site, out of its place for a while."""
    os.rename(path, path + ".kept")
    try:
        yield path + ".kept"
    finally:
        if os.path.lexists(path):
            (shutil.rmtree if os.path.isdir(path) and not os.path.islink(path) else os.unlink)(path)
        os.rename(path + ".kept", path)


def test_rooms_that_cannot_be_trusted():
    for room in ("pop3d", "authd", "storage"):
        path = site.at("rooms", room)
        with replaced(path) as kept:
            refuses(111, f"cannot open the room {room}: is sallyport installed, or POP3_ROOMS right\\?: No such file")
            refused = f"the room {room} is not a file that only its owner, root, can write: install it again"
            os.symlink(kept, path)
            refuses(100, refused)
            os.unlink(path)
            os.mkfifo(path)
            refuses(100, refused)
            os.unlink(path)
            os.mkdir(path)
            refuses(100, refused)
            os.rmdir(path)
            for mode in (0o775, 0o757, 0o777):
                shutil.copyfile(kept, path)
                os.chmod(path, mode)
                refuses(100, refused)
            if ROOT:
                os.chmod(path, 0o755)
                os.chown(path, 61999, 0)
                refuses(100, refused)
    refuses(111, "cannot open the directory /nonexistent: No such file", POP3_ROOMS="/nonexistent")


def test_rooms_that_cannot_be_executed():
    for room, status in (("pop3d", 0), ("authd", 102), ("storage", 111)):
        path = site.at("rooms", room)
        for content, mode in ((None, 0o644), (b"not a program", 0o755), (b"", 0o755)):
            with replaced(path) as kept:
                shutil.copyfile(kept, path)
                if content is not None:
                    with open(path, "wb") as f:
                        f.write(content)
                os.chmod(path, mode)
                session = Session(site, greet=False)
                if room != "pop3d":
                    session.greet()
                    session.ask("USER bob")
                    session.ask(f"PASS {user.password}", b"-ERR ")
                session.closed()
                log = session.end()
                check(re.search(f"cannot execute the room {room}: ", log), log)
                check("pop3d: login" not in log, log)
                equal(session.status, status, room)


def test_empty_root_that_is_not_safe():
    need_root()
    refused = "must be a directory that only root can write \\(POP3_EMPTY\\)"
    path = site.at("odd-empty")
    os.mkdir(path)
    for mode in (0o775, 0o757, 0o1777):
        os.chmod(path, mode)
        refuses(100, refused, POP3_EMPTY=path)
    os.chmod(path, 0o555)
    serves(POP3_EMPTY=path).quit()
    os.chown(path, 61999, 0)
    refuses(100, refused, POP3_EMPTY=path)
    refuses(111, "cannot open the directory /nonexistent", POP3_EMPTY="/nonexistent")
    refuses(111, "cannot open the directory /dev/null", POP3_EMPTY="/dev/null")


def test_directories_that_are_not_there():
    refuses(111, "cannot open the directory /nonexistent", POP3_DATA="/nonexistent")
    refuses(111, "cannot open the directory /nonexistent", POP3_MAILBASE="/nonexistent")
    with replaced(site.at("data", "slots")):
        refuses(111, "cannot open .*/data/slots: run sallyport-user compile")


# Who starts it.

def test_root_where_rootless_is_asked_for():
    need_root()
    refuses(100, "POP3_ROOTLESS=1, but this is root: unset it, or start sallyport as the mail user", POP3_ROOTLESS="1")


def test_rootless_where_it_is_not_asked_for():
    refused = "this is not root: start sallyport as root, or set POP3_ROOTLESS=1 to serve one mail user"
    if ROOT:
        os.chmod(site.at("data"), 0o755)
        refuses(100, refused, prepare=lambda: os.setuid(65534))
        os.chmod(site.at("data"), 0o700)
    else:
        refuses(100, refused, POP3_ROOTLESS=None, POP3_POP3D="61101:61101", POP3_AUTHD="61102:61102")


# The databases.

def test_user_that_only_one_database_knows():
    """users.cdb is of another time than secrets.cdb: the name is verified, but means nothing."""
    shutil.copyfile(site.at("data", "users.cdb"), site.at("users.before"))
    late = site.user("late")
    with replaced(site.at("data", "users.cdb")):
        shutil.copyfile(site.at("users.before"), site.at("data", "users.cdb"))
        session = site.session()
        session.login(late, b"-ERR [SYS/PERM] ")
        session.closed()
        log = session.end()
        check("reason=permission\n" in log and "not in users.cdb: run sallyport-user compile\n" in log, log)
    site.login(late).quit()


def test_databases_replaced_while_users_log_in():
    """By rename, as sallyport-user does it: every login finds a whole pair."""
    stop = threading.Event()

    def replace():
        while not stop.is_set():
            for name in ("users.cdb", "secrets.cdb"):
                shutil.copy(site.at("data", name), site.at("data", "new"))
                os.rename(site.at("data", "new"), site.at("data", name))
    thread = threading.Thread(target=replace)
    thread.start()
    try:
        for _ in range(20):
            site.login(user).quit()
    finally:
        stop.set()
        thread.join()


# Kernels that lack something.

def lacking(*calls):
    """As if the kernel had none of these system calls: a filter that answers ENOSYS."""
    arch = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[os.uname().machine]
    rows = [(0x20, 0, 0, 4), (0x15, 1, 0, arch), (0x06, 0, 0, 0x7FFF0000), (0x20, 0, 0, 0)]
    for call in calls:
        rows += [(0x15, 0, 1, call), (0x06, 0, 0, 0x00050000 | 38)]
    rows.append((0x06, 0, 0, 0x7FFF0000))
    code = b"".join(struct.pack("HBBI", *row) for row in rows)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(rows), ctypes.addressof(buffer))

    def prepare():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0):
            os._exit(99)
    prepare.keep = buffer
    return prepare


LANDLOCK = 444, 445, 446
SECCOMP = {"x86_64": 317, "aarch64": 277}[os.uname().machine]


def test_kernel_without_landlock():
    need_walls()
    refuses(100, r"this kernel has no Landlock 2 \(Linux 5.19\): start a newer kernel, or set POP3_NOLANDLOCK=1",
            prepare=lacking(*LANDLOCK), POP3_NOLANDLOCK=None)
    serves(lacking(*LANDLOCK), POP3_NOLANDLOCK="1").quit()


def test_kernel_without_seccomp():
    need_walls()
    for nolandlock in ("0", "1") if landlock() >= 2 else ("1",):
        refuses(111, "cannot enter seccomp: this kernel must have CONFIG_SECCOMP_FILTER", prepare=lacking(SECCOMP),
                POP3_NOLANDLOCK=nolandlock)


if __name__ == "__main__":
    sys.exit(run_module(globals()))
