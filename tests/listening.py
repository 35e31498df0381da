"""listening: what sallyport -l has and -s has not: it listens, has one tlsd and one tlskey for all connections, looks at
the certificates before each, survives what happens to them, and ends.  What both forms have in common, the modules tls,
external, hello, proxy, tlsclients, conformance, walls and faults try with both."""

import contextlib
import ctypes
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

from harness import (BUILD, DEADLINE, TLSD_UID, TLSKEY_UID, Client, Server, Session, Site, check, children, command, equal, listening,
                     need, need_root, outside, residents, run_module, served_by, tls_context)
from tls import TLS13, KeyHolder, finger, memory, message, secrets

site = Site()
CHAIN, KEY = site.certificate(kind="ecdsa")
bob = site.user("bob")
bob.put("1700000001.a.host")


class Behind(Client):
    """A client of such a server, behind TLS."""

    def __init__(self, server, greet=True, **options):
        raw = socket.create_connection(options.pop("address", ("127.0.0.1", server.port)), DEADLINE)
        self.server = server
        super().__init__(tls_context(**options).wrap_socket(raw, server_hostname="localhost"))
        if greet:
            self.greet()

    def note(self):
        return "and logged: " + self.server.log.text

    def quit(self):
        self.ask("QUIT")
        self.closed()
        self.sock.close()


def until(what, test, *arguments):
    """Wait for that, which comes of itself."""
    limit = time.monotonic() + DEADLINE
    while not (got := test(*arguments)):
        check(time.monotonic() < limit, what)
        time.sleep(0.005)
    return got


def gone(*pids):
    return not [p for p in pids if command(p)]


def ready(server):
    """The pids of the two that wait, when there are two."""
    return until("they do not wait", lambda: len(r := residents(server.process.pid)) == 2 and r)


def engines(server):
    """The tlsd of each connection."""
    return [c for p in children(server.process.pid) if command(p)[:2] == ["tlsd", "-"] for c in children(p)]


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def descriptors(pid):
    return sorted(int(n) for n in os.listdir(f"/proc/{pid}/fd"))


# The super-server.

def test_as_many_sessions_as_it_may_have():
    with listening(site, POP3_CONNECTIONS="2") as server:
        first, second = Behind(server), Behind(server)
        third = socket.create_connection(("127.0.0.1", server.port), DEADLINE)
        context, into, out = tls_context(), ssl.MemoryBIO(), ssl.MemoryBIO()
        with contextlib.suppress(ssl.SSLWantReadError):
            context.wrap_bio(into, out).do_handshake()
        third.sendall(out.read())
        for _ in range(200):  # a server without a limit would have answered it meanwhile
            second.asks("CAPA")
        equal(select.select([third], [], [], 0)[0], [], "the third is answered")
        first.quit()
        check(third.recv(1) == b"\x16", "the third is not served when there is room")
        third.close()
        second.quit()


def test_a_session_lasts_as_long_as_its_tlsd():
    """Or whoever does not read what is said to him last would have a tlsd that nobody counts, and then another one."""
    need_root()
    libc = ctypes.CDLL(None, use_errno=True)
    with listening(site, POP3_CONNECTIONS="1") as server:
        for logged_in in (False, True):
            client = Behind(server)
            if logged_in:
                client.login(bob)
            engine, = engines(server)
            os.kill(engine, signal.SIGSTOP)
            pidfd = os.pidfd_open(engine)
            fd = libc.syscall(438, pidfd, 4, 0)  # pidfd_getfd: its way to pop3d
            check(fd >= 0, os.strerror(ctypes.get_errno()))
            os.write(fd, b"QUIT\r\n")
            os.close(fd)
            os.close(pidfd)
            server.log.wait(" user=bob end=quit " if logged_in else " user=- end=quit ")
            own = [p for p in children(server.process.pid) if command(p)[:1] in (["sallyport"], ["storage"])]
            equal(len(own), 1, "sessions")
            pop3d, = children(own[0])
            until("pop3d keeps more than its way to tlsd", lambda p=pop3d: {1, 3}.isdisjoint(descriptors(p)))
            site.login(bob).quit()  # the maildrop is free
            os.kill(engine, signal.SIGCONT)
            until("they do not end", gone, engine, pop3d, own[0])
            client.sock.close()


