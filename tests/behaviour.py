"""behaviour: what a transcript cannot express: two sessions at once, cut connections, files that change under RETR,
pipelining without reading, limits of time and tries, the form of the log.  Every session is the whole chain, real
sallyport and rooms; tests/maildrop.py has the Maildir's side, tests/starting.py the super-server's."""

import ctypes
import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

from harness import (DEADLINE, POP3D_UID, ROOT, Client, Log, Session, Site, User, check, equal, landlock, need_root, run_module,
                     tcp_pair, wire)

site = Site()
BIG = 32 << 20  # more than two kernels keep of a connection, so RETR of it waits for its reader


def big_user():
    user = site.user()
    path = user.put("1.big.host", b"Subject: big\n\n")
    os.truncate(path, BIG)
    return user, path


def reset(session):
    """Close so that the server's kernel is told to forget the connection."""
    session.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    session.sock.close()


# Two sessions, one maildrop.

def test_second_session_is_told_in_use():
    user = site.user()
    user.put("1.a.host")
    first, second = site.login(user), site.session()
    second.ask(f"USER {user.name}")
    second.ask(f"PASS {user.password}", b"-ERR [IN-USE] ")
    second.closed()
    log = second.end()
    check(re.search(rf"^pop3d: fail sid=\S+ rip=127\.0\.0\.1 lip=127\.0\.0\.1 tls=- user={user.name} .*reason=inuse$",
                    log, re.M), log)
    equal(first.ask("STAT"), "+OK 1 20")
    first.quit()
    site.login(user).quit()


def test_lock_is_free_when_quit_is_answered():
    user = site.user()
    for _ in range(20):
        session = site.login(user)
        session.ask("QUIT")
        log = site.login(user).quit()
        ms = int(re.search(r"ms=(\d+)", log)[1])
        check(ms < 1000, "login waited for the lock", ms, "ms")
        session.end()


def test_lock_dies_with_killed_storage():
    user = site.user()
    user.put("1.a.host")
    session = site.login(user)
    session.ask("DELE 1")
    os.kill(session.process.pid, signal.SIGKILL)  # what has become storage
    session.closed()
    session.end()
    again = site.login(user)
    equal(again.ask("STAT"), "+OK 1 20")
    again.quit()


def test_lock_dies_with_killed_pop3d():
    user = site.user()
    user.put("1.a.host")
    session = site.login(user)
    session.ask("DELE 1")
    os.kill(session.children()[0], signal.SIGKILL)
    session.closed()
    check("room=pop3d signal=9" in session.end(), "no alarm in the log")
    equal(site.login(user).ask("STAT"), "+OK 1 20")


# Connections that end early remove nothing.

def test_reset_connection_keeps_mail():
    user = site.user()
    user.put("1.a.host")
    session = site.login(user)
    session.retr(1)
    session.ask("DELE 1")
    reset(session)
    check(" end=noquit " in session.wait())
    equal(user.names(), ["new/1.a.host"])


