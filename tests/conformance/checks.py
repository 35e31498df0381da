"""checks: what a POP3 server must do, one function for each thing; the order of this file gives the numbers.
Levels: M and S as the RFC has it (MUST, SHOULD), D a defect that was found in a server, C what a client does."""

import base64
import hashlib
import hmac
import json
import os
import poplib
import re
import select
import socket
import ssl
import time

from wire import Client, NotAnnounced, NotTested, fail_unless, show, unstuffed, wire

CHECKS = []
REFUSED = {}  # of the checks that are one command: that command
ONE, TWO, THREE = (b"Subject: %s\n\nbody of %s\n" % (n, n) for n in (b"one", b"two", b"three"))
LONG = b"Subject: long\n\n" + b"".join(b"%07d %s\n" % (n, b"x" * 60) for n in range(16000))  # more than a megabyte
REGISTERED = {"TOP", "USER", "SASL", "RESP-CODES", "LOGIN-DELAY", "PIPELINING", "EXPIRE", "UIDL", "IMPLEMENTATION", "STLS",
              "AUTH-RESP-CODE", "UTF8", "LANG"}


def check(name, level, where, title):
    def add(function):
        CHECKS.append((name, level, where, title, function))
        return function
    return add


def refuses(name, level, where, title, command, logged_in=True, fill=(ONE, TWO)):
    """A check that is one command which must be refused, in a session that goes on."""
    def run(t):
        if fill:
            t.fill(*fill)
        c = t.login() if logged_in else t.connect()
        c.refused(command)
        c.quit()
        if logged_in:
            c = t.login()
            count = c.ask("STAT").split(b" ")[1]
            fail_unless(count == b"%d" % len(fill), "after", command, "and QUIT the maildrop has", count, "messages")
            c.quit()
    check(name, level, where, title)(run)
    REFUSED[name] = command


# Greeting and the form of replies.

@check("greeting", "M", "RFC 1939 section 4", "the server speaks first: one line, +OK")
def greeting(t):
    c = t.connect(plain=t.tls != "tls")
    c.silent()
    c.quit()


@check("greeting-512", "M", "RFC 2449 section 4", "the greeting has at most 512 octets")
def greeting_512(t):
    line = t.connect().greeting
    fail_unless(len(line) + 2 <= 512, "it has", len(line) + 2, "octets")


@check("greeting-apop", "D", "RFC 1939 section 7; defect 18; MailKit",
       "a timestamp is in the greeting only if APOP is a command, and APOP refused leaves the session open")
def greeting_apop(t):
    c = t.connect()
    if (stamp := re.search(rb"<[^<>@]+@[^<>]*>", c.greeting)) is None:
        c.refused("APOP nobody 0123456789abcdef0123456789abcdef")
        c.quit()
        return
    c.refused(b"APOP nobody " + b"0" * 32)
    c.quit()
    c = t.connect()
    stamp = re.search(rb"<[^<>@]+@[^<>]*>", c.greeting)
    digest = hashlib.md5(stamp[0] + t.password.encode("latin-1")).hexdigest()
    c.ask(f"APOP {t.user} {digest}", b"")  # whether this user has a shared secret is not ours to know
    fail_unless(not re.search(rb"(?i)unknown|unimpl|invalid command|not supp", c.said[-1][1]),
                "the greeting has", stamp[0], "and APOP is answered", c.said[-1][1])


@check("apop-fresh", "M", "RFC 1939 section 7", "each greeting has another timestamp")
def apop_fresh(t):
    stamps = [re.search(rb"<[^<>@]+@[^<>]*>", t.connect().greeting) for _ in range(4)]
    if None in stamps:
        raise NotAnnounced("APOP")
    fail_unless(len({s[0] for s in stamps}) == 4, "the same timestamp came twice:", stamps[0][0])


@check("apop-login", "M", "RFC 1939 section 7", "APOP with the right digest logs in, with a wrong one or in capitals it does not")
def apop_login(t):
    c = t.connect()
    stamp = re.search(rb"<[^<>@]+@[^<>]*>", c.greeting)
    if stamp is None:
        raise NotAnnounced("APOP")
    digest = hashlib.md5(stamp[0] + t.password.encode("latin-1")).hexdigest()
    c.send(f"APOP {t.user} {digest}\r\n".encode())
    if not c.status().startswith(b"+OK"):
        raise NotTested("this user has no secret for APOP")
    c.ask("STAT")
    c.quit()
    c = t.connect()
    c.refused(f"APOP {t.user} {digest}")  # of another session
    c.close()


@check("keyword-case", "M", "RFC 1939 section 3", "keywords are case-insensitive")
def keyword_case(t):
    c = t.connect()
    c.ask(f"uSeR {t.user}")
    c.ask(f"pass {t.password}")
    c.ask("nOoP")
    c.ask("stat")
    c.ask("quit")
    c.closed()


refuses("unknown-before", "M", "RFC 1939 section 3", "an unknown command before the login is refused, the session goes on",
        "XYZZY", False, ())
refuses("unknown-after", "M", "RFC 1939 section 3", "an unknown command after the login is refused, the session goes on", "XYZZY")
refuses("prefix-of-verb", "M", "RFC 1939 section 3", "no abbreviation and no longer word is taken for a command", "RETRX 1")
refuses("empty-line", "M", "RFC 1939 section 3", "an empty line is refused, the session goes on", "", False, ())
for verb in ("STAT", "LIST", "RETR 1", "DELE 1", "TOP 1 0", "UIDL", "RSET", "NOOP"):
    refuses("before-login-" + verb.split(" ")[0].lower(), "M", "RFC 1939 sections 3 and 5",
            f"{verb} before the login is refused", verb, False, ())
refuses("after-login-user", "M", "RFC 1939 sections 3 and 4", "USER after the login is refused", "USER somebody")
refuses("after-login-pass", "M", "RFC 1939 sections 3 and 4", "PASS after the login is refused", "PASS something")
refuses("no-argument-retr", "M", "RFC 1939 section 5", "RETR without a number is refused", "RETR")
refuses("no-argument-dele", "M", "RFC 1939 section 5", "DELE without a number is refused", "DELE")
refuses("no-argument-top", "M", "RFC 1939 section 7", "TOP without its second number is refused", "TOP 1")
refuses("top-negative", "M", "RFC 1939 section 7", "TOP with a negative number of lines is refused", "TOP 1 -1")
refuses("zero-retr", "M", "RFC 1939 section 4", "RETR 0 is refused: numbers begin with 1", "RETR 0")
refuses("zero-list", "D", "RFC 1939 section 4; defect 10", "LIST 0 is refused", "LIST 0")
refuses("zero-dele", "M", "RFC 1939 section 4", "DELE 0 is refused and removes nothing", "DELE 0")
refuses("beyond-retr", "M", "RFC 1939 section 5", "RETR of a number beyond the last is refused", "RETR 3")
refuses("beyond-dele", "M", "RFC 1939 section 5", "DELE of a number beyond the last is refused and removes nothing", "DELE 3")
refuses("beyond-uidl", "M", "RFC 1939 section 7", "UIDL of a number beyond the last is refused", "UIDL 3")
refuses("negative", "M", "RFC 1939 section 4", "DELE -1 is refused and removes nothing", "DELE -1")
refuses("wrap-32", "D", "RFC 1939 section 4; defect 6", "2^32 + 2 is not message 2", "LIST 4294967298")
refuses("wrap-64", "D", "RFC 1939 section 4; defect 6", "2^64 + 2 is not message 2", "DELE 18446744073709551618")
refuses("junk-after-number", "D", "RFC 1939 section 4; defect 6", "2x is not message 2", "LIST 2x")
refuses("word-for-number", "M", "RFC 1939 section 4", "DELE of a word is refused and removes nothing", "DELE one")


@check("no-echo", "D", "defect 19", "replies to errors repeat nothing that the client sent, so nothing can be injected")
def no_echo(t):
    for command in (b"XYZZY7Q", b"\x1b[31mXYZZY7Q", b"STLS XYZZY7Q"):
        c = t.connect()
        line = c.ask(command, b"")
        fail_unless(b"XYZZY7Q" not in line.upper() and b"\x1b" not in line, "C:", command, "S:", line)
        c.close()


@check("bare-lf", "C", "scripts and telnet", "a command may end in LF alone")
def bare_lf(t):
    c = t.login()
    c.send(b"STAT\n")
    fail_unless(c.status().startswith(b"+OK"), c.conversation())
    c.quit()


@check("command-255", "M", "RFC 2449 section 4", "a command of 255 octets gets one reply, like any other")
def command_255(t):
    c = t.connect()
    c.ask(b"USER " + b"u" * 248, b"")
    c.ask("QUIT")
    c.closed()


@check("long-line", "S", "RFC 2449 section 4", "a line of 10,000 octets gets one -ERR, and the next command its own reply")
def long_line(t):
    c = t.connect()
    c.refused(b"USER " + b"u" * 9993)
    c.quit()