def test_sigterm():
    """It ends at once, and nobody is accepted any more; sessions go on."""
    for number in (signal.SIGTERM, signal.SIGINT):
        server = listening(site)
        client = Behind(server).login(bob)
        waiting = ready(server)
        server.process.send_signal(number)
        equal(server.process.wait(DEADLINE), 0)
        try:
            Behind(server)
            check(False, "somebody still listens")
        except ConnectionRefusedError:
            pass
        client.retr(1)
        client.quit()
        log = server.log.all()  # to its end: so everybody has gone
        check(gone(*waiting.values()) and " end=quit " in log and "alarm" not in log, log)


def test_addresses():
    """Its own socket; and who connects, from the socket alone, whatever a super-server has said of somebody else."""
    environment = site.environment() | {"PROTO": "TCP", "TCPREMOTEIP": "192.0.2.9", "REMOTE_ADDR": "192.0.2.9", "LISTEN_FDS": "1",
                                        "LISTEN_PID": "1"}
    for address, connect, rip in (("127.0.0.1", "127.0.0.1", "127.0.0.1"), ("::1", "::1", "::1"), ("0", "127.0.0.1", "127.0.0.1"),
                                  ("0", "::1", "::1")):
        with socket.socket(socket.AF_INET6 if ":" in connect else socket.AF_INET) as s:
            s.bind((connect, 0))
            port = s.getsockname()[1]
        with Server([site.sallyport, "-l", address, str(port)], environment) as server:
            client = until("nobody listens", connected, server, (connect, port))
            client.login(bob).quit()
            server.log.wait(rf"pop3d: login sid=\S+ rip={rip} lip={rip} ")


def connected(server, address):
    check(server.process.poll() is None, server.log.text)
    try:
        return Behind(server, address=address)
    except ConnectionRefusedError:
        return None


def test_a_socket_of_systemd():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # As systemd does it: the pid is the program's own.
        start = 'exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
        server = Server(["/bin/sh", "-c", start, "sh", site.sallyport, "-l"], outside(site.environment()), stdin=listener)
        server.port = listener.getsockname()[1]
    with server:
        Behind(server).login(bob).quit()


def test_settings_of_a_directory():
    directory = site.settings_directory("env")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server([site.sallyport, "-e", directory, "-l"], {}, stdin=listener)
        server.port = listener.getsockname()[1]
    with server:
        Behind(server).login(bob).quit()
        with open(os.path.join(directory, "POP3_HOST"), "w", encoding="ascii") as f:
            f.write("pop.example.org\n")
        client = Behind(server, greet=False)  # each session reads them anew
        equal(client.line(), b"+OK pop.example.org POP3 ready")
        client.quit()


def refuses(words, *arguments, status=100, environment=None, prefix=(), **options):
    done = subprocess.run([*prefix, site.sallyport, *arguments], env=environment or outside(site.environment()), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=DEADLINE, check=False, **options)
    check(done.returncode == status and re.fullmatch(rf"sallyport: \S+: {words}.*\n", done.stderr), arguments, done)


def test_an_ipv6_address_without_ipv6():
    """It is not that of IPv4 which its last octets are."""
    need("strace")
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    refuses("cannot listen on 2001:db8::7f00:1 port ", "-l", "2001:db8::7f00:1", str(port), status=111,
            prefix=("strace", "-qq", "-o", "/dev/null", "-e", "trace=socket", "-e", "inject=socket:error=EAFNOSUPPORT:when=1"))


def test_what_is_refused():
    refuses("usage: ", "-l", "127.0.0.1")
    refuses("usage: ", "-l", "127.0.0.1", "995", "x")
    refuses("usage: ", "-s", "-l")
    refuses("-l localhost: must be an address", "-l", "localhost", "995")
    for port in ("0", "65536", "pop3s", "-1"):
        refuses(f"-l ::1 {port}: must be a port", "-l", "::1", port)
    refuses("cannot listen on 192.0.2.1 port 995: ", "-l", "192.0.2.1", "995", status=111)
    refuses("-l without an address: descriptor 0", "-l")
    refuses("-l needs certificates", "-l", environment=outside(site.environment(POP3_TLS=None)))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refuses("cannot listen on 127.0.0.1 port ", "-l", "127.0.0.1", str(taken.getsockname()[1]), status=111)
        # Somebody else's variables are not ours.
        refuses("-l without an address", "-l", preexec_fn=lambda: os.dup2(taken.fileno(), 3), close_fds=False,
                environment=outside(site.environment()) | {"LISTEN_FDS": "1", "LISTEN_PID": "1"})
    refuses("usage: ", "-S", "-t", "/bin/true")
    refuses("-S is for what sallyport -l starts", "-S")
    refuses("-S is for what sallyport -l starts", "-S", preexec_fn=lambda: [os.dup2(0, n) for n in (3, 4)], close_fds=False)