def test_quit_before_the_message_was_read_keeps_mail():
    user, _ = big_user()
    session = site.login(user, receive=65536)
    session.send(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
    session.line()
    reset(session)
    log = session.wait()
    check("del=0/" in log, log)
    equal(user.names(), ["new/1.big.host"])


def test_quit_removes_only_after_the_replies_arrived():
    """The replies fit the kernel's buffers here: pop3d could write them all and believe that they were read."""
    user = site.user()
    user.put("1.a.host", b"x" * 200000)
    client, server = tcp_pair(4096)
    with server.dup() as same:
        session = Session(site, pair=(client, server)).login(user)
        session.send(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
        session.line()
        limit = time.monotonic() + DEADLINE
        while struct.unpack("i", fcntl.ioctl(same, termios.TIOCOUTQ, bytes(4)))[0] < 190000:
            check(time.monotonic() < limit, "the kernel does not take the replies")
        reset(session)
    log = session.wait()
    check("del=0/1" in log, log)
    equal(user.names(), ["new/1.a.host"])


def test_client_that_sends_all_and_half_closes():
    user = site.user()
    user.put("1.a.host")
    session = site.session()
    session.send(f"USER {user.name}\r\nPASS {user.password}\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n".encode())
    session.sock.shutdown(socket.SHUT_WR)
    equal([session.line() for _ in range(3)], [b"+OK send PASS", b"+OK logged in", b"+OK 20 octets"])
    equal(session.body(), wire(b"Subject: t\n\nbody\n"))
    equal([session.line() for _ in range(2)], [b"+OK marked", b"+OK bye"])
    session.closed()
    session.end()
    equal(user.names(), [])


# Pipelining.

def test_thousands_of_commands_before_a_reply_is_read():
    session = site.login(site.user())
    session.send(b"NOOP\r\n" * 20000 + b"STAT\r\n")
    for _ in range(20000):
        equal(session.line(), b"+OK")
    equal(session.line(), b"+OK 0 0")
    session.quit()


def test_replies_that_fill_every_buffer_lose_nothing():
    user = site.user()
    message = b"Subject: t\n\n" + b".line\n" * 10000
    user.put("1.a.host", message)
    session = site.login(user, receive=65536)
    sender = threading.Thread(target=session.send, args=(b"RETR 1\r\n" * 500 + b"QUIT\r\n",))
    sender.start()
    for _ in range(500):
        equal(session.line(), b"+OK %d octets" % len(wire(message)))
        check(session.body() == wire(message), "another message came")
    equal(session.line(), b"+OK bye")
    sender.join()
    session.closed()
    check("retr=500/" in session.end())


def test_quit_is_answered_although_more_was_sent():
    """Closing with input unread would make the kernel reset the connection and lose the reply on its way."""
    session = site.session()
    session.send(b"QUIT\r\n" + b"x" * 60000)
    equal(session.line(), b"+OK bye")
    session.end()


def test_refusal_is_heard_although_more_was_sent():
    user = site.user()
    first, second = site.login(user), site.session()
    second.send(f"USER {user.name}\r\nPASS {user.password}\r\n".encode() + b"NOOP\r\n" * 10000)
    equal(second.line(), b"+OK send PASS")
    check(second.line().startswith(b"-ERR [IN-USE] "))
    second.end()
    first.quit()


def test_end_marker_is_in_one_write():
    """Thunderbird breaks when the end marker comes apart (Cyrus #4717).  A datagram socket shows each write."""
    user = site.user()
    for n, size in enumerate((0, 1, 65530, 65536, 200000), 1):
        user.put(f"{n}.a.host", b"x" * size)
    client, server = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    session = Session(site, pair=(client, server)).login(user)
    for n, command in [(n, c) for n in range(1, 6) for c in (f"RETR {n}", f"TOP {n} 1")] + [(0, "LIST"), (0, "UIDL")]:
        session.send(command.encode() + b"\r\n")
        last = b""
        while not last.endswith(b".\r\n"):
            last = client.recv(1 << 20)
        check(last.endswith(b"\r\n.\r\n"), command, "ends in a write of", last[-40:])
    session.end()


# A message that changes while it is sent: what RETR announced, or no end marker.

def retr_cut(change):
    user, path = big_user()
    session = site.login(user, receive=65536)
    session.send(b"RETR 1\r\n")
    equal(session.line(), b"+OK %d octets" % (BIG + 4))
    change(path)
    octets = len(session.buffer)
    session.buffer = b""
    try:
        while session.more():
            octets += len(session.buffer)
            check(not session.buffer.endswith(b"\r\n.\r\n"), "a cut message has an end marker")
            session.buffer = b""
    except ConnectionResetError:
        pass
    check(" end=error " in session.end(), session.log.text)
    equal(user.names(), ["new/1.big.host"])


def test_message_shrinks_during_retr():
    retr_cut(lambda path: os.truncate(path, 1000))


def test_message_changes_its_line_ends_during_retr():
    def change(path):
        with open(path, "r+b") as f:
            f.seek(BIG - 10)
            f.write(b"\n" * 10)
    retr_cut(change)


def test_message_grows_during_retr():
    user, path = big_user()
    session = site.login(user, receive=65536)
    session.send(b"RETR 1\r\n")
    equal(session.line(), b"+OK %d octets" % (BIG + 4))
    with open(path, "ab") as f:
        f.write(b"more\n")
    equal(len(session.body()), BIG + 4)
    session.quit()


def test_message_is_removed_during_retr():
    user, path = big_user()
    session = site.login(user, receive=65536)
    session.send(b"RETR 1\r\n")
    session.line()
    os.unlink(path)
    equal(len(session.body()), BIG + 4)
    session.quit()


# Limits.

def pop3d_alone(idle, limit):
    """pop3d itself, without launch, so that its limits can be shorter than sallyport allows."""
    client, server = tcp_pair()
    ours, ctl = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    log, descriptor = Log(), ctl.fileno()

    def prepare():
        os.dup2(descriptor, 3)
        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    ids = {"user": POP3D_UID, "group": POP3D_UID, "extra_groups": []} if ROOT else {}
    argv = [site.at("rooms", "pop3d"), "1.x", "-", "-", "landlock" if landlock() >= 2 else "nolandlock", "1",
            str(idle), str(limit), "3", "60", "-", "clear", "-"]
    process = subprocess.Popen(argv, stdin=server, stdout=server, stderr=log.write, preexec_fn=prepare,
                               close_fds=False, env={}, **ids)
    for s in (server, ctl):
        s.close()
    log.parent()
    return Client(client).greet(), process, log, ours


def test_idle_limit_closes_without_a_word():
    late = True
    while late:  # this process itself was kept waiting for too long to tell anything
        client, process, log, ctl = pop3d_alone(3, 600)
        with ctl:
            start = time.monotonic()
            time.sleep(1)
            client.send(b"CAPA\r\n")
            last = time.monotonic()
            late = last - start > 2
            if late:
                client.sock.close()
                process.wait()
                continue
            client.line()
            client.body()
            client.closed()
            check(time.monotonic() - last > 2.9, "CAPA did not start the time anew")
            equal(process.wait(), 0)
            check(" end=timeout " in log.all(), log.text)


def test_line_without_end_is_no_command():
    """Octets alone keep no session: not before the login, where anybody could send them."""
    client, process, log, ctl = pop3d_alone(3, 600)
    with ctl:
        start = time.monotonic()
        while process.poll() is None:
            check(time.monotonic() - start < DEADLINE, "it listens")
            try:
                client.send(b"x" * 1000)
            except OSError:
                process.wait(DEADLINE)
            time.sleep(0.01)  # there is no end of it, but a little at a time
        equal(process.returncode, 0)
        check(re.search(r" end=timeout .* out=\d\d$", log.all(), re.M), log.text)  # the greeting


def test_session_limit_ends_a_busy_session():
    client, process, log, ctl = pop3d_alone(600, 2)
    with ctl:
        start = time.monotonic()
        try:
            while time.monotonic() - start < DEADLINE:
                client.ask("CAPA")
                client.body()
        except (AssertionError, OSError):
            pass
        check(1.9 < time.monotonic() - start < DEADLINE, "it ended after", time.monotonic() - start)
        equal(process.wait(), 0)
        check(re.search(" end=(timeout|limit) ", log.all()), log.text)


def test_tries_are_counted_over_the_session():
    session = site.session(POP3_TRIES="4")
    for n in range(1, 5):
        session.ask("USER nobody")
        session.ask("PASS x", b"-ERR [AUTH] ")
        check(f"try={n} reason=nouser" in session.log.wait(rf"try={n} .*\n").string)
    session.closed()
    check(" end=limit " in session.end())


def test_no_slot_is_later_and_not_wrong():
    user = site.user()
    with open(site.at("data", "slots"), "r+b") as slots:
        fcntl.lockf(slots, fcntl.LOCK_EX, 1, 0)
        session = site.session(POP3_SLOTS="1")
        session.ask(f"USER {user.name}")
        session.ask(f"PASS {user.password}", b"-ERR [SYS/TEMP] ")
        session.log.wait("reason=authtemp")
    session.login(user).quit()


def test_broken_databases_are_later_and_not_wrong():
    user = site.user()
    for name in ("secrets.cdb", "users.cdb"):
        for content in (None, b"", b"\xff" * 4096):
            os.rename(site.at("data", name), site.at("data", "kept"))
            try:
                if content is not None:
                    with open(site.at("data", name), "wb") as f:
                        f.write(content)
                session = site.session()
                session.ask(f"USER {user.name}")
                session.send(f"PASS {user.password}\r\n".encode())
                line = session.line()
                check(re.match(rb"-ERR \[SYS/(TEMP|PERM)\] ", line), name, "is", content and content[:4], line)
                check("pop3d: login" not in session.end(), session.log.text)
            finally:
                os.rename(site.at("data", "kept"), site.at("data", name))
    site.login(user).quit()


def test_authd_that_says_nothing_lets_nobody_in():
    rooms = site.at("rooms-true")
    shutil.copytree(site.at("rooms"), rooms)
    shutil.copyfile(shutil.which("true"), os.path.join(rooms, "authd"))
    user = site.user()
    session = site.session(POP3_ROOMS=rooms)
    session.ask(f"USER {user.name}")
    session.ask(f"PASS {user.password}", b"-ERR [SYS/TEMP] ")
    session.closed()
    check("pop3d: login" not in session.end())


# The log.

def test_lines_of_a_session_in_their_order():
    user = site.user()
    user.put("1.a.host")
    session = site.session()
    session.ask(f"USER {user.name}")
    session.ask("PASS wrong", b"-ERR [AUTH]")
    session.login(user).retr(1)
    session.ask("TOP 1 0")
    session.body()
    session.ask("DELE 1")
    form = (r"pop3d: fail sid=(\S+) rip=127\.0\.0\.1 lip=127\.0\.0\.1 tls=- user={0} try=1 reason=password\n"
            r"pop3d: login sid=\1 rip=127\.0\.0\.1 lip=127\.0\.0\.1 tls=- user={0} auth=pass maildir=\S+ msgs=1 "
            r"bytes=20 ms=\d+\n"
            r"pop3d: end sid=\1 rip=127\.0\.0\.1 user={0} end=quit secs=\d+ top=1/14 retr=1/20 del=1/1 in=\d+ out=\d+\n")
    log = session.quit()
    check(re.fullmatch(form.format(user.name), log), log)


def test_hostile_names_forge_no_field_and_no_line():
    names = ("x rip=192.0.2.1 reason=none", "x%20y", "x\x80\xff", "reason=password", "a=b", '"', "\\n", "x" * 255, "%" * 255)
    session = site.session(POP3_TRIES="100")
    for n, name in enumerate(names, 1):
        session.ask("USER " + name)
        session.ask("PASS x", b"-ERR [AUTH] ")
        line = session.log.wait(rf"^pop3d: fail .* try={n} .*\n")[0]
        form = rf"pop3d: fail sid=\S+ rip=127\.0\.0\.1 lip=127\.0\.0\.1 tls=- user=([!-~]+) try={n} reason=nouser\n"
        check(got := re.fullmatch(form, line), line)
        want = "".join(c if "!" <= c <= "~" and c != "%" else f"%{ord(c):02X}" for c in name)
        check(got[1] == want or (got[1].endswith("...") and want.startswith(got[1][:-3])), line)
        check(len(line) <= 900)
    session.ask("QUIT")
    check(" rip=192.0.2.1" not in session.end(), session.log.text)


# Who runs as whom.

def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def test_no_root_is_left_after_login():
    need_root()
    user = site.user(which=1)
    session = site.login(user)
    for pid, uid in ((session.process.pid, user.maildir.uid), (session.children()[0], POP3D_UID)):
        now = status(pid)
        equal(now["Uid"].split(), [str(uid)] * 4)
        equal(now["Gid"].split(), [str(uid)] * 4)
        equal(now["Groups"].strip(), "")
        equal((now["NoNewPrivs"], now["Seccomp"]), ("1", "2"))
        equal(int(now["CapPrm"], 16) | int(now["CapEff"], 16) | int(now["CapInh"], 16) | int(now["CapAmb"], 16), 0)
    equal(sorted(os.listdir(f"/proc/{session.children()[0]}/fd")), ["0", "1", "2", "3", "4"])
    equal(os.readlink(f"/proc/{session.children()[0]}/root"), site.at("empty"))
    session.quit()


def test_no_process_stays():
    user = site.user()
    session = site.login(user)
    pids = [session.process.pid, *session.children()]
    session.quit()
    for pid in pids:
        check(not os.path.exists(f"/proc/{pid}"), pid, "is still there")


def test_users_do_not_see_each_other():
    one, two = site.user(which=0), site.user(which=1)
    one.put("1.one.host", b"one\n")
    two.put("1.two.host", b"two\n")
    a, b = site.login(one), site.login(two)
    equal((a.retr(1), b.retr(1)), (b"one\r\n", b"two\r\n"))
    a.quit()
    b.quit()
    thief = site.session()
    thief.login(User(one.name, "not " + one.password, one.maildir), b"-ERR [AUTH]")
    thief.end()


if __name__ == "__main__":
    sys.exit(run_module(globals()))