@check("endless-line", "M", "RFC 2449 section 4", "a line without an end hurts nobody but who sent it")
def endless_line(t):
    c = t.connect()
    try:
        c.sock.settimeout(5)
        for _ in range(64):
            c.sock.sendall(b"x" * 65536)
    except OSError:
        pass  # closing is right too
    other = t.login()
    other.ask("NOOP")
    other.quit()
    c.close()


@check("long-line-not-obeyed", "M", "RFC 2449 section 4", "what stands at the end of a line that is too long is no command")
def long_line_not_obeyed(t):
    for length in (256, 512, 1024, 2048, 4096, 8192):
        c = t.connect()
        c.send(b"X" * length + b"QUIT\r\n")
        line = c.status()
        fail_unless(line.startswith(b"-ERR"), f"{length} times X and QUIT were answered", line)
        c.close()


@check("nul-in-command", "M", "RFC 1939 section 3; defect 14", "a command with a NUL inside is refused as a whole")
def nul_in_command(t):
    t.fill(ONE, TWO)
    c = t.login()
    c.refused(b"DELE 1\0 2")
    c.quit()
    c = t.login()
    fail_unless(c.ask("STAT").split(b" ")[1] == b"2", "DELE 1\\0 2 was obeyed")
    c.quit()


@check("in-pieces", "M", "RFC 1939 section 3", "a command may come octet by octet")
def in_pieces(t):
    c = t.login()
    for octet in b"NOOP\r\nSTAT\r\n":
        c.send(bytes([octet]))
        time.sleep(0.01)  # so that they do not travel together
    fail_unless(c.status().startswith(b"+OK"), c.conversation())
    fail_unless(re.match(rb"\+OK \d+ \d+", c.status()), c.conversation())
    c.quit()


@check("quit-before-login", "M", "RFC 1939 section 4", "QUIT before the login: +OK, then the connection is closed")
def quit_before_login(t):
    t.connect().quit()


@check("quit-after-errors", "C", "Ruby net/pop", "QUIT gets its +OK after errors too")
def quit_after_errors(t):
    c = t.connect()
    c.ask(f"USER {t.user}")
    c.refused("PASS wrong")
    c.refused("STAT")
    c.quit()


@check("nothing-after-quit", "M", "RFC 1939 section 6", "nothing that follows QUIT is obeyed")
def nothing_after_quit(t):
    t.fill(ONE, TWO)
    c = t.login()
    c.send(b"QUIT\r\nDELE 1\r\nQUIT\r\n")
    fail_unless(c.status().startswith(b"+OK"), c.conversation())
    c.closed()
    c = t.login()
    fail_unless(c.ask("STAT").split(b" ")[1] == b"2", c.conversation())
    c.quit()


@check("half-command", "M", "RFC 1939 section 6", "a QUIT that the end of the connection cut is no QUIT")
def half_command(t):
    t.fill(ONE, TWO)
    c = t.login()
    c.ask("DELE 1")
    c.send(b"QUIT")
    c.sock.close()
    c = t.login()
    fail_unless(c.ask("STAT").split(b" ")[1] == b"2", "the message was removed:", c.conversation())
    c.quit()


# Who may come in.

@check("login", "M", "RFC 1939 section 7", "USER and PASS log in")
def login(t):
    c = t.login()
    c.ask("STAT")
    c.quit()


@check("login-spaces", "M", "RFC 1939 section 7; defect 10", "spaces belong to the password")
def login_spaces(t):
    if " " not in t.password:
        raise NotTested("needs a password with a space")
    t.login().quit()
    for wrong in (t.password.split(" ")[0], t.password.replace(" ", "")):
        c = t.connect()
        c.ask(f"USER {t.user}")
        c.refused(f"PASS {wrong}")
        c.close()


@check("login-wrong", "M", "RFC 1939 section 7", "a wrong password is refused, and no command works after it")
def login_wrong(t):
    for wrong in (t.password + "x", t.password[:-1], t.password.swapcase(), "*", "x"):
        c = t.connect()
        c.ask(f"USER {t.user}")
        c.refused(f"PASS {wrong}")
        c.close()
    c = t.connect()
    c.ask(f"USER {t.user}")
    c.refused("PASS wrong")
    c.send(b"STAT\r\n")
    try:
        line = c.status()
    except Exception:  # closed: also an answer
        return
    fail_unless(line.startswith(b"-ERR"), c.conversation())


@check("login-empty", "M", "RFC 1939 section 7", "an empty password is refused")
def login_empty(t):
    c = t.connect()
    c.ask(f"USER {t.user}")
    c.send(b"PASS \r\n")
    fail_unless(c.status().startswith(b"-ERR"), c.conversation())


@check("login-again", "M", "RFC 1939 section 4", "after a failed PASS, USER and PASS may be tried again, if the session stays")
def login_again(t):
    c = t.connect()
    c.ask(f"USER {t.user}")
    c.refused("PASS wrong")
    try:
        c.ask(f"USER {t.user}")
    except Exception as e:
        raise NotTested("the server closes after a failed login") from e
    c.ask(f"PASS {t.password}")
    c.quit()


@check("pass-first", "M", "RFC 1939 section 7", "PASS before USER is refused")
def pass_first(t):
    c = t.connect()
    c.refused(f"PASS {t.password}")


@check("pass-not-twice", "M", "RFC 1939 section 7", "after a failed PASS another PASS without USER is refused")
def pass_not_twice(t):
    c = t.connect()
    c.ask(f"USER {t.user}")
    c.refused("PASS wrong")
    c.send(f"PASS {t.password}\r\n".encode("latin-1"))
    try:
        line = c.status()
    except Exception:
        return
    fail_unless(line.startswith(b"-ERR"), c.conversation())


@check("pass-after-user", "M", "RFC 1939 section 7", "PASS is good only immediately after USER")
def pass_after_user(t):
    c = t.connect()
    c.ask(f"USER {t.user}")
    c.refused("XYZZY")
    c.refused(f"PASS {t.password}")


@check("last-user", "M", "RFC 1939 section 7", "of two USER the last one counts, unless the second is refused")
def last_user(t):
    c = t.connect()
    c.ask("USER nobody-of-this-name")
    if c.ask(f"USER {t.user}", b"").startswith(b"+OK"):
        c.ask(f"PASS {t.password}")
        c.quit()
    c = t.connect()
    c.ask(f"USER {t.user}")
    if c.ask("USER nobody-of-this-name", b"").startswith(b"+OK"):
        c.refused(f"PASS {t.password}")


refuses("user-without-name", "M", "RFC 1939 section 7", "USER without a name is refused", "USER", False, ())


@check("no-enumeration", "S", "RFC 1939 section 7", "replies do not tell which names exist")
def no_enumeration(t):
    said = []
    for name in (t.user, "nobodysuch"):
        c = t.connect()
        user = c.ask(f"USER {name}", b"")
        c.send(b"PASS wrong-password\r\n")
        try:
            said.append((user.replace(name.encode(), b"NAME"), c.status().replace(name.encode(), b"NAME")))
        except Exception as e:
            raise NotTested("the server closes without a reply") from e
        c.close()
    fail_unless(said[0] == said[1], "a known name hears", said[0][0], "and", said[0][1], "; an unknown one", said[1][0], "and",
                said[1][1])


@check("hostile-names", "M", "RFC 1939 section 7", "names made to be run, printed or opened are just unknown names")
def hostile_names(t):
    for name in ("%s%n%n%s", "../../../../etc/passwd", "$(reboot)", "`id`", "' OR 1=1 --", "root\\", "x" * 240, "\xff\xfe"):
        c = t.connect()
        if c.ask(f"USER {name}", b"").startswith(b"+OK"):
            c.refused("PASS wrong")
        c.close()
    t.login().quit()


@check("auth-code", "M", "RFC 3206 section 6", "AUTH-RESP-CODE is announced, so a wrong password or name is told by [AUTH]")
def auth_code(t):
    t.need("AUTH-RESP-CODE")
    for name in (t.user, "nobodysuch"):
        c = t.connect()
        c.ask(f"USER {name}")
        line = c.refused("PASS wrong")
        fail_unless(b"[AUTH]" in line, "USER", name, "and a wrong PASS are answered", line)
        c.close()


@check("auth-code-not-on-user", "M", "RFC 3206 section 6", "USER is never answered with [AUTH]")
def auth_code_not_on_user(t):
    line = t.connect().ask("USER nobodysuch", b"")
    fail_unless(b"[AUTH]" not in line, line)


@check("one-session", "M", "RFC 1939 section 4; defect 9",
       "nothing that another session does changes a message before this session ends")
def one_session(t):
    t.fill(ONE, TWO)
    first = t.login()
    one, two = t.numbers(first, ONE, TWO)
    second = t.connect()
    second.ask(f"USER {t.user}")
    second.send(f"PASS {t.password}\r\n".encode("latin-1"))
    if second.status().startswith(b"+OK"):
        other = t.numbers(second, ONE)[0]
        second.ask(f"DELE {other}")
        second.quit()
    got = first.retr(one)
    fail_unless(t.same(got, ONE), f"RETR {one} gives", got)
    fail_unless(t.same(first.retr(two), TWO), first.conversation())
    first.quit()