@contextlib.contextmanager
def failing(pid, call, error):
    """This process's next such call fails."""
    need("strace")
    with subprocess.Popen(["strace", "-p", str(pid), "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when=1"],
                          stderr=subprocess.PIPE, text=True) as tracer:
        check("attached" in tracer.stderr.readline(), "strace cannot attach")
        yield
        tracer.terminate()


def lost(server):
    """A connection that is closed before TLS has begun."""
    try:
        Behind(server)
    except (OSError, ssl.SSLError):
        return
    check(False, "it was served")


def test_a_system_without_room():
    """No descriptor: the connection waits in the kernel, and is served.  No process: it is closed, with a line that says so."""
    need_root()
    with listening(site) as server:
        waiting = ready(server)
        with failing(server.process.pid, "accept4", "EMFILE"):
            Behind(server).quit()
        server.log.wait("^sallyport: -: cannot accept a connection: ")
        with failing(server.process.pid, "vfork", "EAGAIN"):
            lost(server)
        server.log.wait("^sallyport: -: cannot start a session: ")
        Behind(server).quit()
        equal(ready(server), waiting)
    # Of tlsd's uid: who waits, and one more.  Other tests that run now, this one of the other build too, have other uids.
    uid = 10_000_000 + 3 * os.getpid()
    alone = {f"POP3_{room}": f"{uid + n}:{uid + n}" for n, room in enumerate(("TLSD", "TLSKEY", "POP3D"))}
    with listening(site, prefix=("prlimit", "--nproc=2:2"), **alone) as server:
        first = Behind(server)
        lost(server)
        server.log.wait(r"^tlsd: -: \d+\.[0-9a-f]+: cannot fork: ")
        first.quit()
        until("it is never served again", connected_anew, server)


# Certificates.

def renewed(kind="ecdsa"):
    where = Site()
    where.certificate(kind=kind)
    where.user()
    return where


def shown(client):
    return client.sock.getpeercert(True)


def test_certificates_that_change():
    """Written anew, renamed into place, behind a link; who is connected stays so, by the older tlsd, until he goes."""
    where = renewed()
    chain = where.at("tls", "fullchain-ecdsa.pem")
    with listening(where) as server:
        older = Behind(server)
        first = ready(server)
        equal(shown(older), finger(chain))
        where.certificate(kind="ecdsa")
        newer = Behind(server)
        equal(shown(newer), finger(chain))
        second = until("there are no others", lambda: (r := ready(server)) != first and r)
        check(set(first.values()).isdisjoint(second.values()), "they are the same processes")
        until("the older tlskey stays", gone, first["tlskey"])
        check(not gone(first["tlsd"]), "whoever was connected has lost his tlsd")
        older.quit()
        until("the older tlsd stays", gone, first["tlsd"])
        newer.quit()
        for step in ("rename", "link", "name"):
            where.certificate(kind="ecdsa") if step != "name" else where.certificate("mail.example.org", "ecdsa", "mail.example.org")
            if step == "link":
                os.rename(where.at("tls"), where.at("archive"))
                os.symlink("archive", where.at("tls"))
            elif step == "rename":
                for name in ("fullchain-ecdsa.pem", "privkey-ecdsa.pem"):
                    shutil.copy(where.at("tls", name), where.at("new"))
                    os.rename(where.at("new"), where.at("tls", name))
            with Behind(server).sock as s:
                equal(s.getpeercert(True), finger(chain), step)
        before = ready(server)
        Behind(server).quit()
        equal(ready(server), before, "nothing has changed")


def test_certificates_that_cannot_be_used():
    """The older ones are served, and one line says why; whatever is repaired is seen at once."""
    where = renewed()
    chain, key = (where.at("tls", f"{n}-ecdsa.pem") for n in ("fullchain", "privkey"))
    good = finger(chain)
    with listening(where) as server:
        Behind(server).quit()
        for words, spoil in (("the certificate for default cannot be read", lambda: write(chain, "no certificate\n")),
                             ("the private key cannot be read", lambda: write(key, "no key\n")),
                             ("everybody can read or write this private key", lambda: os.chmod(key, 0o644)),
                             ("fullchain-ecdsa.pem is there, but no privkey-ecdsa.pem", lambda: os.unlink(key)),
                             ("no fullchain.pem in it", lambda: [os.unlink(key), os.unlink(chain)])):
            kept = {path: open(path, encoding="ascii").read() for path in (chain, key)}
            began = len(server.log.text)
            spoil()
            for _ in range(3):
                client = Behind(server)
                equal(shown(client), good, words)
                client.quit()
            said = server.log.text[began:]
            equal((said.count(words), said.count("the older ones are served")), (1, 1), said)
            for path, text in kept.items():
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
                write(path, text)
            Behind(server).quit()
        where.certificate(kind="ecdsa")
        client = Behind(server)
        equal(shown(client), finger(chain))
        client.quit()


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, 0o600)


def test_authorities_that_cannot_be_used():
    """At the start nothing is served; later, the older ones."""
    where = renewed()
    authorities = where.at("authorities.pem")
    shutil.copyfile(where.at("tls", "fullchain-ecdsa.pem"), authorities)
    settings = {"POP3_TLSCLIENT": authorities, "POP3_SASL": "plain,external"}
    with listening(where, **settings) as server:
        Behind(server).quit()
        write(authorities, "none\n")
        for _ in range(3):
            Behind(server).quit()
        equal(server.log.text.count("authorities of clients' certificates cannot be read"), 1, server.log.text)
    server = listening(where, **settings)
    equal(server.process.wait(DEADLINE), 100)
    check("authorities of clients' certificates cannot be read" in server.log.all(), server.log.text)


# Processes.