@check("in-use-code", "M", "RFC 2449 section 8.1.1", "RESP-CODES is announced, so a locked maildrop is told by [IN-USE]")
def in_use_code(t):
    t.need("RESP-CODES")
    t.fill(ONE)
    first, second = t.login(), t.connect()
    second.ask(f"USER {t.user}")
    second.send(f"PASS {t.password}\r\n".encode("latin-1"))
    line = second.status()
    if line.startswith(b"+OK"):
        raise NotTested("two sessions are allowed at once")
    fail_unless(b"[IN-USE]" in line, line)
    first.quit()


@check("lock-free-after-quit", "M", "RFC 1939 section 6", "when QUIT is answered, the next login finds no lock")
def lock_free_after_quit(t):
    for _ in range(5):
        c = t.connect()
        c.ask(f"USER {t.user}")
        c.ask(f"PASS {t.password}")
        c.ask("QUIT")


@check("lock-free-after-cut", "M", "RFC 1939 section 3", "a connection that was cut leaves no lock behind")
def lock_free_after_cut(t):
    c = t.login()
    c.reset()
    t.login().quit()


# What it says that it can do.

@check("capa-before", "S", "RFC 2449 section 5", "CAPA works before the login")
def capa_before(t):
    c = t.connect()
    fail_unless(c.lines("CAPA"), "an empty list")
    c.quit()


@check("capa-after", "M", "RFC 2449 section 5", "CAPA works after the login, if it does before")
def capa_after(t):
    c = t.connect()
    if not c.ask("CAPA", b"").startswith(b"+OK"):
        raise NotAnnounced("CAPA")
    c.close()
    c = t.login()
    c.lines("CAPA")
    c.quit()


@check("capa-both", "D", "RFC 2449 section 5, 5034 section 3; defect 7", "what is announced before the login is announced after it")
def capa_both(t):
    c = t.login()
    before, after = t.announced_before, t.capabilities(c)
    c.quit()
    if not before:
        raise NotAnnounced("CAPA")
    lost = sorted(set(before) - set(after) - {"STLS", "IMPLEMENTATION"})
    fail_unless(not lost, "not any more after the login:", " ".join(lost))


@check("capa-early", "D", "RFC 2449 section 6; defect 7; Jakarta Mail, Thunderbird", "TOP and UIDL work and are announced before the login")
def capa_early(t):
    t.fill(ONE)
    c = t.login()
    works = [v for v, command in (("TOP", "TOP 1 0"), ("UIDL", "UIDL")) if c.ask(command, b"").startswith(b"+OK") and c.multi_raw()]
    c.quit()
    lost = [v for v in works if v not in t.announced_before]
    fail_unless(works and not lost, "works, but is not announced before the login:", " ".join(lost or ["neither of them works"]))


@check("capa-user", "M", "RFC 2449 section 6.2", "USER is announced if USER and PASS are allowed")
def capa_user(t):
    if not t.announced_before:
        raise NotAnnounced("CAPA")
    t.login().quit()
    fail_unless("USER" in t.announced_before, "the list is", " ".join(t.announced_before))


@check("capa-registered", "M", "RFC 2449 sections 5 and 7; defect 13", "every capability has a registered name, or one with X")
def capa_registered(t):
    if not t.announced:
        raise NotAnnounced("CAPA")
    odd = [tag for tag in t.announced if tag not in REGISTERED and not tag.startswith("X")]
    fail_unless(not odd, "announced:", " ".join(odd))


@check("capa-arguments", "M", "RFC 2449 section 6", "the arguments of capabilities have their form")
def capa_arguments(t):
    if not t.announced:
        raise NotAnnounced("CAPA")
    forms = {"EXPIRE": rb"(NEVER|\d+)( USER)?", "LOGIN-DELAY": rb"\d+( USER)?", "SASL": rb"[A-Z0-9_-]+( [A-Z0-9_-]+)*|",
             "IMPLEMENTATION": rb".+", "UTF8": rb"(USER)?", "TOP": b"", "UIDL": b"", "USER": b"", "RESP-CODES": b"", "STLS": b"",
             "PIPELINING": b"", "AUTH-RESP-CODE": b"", "LANG": b""}
    for tag, arguments in t.announced.items():
        if tag in forms:
            fail_unless(re.fullmatch(forms[tag], b" ".join(arguments)), tag, b" ".join(arguments))


@check("capa-512", "M", "RFC 2449 section 4", "no capability line is longer than 512 octets")
def capa_512(t):
    c = t.connect()
    if not c.ask("CAPA", b"").startswith(b"+OK"):
        raise NotAnnounced("CAPA")
    for line in c.multi_raw().split(b"\r\n"):
        fail_unless(len(line) <= 510, line)


@check("login-delay", "S", "RFC 2449 section 6.5", "LOGIN-DELAY is announced, so it is enforced")
def login_delay(t):
    seconds = int(t.need("LOGIN-DELAY")[0])
    if seconds == 0:
        return
    t.login().quit()
    c = t.connect()
    c.ask(f"USER {t.user}")
    line = c.ask(f"PASS {t.password}", b"")
    fail_unless(line.startswith(b"-ERR [LOGIN-DELAY]"), f"LOGIN-DELAY {seconds}, and a second login at once is answered", line)


@check("expire", "M", "RFC 2449 section 6.7", "a message that was read and not deleted is still there, unless EXPIRE 0")
def expire(t):
    if t.announced.get("EXPIRE", [b""])[0] == b"0":
        raise NotTested("EXPIRE 0")
    t.fill(ONE, TWO)
    c = t.login()
    c.retr(1)
    c.quit()
    c = t.login()
    t.numbers(c, ONE, TWO)
    c.quit()


@check("pipelining", "M", "RFC 2449 section 6.6", "a batch of commands is answered completely and in its order")
def pipelining(t):
    t.need("PIPELINING")
    t.fill(ONE)
    c = t.connect()
    c.send(f"USER {t.user}\r\nPASS {t.password}\r\nSTAT\r\nXYZZY\r\nLIST\r\nRETR 1\r\nNOOP\r\nQUIT\r\n".encode("latin-1"))
    for wanted in (rb"\+OK", rb"\+OK", rb"\+OK 1 \d+$", b"-ERR", rb"\+OK"):
        line = c.status()
        fail_unless(re.match(wanted, line), c.conversation())
    fail_unless(len(c.multi_raw().splitlines()) == 1, c.conversation())
    fail_unless(c.status().startswith(b"+OK"), c.conversation())
    fail_unless(t.same(unstuffed(c.multi_raw()), ONE), c.conversation())
    fail_unless(c.status().startswith(b"+OK") and c.status().startswith(b"+OK"), c.conversation())
    c.closed()


@check("pipelining-many", "M", "RFC 2449 section 6.6", "2,000 commands in one write get 2,000 replies")
def pipelining_many(t):
    t.need("PIPELINING")
    t.fill(ONE)
    c = t.login()
    c.send(b"STAT\r\n" * 2000)
    for n in range(2000):
        fail_unless(re.match(rb"\+OK 1 \d+$", c.status()), f"reply {n + 1}:", c.conversation())
    c.quit()


@check("pipelining-no-deadlock", "M", "RFC 2449 section 6.6", "a client that reads late stalls nothing and loses nothing")
def pipelining_no_deadlock(t):
    t.need("PIPELINING")
    t.fill(LONG)
    c = t.login()
    c.send_meanwhile(b"RETR 1\r\n" * 8 + b"NOOP\r\n" * 2000)
    for _ in range(8):
        fail_unless(c.status().startswith(b"+OK"), c.conversation())
        fail_unless(t.same(unstuffed(c.multi_raw()), LONG), "RETR gave something else")
    for _ in range(2000):
        fail_unless(c.status().startswith(b"+OK"), c.conversation())
    c.quit()


# The maildrop.