def layout(pid):
    """Where its executable and its stack lie."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as f:
        lines = f.read().splitlines()
    return lines[0].split()[0], [x.split()[0].split("-")[1] for x in lines if x.endswith("[stack]")]


def test_who_dies_by_a_signal_takes_his_layout_with_him():
    """fork gives each connection the layout of the one before.  So one crash of tlsd, by which one could learn something
    about it, ends that: the next connection has another, by another process; those that are there go on."""
    need_root()
    with listening(site) as server:
        client, other = Behind(server), Behind(server).login(bob)
        first = ready(server)
        victim, bystander = sorted(engines(server))
        equal(layout(victim), layout(first["tlsd"]), "the layout is not the parent's: then nothing is to be feared")
        os.kill(victim, signal.SIGSEGV)
        server.log.wait(r"^pop3d: alarm sid=\d+\.[0-9a-f]+ rip=127\.0\.0\.1 room=tlsd signal=11$")
        client.sock.close()
        third = Behind(server)
        second = until("there is no other", lambda: (r := ready(server))["tlsd"] != first["tlsd"] and r)
        check(layout(second["tlsd"]) != layout(first["tlsd"]), "the layout is the same")
        check(second["tlskey"] != first["tlskey"], "a tlskey that the dead knew stays")
        other.retr(1)
        check(not gone(bystander), "who was there has been ended")
        other.quit()
        until("the older tlsd stays", gone, *first.values())
        third.quit()
        equal(server.log.text.count(" alarm "), 1, server.log.text)


def test_who_waits_is_killed():
    need_root()
    with listening(site) as server:
        for name in ("tlsd", "tlskey"):
            client = Behind(server)
            first = ready(server)
            os.kill(first[name], signal.SIGKILL)
            server.log.wait(rf"^pop3d: alarm sid=- rip=- room={name} signal=9$")
            until("they are not replaced", lambda: connected_anew(server))
            check(set(ready(server).values()).isdisjoint(first.values()))
            client.ask("CAPA")
            client.body()
            client.quit()


def connected_anew(server):
    """A connection that comes while they are being replaced may be lost, and says so."""
    try:
        Behind(server).quit()
        return True
    except (OSError, AssertionError):
        return False


def test_who_holds_what():
    """A connection's tlsd has one connection and nothing of the others'; those who wait have none."""
    need_root()
    with listening(site) as server:
        clients = [Behind(server).login(bob)] + [Behind(server) for _ in range(3)]
        waiting = ready(server)
        found = engines(server)
        equal(len(found), 4)
        sockets = set()
        for pid in found:
            equal(descriptors(pid), list(range(8)))
            sockets.add(os.readlink(f"/proc/{pid}/fd/0"))
            now, parent = status(pid), status(waiting["tlsd"])
            equal((now["Seccomp"], now["NoNewPrivs"], now["Uid"], now["Groups"].strip()), ("2", "1", parent["Uid"], ""))
            equal(int(now["Seccomp_filters"]), int(parent["Seccomp_filters"]) + 1, "filters")
            with open(f"/proc/{pid}/limits", encoding="ascii") as f:
                equal(re.search(r"Max processes +(\d+) +(\d+)", f.read()).groups(), ("0", "0"))
        equal(len(sockets), 4, "clients")
        equal(descriptors(waiting["tlsd"]), list(range(9)))
        until("tlskey keeps channels", lambda: descriptors(waiting["tlskey"]) == list(range(4)))
        for pid in waiting.values():
            check(not [p for p in os.listdir(f"/proc/{pid}/fd") if os.readlink(f"/proc/{pid}/fd/{p}") in sockets], "it has a client")
        check(sockets.isdisjoint(os.readlink(f"/proc/{server.process.pid}/fd/{n}") for n in descriptors(server.process.pid)),
              "sallyport -l keeps a client")
        for client in clients:
            client.quit()


def test_who_is_never_ready_is_ended_by_the_kernel():
    where = renewed()
    shutil.copyfile(shutil.which("yes"), where.at("rooms", "tlskey"))  # says much, to nobody, and for ever
    where.sallyport = os.path.join(BUILD, "walls/loose/sallyport")  # with shorter deadlines
    server = listening(where, HURRY="600")
    equal(server.process.wait(DEADLINE), 111)
    equal(server.log.all(), "sallyport: -: tlskey was not ready in time\n")


def test_nobody_of_its_uid_can_read_who_waits():
    need_root()

    def reads(pid, uid):
        return subprocess.run(["head", "-c0", f"/proc/{pid}/mem"], stderr=subprocess.DEVNULL, check=False, user=uid, group=uid,
                              extra_groups=[]).returncode == 0
    with listening(site) as server:
        client = Behind(server)
        waiting = ready(server)
        for pid, uid in ((waiting["tlsd"], TLSD_UID), (engines(server)[0], TLSD_UID), (waiting["tlskey"], TLSKEY_UID)):
            check(not reads(pid, uid), "it can be read")
            with subprocess.Popen(["sleep", str(DEADLINE)], user=uid, group=uid, extra_groups=[]) as other:
                until("it cannot be seen that others can", lambda: command(other.pid)[:1] == ["sleep"] and reads(other.pid, uid))
                other.kill()
        client.quit()


def test_where_the_key_is():
    need_root()
    with listening(site) as server:
        client = Behind(server)
        waiting = ready(server)
        certificate = finger(CHAIN)[200:300]
        for pid in (waiting["tlsd"], *engines(server)):
            text = memory(pid)
            check(certificate in text, "the certificate is not found: the search is blind")
            check(not [n for n in secrets(KEY) if n in text], "tlsd holds the private key")
        text = memory(waiting["tlskey"])
        check([n for n in secrets(KEY)[:-1] if n in text], "tlskey does not hold it: the search is blind")
        check(secrets(KEY)[-1] not in text, "tlskey keeps the file's text")
        client.quit()


def server_hello(server):
    """Its random number and its share of the key exchange."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = tls_context().wrap_bio(into, out, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    with socket.create_connection(("127.0.0.1", server.port), DEADLINE) as s:
        s.sendall(out.read())
        got = b""
        while len(got) < 5 + 4 + 2 + 32 or len(got) < 5 + int.from_bytes(got[3:5], "big"):
            block = s.recv(65536)
            check(block, "it was closed")
            got += block
    return got[11:43], got[-32:] if len(got) == 5 + int.from_bytes(got[3:5], "big") else got[5 + int.from_bytes(got[3:5], "big") - 32:][:32]