@check("stat", "M", "RFC 1939 section 5", "STAT is +OK, the count, the octets, and nothing more")
def stat(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    line = c.ask("STAT")
    sizes = [int(scan.split(b" ")[1]) for scan in c.lines("LIST")]
    fail_unless(line == b"+OK 3 %d" % sum(sizes), line, "and the sizes of LIST are", sizes)
    c.quit()


@check("list", "M", "RFC 1939 section 5", "LIST has a line for each message: its number, its octets")
def list_all(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    lines = c.lines("LIST")
    fail_unless([re.fullmatch(rb"(\d+) \d+", line) and line.split(b" ")[0] for line in lines] == [b"1", b"2", b"3"], lines)
    c.quit()


@check("list-one", "M", "RFC 1939 section 5", "LIST of one message says what LIST of all says")
def list_one(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    for line in c.lines("LIST"):
        got = c.ask(b"LIST " + line.split(b" ")[0])
        fail_unless(got == b"+OK " + line, got, "and in the listing", line)
    c.quit()


@check("empty-maildrop", "M", "RFC 1939 section 5", "an empty maildrop: STAT 0 0, empty listings, no message 1")
def empty_maildrop(t):
    t.fill()
    c = t.login()
    line = c.ask("STAT")
    fail_unless(line == b"+OK 0 0", line)
    fail_unless(c.lines("LIST") == [] and c.lines("UIDL") == [], c.conversation())
    c.refused("RETR 1")
    c.quit()


@check("deleted-stat", "D", "RFC 1939 section 5; defects 10 and 11", "STAT counts no deleted message")
def deleted_stat(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    sizes = [int(line.split(b" ")[1]) for line in c.lines("LIST")]
    c.ask("DELE 2")
    line = c.ask("STAT")
    fail_unless(line == b"+OK 2 %d" % (sizes[0] + sizes[2]), "sizes", sizes, ", DELE 2, and STAT says", line)
    c.close()


@check("deleted-list", "D", "RFC 1939 section 5; defects 5 and 10", "LIST leaves deleted messages out and changes no number")
def deleted_list(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    before = c.lines("LIST")
    c.ask("DELE 2")
    after = c.lines("LIST")
    fail_unless(after == [before[0], before[2]], "before DELE 2", b", ".join(before), "and after", b", ".join(after))
    c.close()


@check("deleted-uidl", "D", "RFC 1939 section 7; defect 5", "UIDL leaves deleted messages out and changes no number")
def deleted_uidl(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    before = c.lines("UIDL")
    c.ask("DELE 2")
    after = c.lines("UIDL")
    fail_unless(after == [before[0], before[2]], "before DELE 2", b", ".join(before), "and after", b", ".join(after))
    c.close()


def deleted(command):
    def run(t):
        t.fill(ONE, TWO, THREE)
        c = t.login()
        c.ask("DELE 2")
        c.refused(command)
        c.ask("LIST 3")
        c.close()
    REFUSED[f"deleted-{command.split(' ')[0].lower()}-refused"] = command
    check("deleted-" + command.split(" ")[0].lower() + "-refused", "M", "RFC 1939 section 5; Ruby and Python robots",
          f"{command} is refused after DELE 2")(run)


for verb in ("RETR 2", "TOP 2 0", "DELE 2", "LIST 2", "UIDL 2"):
    deleted(verb)


@check("rset", "M", "RFC 1939 section 5", "RSET unmarks everything, and QUIT then removes nothing")
def rset(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    before = c.ask("STAT"), c.lines("LIST"), c.lines("UIDL")
    c.ask("DELE 1")
    c.ask("DELE 3")
    c.ask("RSET")
    fail_unless((c.ask("STAT"), c.lines("LIST"), c.lines("UIDL")) == before, c.conversation())
    c.quit()
    c = t.login()
    t.numbers(c, ONE, TWO, THREE)
    c.quit()


@check("noop", "M", "RFC 1939 section 5", "NOOP: +OK")
def noop(t):
    c = t.login()
    c.ask("NOOP")
    c.quit()


# What RETR sends.

def message(name, level, where, title, content, stored=False):
    """A message must come as it was stored, and LIST must tell its octets."""
    def run(t):
        if stored:
            t.need_maildir()
        t.fill(content)
        c = t.login()
        size = int(c.ask("LIST 1").split(b" ")[2])
        first = c.ask("RETR 1")
        raw = c.multi_raw()
        try:
            c.ask("NOOP")  # what is left of a message that was cut by its own content would be read here
        except Exception as e:
            raise type(e)(f"after RETR gave {show(raw)}: {e}") from e
        got = unstuffed(raw)
        fail_unless(t.same(got, content), f"stored was {show(content)}, RETR gave", raw)
        fail_unless(len(got) == size, f"LIST says {size}, RETR gives {len(got)} octets:", raw)
        announced = re.match(rb"\+OK (\d+) octets", first)
        fail_unless(not announced or int(announced[1]) == len(got), first, f"and {len(got)} octets came")
        c.quit()
    check("message-" + name, level, where, title)(run)


message("plain", "M", "RFC 1939 sections 5 and 11", "LF in the store is CRLF on the wire and in LIST", ONE)
message("crlf", "M", "RFC 1939 section 11", "CRLF in the store stays CRLF", ONE.replace(b"\n", b"\r\n"), True)
message("mixed", "M", "RFC 1939 section 11", "a store with both line ends gets CRLF everywhere",
        b"Subject: mixed\r\n\nlf\ncrlf\r\nlf\n", True)
message("dots", "M", "RFC 1939 section 3", "lines that begin with dots are stuffed",
        b"Subject: dots\n\n.\n..\n.x\n...y\nno.dot\n.\n\n.\n")
message("first-dot", "D", "RFC 1939 section 3; defect 1", "the first line of a message is stuffed like every other",
        b".\n-ERR injected\n\nbody\n", True)
message("last-dot", "M", "RFC 1939 section 3", "a dot that ends the store without a line end is stuffed and ended",
        b"Subject: dot\n\nbody\n.", True)
message("dot-cr", "M", "RFC 1939 section 3", "dots beside CRs are stuffed where a line begins, and only there",
        b"Subject: cr\n\n.\r\n.\r\n\r\n.end\r\n", True)
message("dots-everywhere", "M", "RFC 1939 section 3", "dots at every place in a reader's block are stuffed",
        b"Subject: blocks\n\n" + b"".join(b".%s\n" % (b"d" * (n % 63)) for n in range(9000)))
message("no-newline", "D", "RFC 1939 section 11; defect 3", "a last line without an end gets one, and LIST counts it",
        b"Subject: end\n\nlast line", True)
message("no-newline-cr", "D", "RFC 1939 section 11; defect 3", "a last line that ends in CR gets an end, and LIST counts what is sent",
        b"Subject: end\n\nlast line\r", True)
message("header-only", "C", "OE, Netscape", "a message without a blank line", b"Subject: header\nX-Only: header\n", True)
message("empty-body", "M", "RFC 1939 section 5", "a message whose body is empty", b"Subject: empty\n\n")
message("blank-lines", "M", "RFC 1939 section 5", "blank lines at the end belong to the message", b"Subject: blank\n\nx\n\n\n\n")
message("eight-bit", "M", "RFC 1939 section 5", "octets above 127 come as they are",
        b"Subject: eight\n\n" + bytes(range(128, 256)) + b"\n")
message("long-line", "M", "RFC 1939 section 3", "a line of 100,000 octets", b"Subject: long line\n\n" + b"x" * 100000 + b"\nend\n")
message("large", "M", "RFC 1939 section 5", "more than a megabyte, to the octet", LONG)
message("like-replies", "M", "RFC 1939 section 3", "a message made of replies is only a message",
        b"Subject: replies\n\n+OK\n-ERR no\n+OK 1 1\n.\n+OK bye\n")
message("from-line", "M", "RFC 1939 section 5", "a line that begins with From is not changed in a Maildir",
        b"Subject: from\n\nFrom here on\n>From there\n", True)
message("control-z", "M", "RFC 1939 section 5", "control characters end nothing", b"Subject: ctrl\n\na\x1ab\x04c\x08d\x0be\x0cf\n")


@check("message-nul", "D", "RFC 1939 section 3; defect 14; Outlook", "a NUL cuts nothing: it is sent or replaced, octet for octet")
def message_nul(t):
    content = b"Subject: nul\n\nbefore\0after\n\0\nend\n"
    t.fill(content)
    c = t.login()
    size = int(c.ask("LIST 1").split(b" ")[2])
    got = c.retr(1)
    fail_unless(len(got) == size, f"LIST says {size}, RETR gives {len(got)} octets:", got)
    fail_unless(re.search(rb"before.after\r\n.\r\nend\r\n$", got, re.S), got)
    c.quit()


@check("message-bare-cr", "M", "RFC 1939 section 11", "bare CRs in the store: LIST is what RETR sends")
def message_bare_cr(t):
    t.need_maildir()
    t.fill(b"Subject: cr\n\na\rb\r\r\nc\n\r\r.\n")
    c = t.login()
    size = int(c.ask("LIST 1").split(b" ")[2])
    got = c.retr(1)
    fail_unless(len(got) == size, f"LIST says {size}, RETR gives {len(got)} octets:", got)
    c.quit()


@check("message-empty", "M", "RFC 1939 section 5", "a file of 0 octets: not listed, or listed and sent as LIST says")
def message_empty(t):
    t.need_maildir()
    t.fill(b"", ONE)
    c = t.login()
    for line in c.lines("LIST"):
        n, size = line.split(b" ")
        got = c.retr(int(n))
        fail_unless(len(got) == int(size), "LIST says", line, "and RETR gives", got)
    c.quit()


@check("retr-pure", "M", "RFC 1939 section 5", "a second RETR gives the same, and RETR changes no size")
def retr_pure(t):
    t.fill(ONE)
    c = t.login()
    before = c.lines("LIST")
    fail_unless(c.retr(1) == c.retr(1) and c.lines("LIST") == before, c.conversation())
    c.quit()
    c = t.login()
    fail_unless(c.lines("LIST") == before, "LIST was", b", ".join(before), "and is in the next session", c.conversation())
    c.quit()


# TOP.

BODY = b"".join(b"line %d\n" % n for n in range(1, 21))
TOP = b"Subject: top\nX-Header: 2\nX-Header: 3\n\n" + BODY


def top(name, lines, wanted, title):
    def run(t):
        t.fill(TOP)
        c = t.login()
        got = c.multi(f"TOP 1 {lines}")
        body = got.split(b"\r\n\r\n", 1)
        fail_unless(len(body) == 2 and b"Subject: top\r\n" in got and body[1] == wire(wanted), f"TOP 1 {lines} gives", got)
        c.ask("NOOP")
        c.quit()
    check("top-" + name, "M" if name != "zero" else "D", "RFC 1939 section 7" + ("; defect 10; neomutt" if name == "zero" else ""),
          title)(run)


top("zero", 0, b"", "TOP n 0: the header, the blank line, and nothing of the body")
top("lines", 3, b"line 1\nline 2\nline 3\n", "TOP n 3: three lines of the body, header lines not counted")
top("all", 20, BODY, "TOP n with exactly as many lines as there are")
top("more", 1000, BODY, "TOP n with more lines than there are: the whole message")


@check("top-dots", "M", "RFC 1939 section 7", "TOP stuffs dots like RETR")
def top_dots(t):
    t.fill(b"Subject: dots\n\n.\n.x\nthree\n.four\n")
    c = t.login()
    got = c.multi("TOP 1 3")
    fail_unless(got.endswith(b"\r\n\r\n.\r\n.x\r\nthree\r\n"), got)
    c.ask("NOOP")
    c.quit()


@check("top-huge", "M", "RFC 1939 section 7", "TOP with a number of lines beyond every integer: the whole message or an error")
def top_huge(t):
    t.fill(TOP)
    c = t.login()
    if c.ask("TOP 1 99999999999999999999999", b"").startswith(b"+OK"):
        got = unstuffed(c.multi_raw())
        fail_unless(t.same(got, TOP), got)
    c.ask("NOOP")
    c.quit()


@check("top-header-only", "C", "OE, Netscape", "TOP of a message without a blank line")
def top_header_only(t):
    t.need_maildir()
    t.fill(b"Subject: header\nX-Only: header\n")
    c = t.login()
    got = c.multi("TOP 1 5")
    fail_unless(got.startswith(b"Subject: header\r\nX-Only: header\r\n"), got)
    c.quit()


# UIDL.

@check("uidl", "M", "RFC 1939 section 7", "unique-ids: 1 to 70 octets from 0x21 to 0x7e, unique, and nothing after them")
def uidl(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    lines = c.lines("UIDL")
    fail_unless([line.split(b" ")[0] for line in lines] == [b"1", b"2", b"3"], lines)
    fail_unless(all(re.fullmatch(rb"\d+ [\x21-\x7e]{1,70}", line) for line in lines), lines)
    fail_unless(len({line.split(b" ")[1] for line in lines}) == 3, lines)
    c.quit()


@check("uidl-one", "M", "RFC 1939 section 7", "UIDL of one message says what UIDL of all says")
def uidl_one(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    for line in c.lines("UIDL"):
        got = c.ask(b"UIDL " + line.split(b" ")[0])
        fail_unless(got == b"+OK " + line, got, "and in the listing", line)
    c.quit()


def uids(t, client, *contents):
    """Unique-id of each of these messages."""
    numbers = t.numbers(client, *contents)
    table = dict(line.split(b" ") for line in client.lines("UIDL"))
    return [table[b"%d" % n] for n in numbers]


@check("uidl-persists", "M", "RFC 1939 section 7", "unique-ids are the same in the next session, after QUIT and after a cut")
def uidl_persists(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    first = uids(t, c, ONE, TWO, THREE)
    c.quit()
    c = t.login()
    second = uids(t, c, ONE, TWO, THREE)
    c.reset()
    c = t.login()
    third = uids(t, c, ONE, TWO, THREE)
    c.quit()
    fail_unless(first == second == third, "they were", first, ", then", second, ", then", third)


@check("uidl-after-removal", "M", "RFC 1939 section 7", "the removal of one message changes no other's unique-id")
def uidl_after_removal(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    first = uids(t, c, ONE, TWO, THREE)
    c.ask(f"DELE {t.numbers(c, ONE, TWO, THREE)[0]}")
    c.quit()
    c = t.login()
    rest = uids(t, c, TWO, THREE)
    c.quit()
    fail_unless(rest == first[1:], "they were", first[1:], "and are", rest)


@check("uidl-identical", "M", "RFC 1939 section 7", "two messages with the same content have two unique-ids")
def uidl_identical(t):
    t.fill(ONE, ONE)
    c = t.login()
    lines = c.lines("UIDL")
    fail_unless(len({line.split(b" ")[1] for line in lines}) == 2, lines)
    c.quit()


@check("uidl-flags", "M", "RFC 1939 section 7", "flags that another program sets change no unique-id")
def uidl_flags(t):
    t.need_maildir()
    t.fill(ONE, TWO)
    c = t.login()
    first = uids(t, c, ONE, TWO)
    c.quit()
    path = t.drop.find(TWO)
    os.rename(path, t.drop.at("cur", os.path.basename(path).split(":")[0] + ":2,FS"))
    c = t.login()
    second = uids(t, c, ONE, TWO)
    c.quit()
    fail_unless(first == second, "they were", first, "and are", second)


@check("uidl-rset", "D", "RFC 1939 section 7; defect 12", "RSET changes neither numbers nor unique-ids")
def uidl_rset(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    before = c.lines("UIDL")
    t.drop.put(b"Subject: new\n\nnew\n")
    t.dirty = True
    c.ask("DELE 1")
    c.ask("RSET")
    after = c.lines("UIDL")
    fail_unless(before == after, "before", before, "and after", after)
    c.close()


@check("uidl-long-names", "D", "RFC 1939 section 7; defect 12", "names that differ after 70 octets have different unique-ids")
def uidl_long_names(t):
    t.need_maildir()
    t.fill()
    t.dirty = True
    stem = "1700000000.M1P1." + "x" * 80
    t.drop.put(ONE, stem + "a")
    t.drop.put(TWO, stem + "b")
    c = t.login()
    lines = c.lines("UIDL")
    fail_unless(len(lines) == 2 and all(re.fullmatch(rb"\d [\x21-\x7e]{1,70}", line) for line in lines), lines)
    fail_unless(lines[0][2:] != lines[1][2:], lines)
    c.quit()


# A maildrop that others use at the same time.

@check("snapshot", "M", "RFC 1939 section 4", "mail that arrives during a session changes nothing in it")
def snapshot(t):
    t.fill(ONE, TWO)
    c = t.login()
    one, two = t.numbers(c, ONE, TWO)
    before = c.ask("STAT"), c.lines("LIST"), c.lines("UIDL")
    t.dirty = True
    if t.drop.stored:
        t.drop.put(b"Subject: new\n\nnew\n", "1000000000.first.conformance")
    else:
        t.drop.put(b"Subject: new\n\nnew\n")
    fail_unless((c.ask("STAT"), c.lines("LIST"), c.lines("UIDL")) == before, c.conversation())
    fail_unless(t.same(c.retr(one), ONE) and t.same(c.retr(two), TWO), c.conversation())
    c.quit()


@check("renamed", "M", "RFC 1939 section 4", "a message whose flags another program changes is still the same message")
def renamed(t):
    t.need_maildir()
    t.fill(ONE, TWO)
    c = t.login()
    one, two = t.numbers(c, ONE, TWO)
    path = t.drop.find(ONE)
    os.rename(path, t.drop.at("cur", os.path.basename(path).split(":")[0] + ":2,FRS"))
    got = c.retr(one)
    fail_unless(t.same(got, ONE), got)
    fail_unless(t.same(c.retr(two), TWO), c.conversation())
    c.ask(f"DELE {one}")
    c.quit()
    fail_unless(t.drop.find(ONE) is None, "QUIT was answered +OK, and the message is still there")


@check("vanished", "M", "RFC 1939 section 5", "a message that another program removed is refused or the connection ends; no other comes")
def vanished(t):
    t.need_maildir()
    t.fill(ONE, TWO)
    c = t.login()
    one, two = t.numbers(c, ONE, TWO)
    os.unlink(t.drop.find(ONE))
    t.dirty = True
    c.send(b"RETR %d\r\n" % one)
    try:
        line = c.status()
    except Exception:
        return  # closed
    if line.startswith(b"+OK"):
        got = unstuffed(c.multi_raw())
        fail_unless(t.same(got, ONE), "RETR of what is not there gives", got)  # a server may hold it open
    c.send(b"RETR %d\r\n" % two)
    try:
        line = c.status()
    except Exception:
        return
    fail_unless(line.startswith(b"+OK") and t.same(unstuffed(c.multi_raw()), TWO), c.conversation())


def shrinks(client, announced):
    """After a file shrank: an error, the end of the connection, or nothing that looks complete and is not."""
    try:
        client.send(b"RETR 1\r\n")
        line = client.status()
        if not line.startswith(b"+OK"):
            return
        got = unstuffed(client.multi_raw())
    except Exception:
        return
    fail_unless(len(got) == announced, f"LIST said {announced}, the file has shrunk, and RETR gives {len(got)} octets and the end marker")


@check("shrunk", "D", "RFC 1939 section 5; defect 2", "a message that shrank is not shown as if it were complete")
def shrunk(t):
    t.need_maildir()
    t.fill(LONG)
    t.dirty = True
    c = t.login()
    announced = int(c.ask("LIST 1").split(b" ")[2])
    os.truncate(t.drop.find(LONG), len(LONG) // 2)
    shrinks(c, announced)


@check("unreadable", "D", "RFC 1939 section 5; defect 2", "a message that cannot be read is not shown as an empty one")
def unreadable(t):
    t.need_maildir()
    t.fill(ONE, LONG)
    t.dirty = True
    c = t.login()
    n = t.numbers(c, ONE, LONG)[1]
    path = t.drop.find(LONG)
    os.unlink(path)
    os.mkdir(path)
    try:
        c.send(b"RETR %d\r\n" % n)
        try:
            line = c.status()
            if not line.startswith(b"+OK"):
                return
            got = unstuffed(c.multi_raw())
        except Exception:
            return
        fail_unless(t.same(got, LONG), f"RETR gives {len(got)} octets and the end marker")
    finally:
        c.close()


# The end.

@check("quit-removes", "M", "RFC 1939 section 6", "QUIT removes what was marked, and nothing else")
def quit_removes(t):
    t.fill(ONE, TWO, THREE)
    c = t.login()
    numbers = t.numbers(c, ONE, TWO, THREE)
    c.ask(f"DELE {numbers[1]}")
    c.quit()
    c = t.login()
    t.numbers(c, ONE, THREE)
    line = c.ask("STAT")
    fail_unless(line.split(b" ")[1] == b"2", "three messages, one removed, and STAT says", line)
    fail_unless([x.split(b" ")[0] for x in c.lines("LIST")] == [b"1", b"2"], c.conversation())
    c.quit()


def no_quit(name, end, title):
    def run(t):
        t.fill(ONE, TWO)
        c = t.login()
        c.retr(1)
        c.ask("DELE 1")
        end(c)
        c = t.login()
        t.numbers(c, ONE, TWO)
        c.quit()
    check(name, "D", "RFC 1939 section 6; defect 17; .NET programs", title)(run)


no_quit("closed-without-quit", lambda c: c.close(), "a connection closed without QUIT removes nothing")
no_quit("reset-without-quit", lambda c: c.reset(), "a connection that breaks removes nothing")


@check("quit-tells", "D", "RFC 1939 section 6; defect 4", "QUIT is +OK only if every marked message is gone")
def quit_tells(t):
    t.need_maildir()
    t.fill(ONE, TWO)
    c = t.login()
    n = t.numbers(c, ONE, TWO)[0]
    c.ask(f"DELE {n}")
    modes = {sub: os.stat(t.drop.at(sub)).st_mode & 0o7777 for sub in ("new", "cur")}
    try:
        for sub in modes:
            os.chmod(t.drop.at(sub), 0o500)
        line = c.ask("QUIT", b"")
        c.closed()
        left = t.drop.find(ONE) is not None
    finally:
        for sub, mode in modes.items():
            os.chmod(t.drop.at(sub), mode)
    fail_unless(not (left and line.startswith(b"+OK")), "the message is still there, and QUIT was answered", line)


@check("idle-connections", "C", "scanners, health checks", "30 connections that say nothing stop nobody")
def idle_connections(t):
    silent = [Client(t, t.tls == "tls") for _ in range(30)]
    t.login().quit()
    for c in silent:
        c.close()
    t.login().quit()


@check("http", "C", "scanners", "an HTTP request is refused and never stalls")
def http(t):
    c = t.connect(plain=True)
    c.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    fail_unless(c.status().startswith(b"-ERR"), c.conversation())
    c.close()
    t.login().quit()


@check("noise", "C", "scanners", "a TLS hello and noise on a plain port are refused or cut")
def noise(t):
    for octets in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\r\n", bytes(range(256)) * 40 + b"\r\n", b"\r\n" * 50):
        c = Client(t)
        c.sock.settimeout(t.timeout)
        try:
            c.sock.sendall(octets)
            c.sock.shutdown(socket.SHUT_WR)
            while c.sock.recv(65536):
                pass
        except TimeoutError as e:
            raise type(e)(f"after {show(octets)} and a half-close the server neither answers nor closes") from e
        except OSError:
            pass
    t.login().quit()


@check("python", "C", "Python poplib", "a program of the usual kind fetches and deletes everything")
def python(t):
    t.fill(ONE, TWO, THREE)
    if t.tls == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        p = poplib.POP3_SSL(t.host, t.port, timeout=t.timeout, context=context)
    else:
        p = poplib.POP3(t.host, t.port, timeout=t.timeout)
        if t.tls == "stls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            p.stls(context)
    t.dirty = True
    try:
        p.user(t.user)
        p.pass_(t.password)
        count, _ = p.stat()
        got = [b"\n".join(p.retr(n)[1]) + b"\n" for n in range(1, count + 1)]
        for n in range(1, count + 1):
            p.dele(n)
        p.quit()
    except poplib.error_proto as e:
        fail_unless(False, "poplib says", e)
    found = [m for m in (ONE, TWO, THREE) if any(t.same(wire(g), m) for g in got)]
    fail_unless(count == 3 and len(found) == 3, *got)
    c = t.login()
    line = c.ask("STAT")
    fail_unless(line.startswith(b"+OK 0 "), line)
    c.quit()


@check("thunderbird", "C", "Thunderbird", "CAPA, login, STAT, LIST, UIDL, then a second session that finds what it knows")
def thunderbird(t):
    t.fill(ONE, TWO)
    known = None
    for _ in range(2):
        c = t.connect()
        c.ask("CAPA", b"").startswith(b"+OK") and c.multi_raw()
        c.ask(f"USER {t.user}")
        c.ask(f"PASS {t.password}")
        c.ask("STAT")
        c.lines("LIST")
        ids = c.lines("UIDL")
        fail_unless(known in (None, ids), "before", known, "and now", ids)
        known = ids
        for n in (1, 2):
            c.retr(n)
        c.quit()


# TLS.

def need_stls(t):
    if t.tls == "tls" or "STLS" not in t.announced_plain:
        raise NotAnnounced("STLS")


@check("stls-not-offered", "C", "fetchmail", "STLS that is not announced is refused, and the session goes on")
def stls_not_offered(t):
    if t.tls == "tls" or "STLS" in t.announced_plain:
        raise NotTested("STLS is announced, or TLS comes first")
    c = t.connect(plain=True)
    c.refused("STLS")
    c.quit()


@check("stls", "M", "RFC 2595 section 4", "STLS starts TLS 1.2 or better; then it is not announced any more, and the login works")
def stls(t):
    need_stls(t)
    c = t.connect(plain=True)
    c.ask("STLS")
    c.handshake()
    fail_unless(c.sock.version() in ("TLSv1.2", "TLSv1.3"), "TLS is", c.sock.version())
    fail_unless("STLS" not in t.capabilities(c), c.conversation())
    c.ask(f"USER {t.user}")
    c.ask(f"PASS {t.password}")
    c.quit()


@check("stls-injection", "D", "RFC 2595 section 4; defect 15", "what was sent in the clear behind STLS is forgotten")
def stls_injection(t):
    need_stls(t)
    c = t.connect(plain=True)
    c.send(b"STLS\r\nUSER injected\r\nXYZZY\r\n")
    fail_unless(c.status().startswith(b"+OK"), c.conversation())
    fail_unless(not c.buffer, "answered in the clear after STLS:", c.buffer)
    try:
        c.handshake()
        c.silent(0.5)
    except OSError:
        return  # no handshake: no harm
    c.refused("PASS x")
    c.quit()


@check("stls-forgets-user", "M", "RFC 2595 section 4", "a USER from before STLS is forgotten")
def stls_forgets_user(t):
    need_stls(t)
    c = t.connect(plain=True)
    c.send(f"USER {t.user}\r\n".encode("latin-1"))
    c.status()
    c.ask("STLS")
    c.handshake()
    c.refused(f"PASS {t.password}")
    c.quit()


@check("stls-arguments", "M", "RFC 2595 section 4", "STLS with an argument is refused")
def stls_arguments(t):
    need_stls(t)
    c = t.connect(plain=True)
    c.refused("STLS now")
    c.quit()


@check("stls-twice", "M", "RFC 2595 section 4", "STLS inside TLS is refused")
def stls_twice(t):
    if t.tls != "tls":
        need_stls(t)
        c = t.connect(plain=True)
        c.ask("STLS")
        c.handshake()
    else:
        c = t.connect()
    c.refused("STLS")
    c.quit()


@check("stls-after-login", "M", "RFC 2595 section 4", "STLS after the login is refused")
def stls_after_login(t):
    need_stls(t)
    c = t.login(plain="USER" in t.announced_plain)
    c.refused("STLS")
    c.quit()


@check("stls-after-failure", "M", "RFC 2595 section 4", "STLS works after a failed login: the state is still AUTHORIZATION")
def stls_after_failure(t):
    need_stls(t)
    c = t.connect(plain=True)
    c.send(f"USER {t.user}\r\n".encode("latin-1"))
    if c.status().startswith(b"+OK"):
        c.refused("PASS wrong")
    c.ask("STLS")
    c.handshake()
    c.ask(f"USER {t.user}")
    c.ask(f"PASS {t.password}")
    c.quit()


@check("stls-no-handshake", "M", "RFC 2595 section 4", "who does not shake hands after STLS gets no POP3 in the clear")
def stls_no_handshake(t):
    need_stls(t)
    c = t.connect(plain=True)
    c.ask("STLS")
    try:
        c.send(b"CAPA\r\n")
        rest = c.at_end()
    except Exception:
        rest = c.buffer
    fail_unless(b"+OK" not in rest and b"-ERR" not in rest, rest)


@check("tls-old", "M", "RFC 8314 section 4.1", "TLS 1.1 and older are refused")
def tls_old(t):
    if t.tls != "tls":
        need_stls(t)
    c = Client(t)
    if t.tls != "tls":
        c.status()
        c.ask("STLS")
    try:
        c.handshake(ssl.TLSVersion.TLSv1_1)
    except OSError:
        return
    fail_unless(False, "the server agrees to", c.sock.version())


@check("plain-refused-alike", "M", "RFC 8314 section 4.2", "where USER is not announced in the clear, right and wrong passwords are refused alike")
def plain_refused_alike(t):
    if t.tls == "tls" or "USER" in t.announced_plain or not t.announced_plain:
        raise NotTested("passwords are accepted in the clear, or TLS comes first")
    said = []
    for password in (t.password, "wrong"):
        c = t.connect(plain=True)
        line = c.ask(f"USER {t.user}", b"")
        if line.startswith(b"+OK"):
            line = c.ask(f"PASS {password}", b"")
        said.append(line)
        c.close()
    fail_unless(said[0] == said[1] and said[0].startswith(b"-ERR"), "the right password hears", said[0], "and a wrong one", said[1])


# SASL.

@check("auth-list", "C", "Outlook", "AUTH without a mechanism: a list that ends, or one error; the session goes on")
def auth_list(t):
    for command in ("AUTH", "AUTH "):
        c = t.connect()
        if c.ask(command, b"").startswith(b"+OK"):
            c.multi_raw()
        c.quit()


@check("auth-unknown", "M", "RFC 5034 section 4", "AUTH with an unknown mechanism is refused, the session goes on")
def auth_unknown(t):
    c = t.connect()
    c.refused("AUTH XYZZY")
    c.quit()


def need_sasl(t, mechanism):
    if mechanism.encode() not in t.need("SASL"):
        raise NotAnnounced("SASL " + mechanism)


def plain(t, user=None, password=None, authzid=""):
    text = "\0".join((authzid, user or t.user, password or t.password)).encode("latin-1")
    return base64.b64encode(text)


@check("plain-initial", "M", "RFC 5034 section 4, 4616", "AUTH PLAIN with an initial response logs in")
def plain_initial(t):
    need_sasl(t, "PLAIN")
    c = t.connect()
    c.ask(b"AUTH PLAIN " + plain(t))
    c.ask("STAT")
    c.quit()


@check("plain-challenge", "M", "RFC 5034 section 4; defect 10", "AUTH PLAIN without one: the challenge is plus and blank; then it logs in")
def plain_challenge(t):
    need_sasl(t, "PLAIN")
    c = t.connect()
    c.send(b"AUTH PLAIN\r\n")
    line = c.challenge()
    fail_unless(line == b"+ \r\n", "the empty challenge is", line)
    c.ask(plain(t))
    c.quit()


@check("plain-wrong", "M", "RFC 4616", "AUTH PLAIN with anything wrong is refused, the session goes on")
def plain_wrong(t):
    need_sasl(t, "PLAIN")
    right = "\0".join(("", t.user, t.password)).encode("latin-1")
    for text in (right + b"x", right[1:], right + b"\0", right.split(b"\0")[1], b"\0" + t.user.encode() + b"\0", b"\0\0" +
                 t.password.encode(), b""):
        c = t.connect()
        c.refused(b"AUTH PLAIN " + (base64.b64encode(text) or b"="))
        c.quit()


@check("plain-authzid", "M", "RFC 4616 section 2", "AUTH PLAIN as somebody else is refused")
def plain_authzid(t):
    need_sasl(t, "PLAIN")
    c = t.connect()
    c.refused(b"AUTH PLAIN " + plain(t, authzid="somebodyelse"))
    c.quit()


@check("plain-cancel", "M", "RFC 5034 section 4", "* cancels, the session goes on and may log in")
def plain_cancel(t):
    need_sasl(t, "PLAIN")
    c = t.connect()
    c.send(b"AUTH PLAIN\r\n")
    c.challenge()
    c.refused("*")
    c.ask(b"AUTH PLAIN " + plain(t))
    c.quit()


@check("plain-base64", "M", "RFC 5034 section 4", "bad base64 is refused, the session goes on")
def plain_base64(t):
    need_sasl(t, "PLAIN")
    right = plain(t)
    for text in (b"!" + right, right + b"=", right[:8] + b"=" + right[8:], b"=" + right, right[:4] + b" " + right[4:]):
        c = t.connect()
        c.send(b"AUTH PLAIN\r\n")
        c.challenge()
        c.refused(text)
        c.quit()


@check("plain-long", "S", "RFC 5034 section 4", "a response of 12,288 octets is read, refused and over")
def plain_long(t):
    need_sasl(t, "PLAIN")
    c = t.connect()
    c.send(b"AUTH PLAIN\r\n")
    c.challenge()
    c.refused(base64.b64encode(b"\0x\0" + b"x" * 9213))
    c.quit()


@check("auth-twice", "M", "RFC 5034 section 4", "AUTH after the login is refused")
def auth_twice(t):
    need_sasl(t, "PLAIN")
    c = t.login()
    c.refused(b"AUTH PLAIN " + plain(t))
    c.quit()


@check("sasl-after-login", "M", "RFC 5034 section 3; defect 7", "SASL is still announced after the login")
def sasl_after_login(t):
    if "SASL" not in t.announced_before:
        raise NotAnnounced("SASL")
    c = t.login()
    fail_unless("SASL" in t.capabilities(c), c.conversation())
    c.quit()


@check("sasl-auth-code", "M", "RFC 3206 section 6", "AUTH-RESP-CODE is announced, so AUTH with a wrong password is told by [AUTH]")
def sasl_auth_code(t):
    t.need("AUTH-RESP-CODE")
    need_sasl(t, "PLAIN")
    c = t.connect()
    line = c.refused(b"AUTH PLAIN " + plain(t, password="wrong"))
    fail_unless(b"[AUTH]" in line, line)


@check("cram-md5", "M", "RFC 2195, 5034", "CRAM-MD5: fresh challenges, no initial response; the right digest logs in, a wrong one does not")
def cram_md5(t):
    need_sasl(t, "CRAM-MD5")
    challenges = []
    for password, wanted in (("wrong", b"-ERR"), (t.password, b"")):
        c = t.connect()
        c.send(b"AUTH CRAM-MD5\r\n")
        challenge = base64.b64decode(c.challenge()[2:])
        challenges.append(challenge)
        digest = hmac.new(password.encode("latin-1"), challenge, "md5").hexdigest()
        line = c.ask(base64.b64encode(f"{t.user} {digest}".encode()), wanted)
        c.close()
    fail_unless(challenges[0] != challenges[1], "the same challenge came twice:", challenges[0])
    c = t.connect()
    c.send(b"AUTH CRAM-MD5 eHh4\r\n")
    said = c.challenge()
    fail_unless(said.startswith(b"-ERR"), "an initial response is answered", said)
    c.quit()
    if not line.startswith(b"+OK"):
        raise NotTested("this user has no secret for CRAM-MD5")


def scram(t, client, name="sha256", password=None, user=None, header="n,,", break_at=None):
    """Run SCRAM.  Returns the last line of the server."""
    mechanism = "SCRAM-SHA-256" if name == "sha256" else "SCRAM-SHA-1"
    nonce = base64.b64encode(os.urandom(15)).decode()
    bare = f"n={(user or t.user).replace('=', '=3D').replace(',', '=2C')},r={nonce}"
    client.send(f"AUTH {mechanism} {base64.b64encode((header + bare).encode()).decode()}\r\n".encode())
    line = client.challenge()
    if not line.startswith(b"+ "):
        return line
    first = base64.b64decode(line[2:]).decode()
    fields = dict(f.split("=", 1) for f in first.split(","))
    fail_unless(fields["r"].startswith(nonce) and len(fields["r"]) > len(nonce) + 8, "the server's nonce:", first)
    fail_unless(int(fields["i"]) >= 4096, "too few iterations:", first)
    t.scram_salt = fields["s"]
    salted = hashlib.pbkdf2_hmac(name, (password or t.password).encode(), base64.b64decode(fields["s"]), int(fields["i"]))
    key = hmac.digest(salted, b"Client Key", name)
    final = f"c={base64.b64encode(header.encode()).decode()},r={fields['r']}"
    if break_at == "nonce":
        final = final[:-1] + ("a" if final[-1] != "a" else "b")
    if break_at == "binding":
        final = final.replace("c=" + base64.b64encode(header.encode()).decode(), "c=" + base64.b64encode(b"y,,").decode())
    said = f"{bare},{first},{final}".encode()
    proof = bytes(a ^ b for a, b in zip(key, hmac.digest(hashlib.new(name, key).digest(), said, name)))
    client.send(base64.b64encode(f"{final},p={base64.b64encode(proof).decode()}".encode()) + b"\r\n")
    line = client.challenge()
    if not line.startswith(b"+ "):
        return line
    wanted = base64.b64encode(hmac.digest(hmac.digest(salted, b"Server Key", name), said, name))
    got = base64.b64decode(line[2:])
    fail_unless(got == b"v=" + wanted, "the server's proof is", got, "and must be", b"v=" + wanted)
    client.send(b"\r\n")
    return client.challenge()


def scram_check(name, label):
    def run(t):
        need_sasl(t, label)
        c = t.connect()
        line = scram(t, c, name)
        if not line.startswith(b"+OK"):
            fail_unless(line.startswith(b"-ERR"), line)
            raise NotTested("this user has no verifier for " + label)
        c.ask("STAT")
        c.quit()
        for options in ({"password": "wrong"}, {"break_at": "nonce"}, {"break_at": "binding"}, {"header": "p=tls-unique,,"},
                        {"header": "n,a=somebodyelse,"}, {"header": "m=x,n,,"}):
            c = t.connect()
            line = scram(t, c, name, **options)
            fail_unless(line.startswith(b"-ERR"), options, "is answered", line)
            c.quit()
        salts = []
        for _ in range(2):
            c = t.connect()
            line = scram(t, c, name, user="nobodysuch")
            fail_unless(line.startswith(b"-ERR"), line)
            salts.append(t.scram_salt)
        fail_unless(salts[0] == salts[1], "an unknown name has another salt each time, a known one always the same")
    check(label.lower(), "M", "RFC 5802, 7677", f"{label}: the right proof logs in, mutual; everything altered is refused")(run)


scram_check("sha256", "SCRAM-SHA-256")
scram_check("sha1", "SCRAM-SHA-1")


def bearer_check(label, level, source, response, dummy, status):
    """A token that nobody signed: why it is refused comes as JSON, the client responds to that, and then comes the error."""
    def run(t):
        need_sasl(t, label)
        for token in ("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ."):
            for initial in (True, False):
                said = base64.b64encode(response(t.user, token).encode())
                c = t.connect()
                c.send(f"AUTH {label}".encode() + (b" " + said if initial else b"") + b"\r\n")
                if not initial:
                    line = c.challenge()
                    fail_unless(line == b"+ \r\n", "the empty challenge is", line)
                    c.send(said + b"\r\n")
                line = c.challenge()
                fail_unless(line.startswith(b"+ "), "a token that is no good is answered", line)
                answer = json.loads(base64.b64decode(line[2:]))
                fail_unless(re.fullmatch(status, str(answer.get("status"))), "the status is", answer)
                line = c.refused(dummy)
                fail_unless(token.encode() not in line, "the error has the token:", line)
                c.ask("CAPA")
                c.multi_raw()
                c.quit()
        c = t.connect()
        c.send(f"AUTH {label} ".encode() + base64.b64encode(response(t.user, "x").encode()) + b"\r\n")
        c.challenge()
        c.refused("*")
        c.quit()
    check(label.lower(), level, source, f"{label}: a bad token is refused by JSON, a response and an error; the session goes on")(run)


bearer_check("OAUTHBEARER", "M", "RFC 7628 section 3.2", lambda user, token: f"n,a={user},\1auth=Bearer {token}\1\1", "AQ==", r"[a-z_]+")
bearer_check("XOAUTH2", "C", "curl, mpop, Thunderbird", lambda user, token: f"user={user}\1auth=Bearer {token}\1\1", "", r"4\d\d")


# UTF8 and LANG.

@check("utf8-not-offered", "C", "Outlook", "UTF8 that is not announced is refused, before and after the login, and the session goes on")
def utf8_not_offered(t):
    if "UTF8" in t.announced:
        raise NotTested("UTF8 is announced")
    c = t.connect()
    c.refused("UTF8")
    c.quit()
    c = t.login()
    c.refused("UTF8")
    c.quit()


@check("utf8", "M", "RFC 6856 section 2", "UTF8 before the login: +OK without arguments, refused with them; LIST is still what RETR sends")
def utf8(t):
    t.need("UTF8")
    t.fill("Subject: gr\u00fc\u00dfe\n\ngr\u00fc\u00dfe\n".encode())
    c = t.connect()
    c.refused("UTF8 yes")
    c.ask("UTF8")
    c.ask(f"USER {t.user}")
    c.ask(f"PASS {t.password}")
    size = int(c.ask("LIST 1").split(b" ")[2])
    got = c.retr(1)
    fail_unless(len(got) == size, f"LIST says {size}, RETR gives {len(got)} octets:", got)
    c.quit()


@check("utf8-off", "M", "RFC 6856 section 2.1", "UTF8 is announced: while it is off, no header line has octets above 127")
def utf8_off(t):
    t.need("UTF8")
    t.fill("Subject: gr\u00fc\u00dfe\n\nbody\n".encode())
    c = t.login()
    if c.ask("RETR 1", b"").startswith(b"+OK"):
        header = c.multi_raw().split(b"\r\n\r\n")[0]
        fail_unless(header.isascii(), header)
    c.quit()


@check("lang", "M", "RFC 6856 section 3", "LANG lists tags, takes * and refuses unknown ones")
def lang(t):
    t.need("LANG")
    c = t.connect()
    tags = [line.split(b" ")[0] for line in c.lines("LANG")]
    fail_unless(tags, c.conversation())
    c.ask(b"LANG " + tags[0])
    c.ask("LANG *")
    c.refused("LANG xx-none")
    c.quit()


# Time; only with --idle.

@check("idle-ten-minutes", "D", "RFC 1939 section 3; defect 8", "nobody is logged out before ten minutes, and nothing is said when it happens")
def idle_ten_minutes(t):
    if t.idle < 600:
        raise NotTested("needs --idle 600 or more, and that time")
    t.fill(ONE)
    before, after = t.connect(), t.login()
    said = {before: b"", after: b""}
    ended, start = {}, time.monotonic()
    while len(ended) < 2 and time.monotonic() - start < t.idle:
        ready, _, _ = select.select([c.sock for c in said if c not in ended], [], [], 1)
        for c in said:
            if c.sock in ready and c not in ended:
                block = c.sock.recv(4096)
                said[c] += block
                if not block:
                    ended[c] = time.monotonic() - start
    for c, name in ((before, "before the login"), (after, "after the login")):
        fail_unless(ended.get(c, 600) >= 598 and not said[c],  # our clock began after the server's
                    f"{name}: closed after {ended[c]:.0f} s, having said" if c in ended else f"{name}: open, having said", said[c])


# What every reply of this run was like; these are last.

def seen(name, level, where, title, attribute):
    def run(t):
        bad = getattr(t.seen, attribute)
        fail_unless(not bad, f"{len(bad)} of {t.seen.lines} lines, the first is", bad[0] if bad else b"")
    check(name, level, where, title)(run)


seen("every-crlf", "M", "RFC 1939 section 3", "every line of this run ended in CRLF", "no_crlf")
seen("every-status", "M", "RFC 1939 section 3", "every reply of this run began with +OK or -ERR, in capitals", "no_status")
seen("every-512", "M", "RFC 1939 section 3", "every first line of this run had at most 512 octets", "too_long")
seen("every-code", "M", "RFC 2449 section 8", "every text that began with [ was a response code that exists", "bad_code")