def test_random_numbers_of_forked_processes():
    with listening(site) as server:
        hellos = [server_hello(server) for _ in range(20)]
        equal([len({h[n] for h in hellos}) for n in (0, 1)], [20, 20], "two connections have the same")


# tlskey, with us in the place of sallyport and of every tlsd.

class ResidentKeyHolder(KeyHolder):
    sid = "-"

    def channel(self, seconds=DEADLINE, sid="1.x"):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(DEADLINE)
        texts = b"".join(len(t).to_bytes(2, "big") + t.encode() for t in (sid, "192.0.2.1", "-"))
        socket.send_fds(self.sock, [seconds.to_bytes(4, "big") + texts], [theirs.fileno()])
        theirs.close()
        return ours


def heard(channel):
    """Its answer; nothing when it was closed."""
    try:
        return channel.recv(8192)
    except ConnectionResetError:
        return b""


GOOD = message(0, 0x0403, TLS13 + b"h" * 32)


def test_key_holder_signs_once_for_each_channel():
    holder = ResidentKeyHolder(KEY)
    channels = [holder.channel() for _ in range(300)]
    for c in channels[::-1]:
        c.send(GOOD)
        with contextlib.suppress(BrokenPipeError):
            c.send(GOOD)
    for c in channels:
        try:
            answer = c.recv(8192)
        except ConnectionResetError:  # told first where it left our other message unread
            answer = c.recv(8192)
        equal(answer[:1], b"\x0e")
        equal(heard(c), b"", "after the one signature")
    channel = holder.channel()
    holder.sock.shutdown(socket.SHUT_WR)  # no others will come, but who is there is served
    channel.send(GOOD)
    check(heard(channel)[:1] == b"\x0e")
    equal(holder.end(), (0, ""))


def test_key_holder_closes_whoever_says_something_else():
    holder = ResidentKeyHolder(KEY)
    bystander = holder.channel(sid="2.b")
    for n, bad in enumerate((message(0, 0x0403, b"h" * 32), message(0, 0x0403, TLS13.replace(b"server", b"client") + b"h" * 32), b"\0",
                             message(1, 0x0403, TLS13 + b"h" * 32), GOOD[:-1], GOOD + b"x", b"x" * 20000,
                             message(0, 0x0201, TLS13 + b"h" * 32))):
        channel = holder.channel(sid=f"1.{n}")
        channel.send(bad)
        equal(heard(channel), b"", n)
        holder.log.wait(rf"^tlskey: 1\.{n}: what is to be signed is no handshake of TLS 1\.2 or 1\.3$")
    channel = holder.channel(sid="1.k")
    channel.send(message(0, 0x0804, TLS13 + b"h" * 32))
    equal(heard(channel), b"", "a wrong kind")
    holder.log.wait(r"^tlskey: 1\.k: the private key is not of the kind that its certificate names$")
    for n in range(2):  # what a descriptor is for, nobody says
        channel = holder.channel(sid="1.f")
        socket.send_fds(channel, [GOOD], [2])
        equal(heard(channel), b"", "with a descriptor")
    bystander.send(GOOD)
    check(heard(bystander)[:1] == b"\x0e", "somebody else's mistake")
    equal(holder.end()[0], 0)


def test_key_holder_gives_each_channel_its_time():
    holder = ResidentKeyHolder(KEY)
    late, other = holder.channel(seconds=1), holder.channel()
    equal(heard(late), b"", "after its deadline")
    other.send(GOOD)
    check(heard(other)[:1] == b"\x0e")
    equal(holder.end(), (0, ""))


def test_key_holder_without_a_key():
    with open(site.at("none.pem"), "w", encoding="ascii") as f:
        f.write("none\n")
    holder = ResidentKeyHolder(KEY, site.at("none.pem"))
    equal(holder.process.wait(DEADLINE), 100)
    check("the private key cannot be read" in holder.end()[1])


if __name__ == "__main__":
    sys.exit(run_module(globals()))
