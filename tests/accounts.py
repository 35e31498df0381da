"""Where users come from and what keeps strangers out, through the whole chain: app passwords and their limits."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import harness
from harness import Site, User, check, equal

FAIL = r" fail .* rip={} .* user={} try=\d+ reason={}$"


def tool(site, *arguments, status=0, password=""):
    done = site.user_tool(*arguments, password=password)
    equal(done.returncode, status, " ".join(arguments) + ": " + done.stderr)
    return done.stdout.strip()


def refused(site, user, reason, remote="127.0.0.1", reply=b"-ERR [AUTH]"):
    s = site.session(remote=remote)
    s.login(user, wanted=reply)
    s.quit()
    s.log.wait(FAIL.format(remote.replace(".", r"\."), user.name, reason))


def test_app_password():
    site = Site()
    bob, al = site.user("bob"), site.user("al")
    bob.put("1000.a")
    site.settings["POP3_PLAINOK"] = "1"
    phone = tool(site, "app-add", "bob", "phone", "-a", "192.0.2.0/24")
    by_phone = User("bob", phone, bob.maildir)
    s = site.login(by_phone, remote="192.0.2.7")
    equal(s.ask("STAT").split(" ")[1], "1")
    s.quit()
    refused(site, by_phone, "allownets", remote="198.51.100.7")
    refused(site, User("al", phone, al.maildir), "password", remote="192.0.2.7")
    site.login(bob).quit()  # the main password stays
    tool(site, "disable", "bob")
    refused(site, by_phone, "disabled", remote="192.0.2.7")
    tool(site, "enable", "bob")
    tool(site, "app-del", "bob", "phone")
    refused(site, by_phone, "password", remote="192.0.2.7")


def test_limits_of_passwords():
    site = Site()
    bob = site.user("bob")
    site.settings["POP3_PLAINOK"] = "1"
    tool(site, "restrict", "bob", "-x", "2020-01-01")
    refused(site, bob, "disabled")
    tool(site, "restrict", "bob", "-b", "plain")
    refused(site, bob, "badmech")
    tool(site, "restrict", "bob", "-a", "2001:db8::/32", "-b", "pass")
    refused(site, bob, "allownets", remote="192.0.2.1")
    site.login(bob, remote="2001:db8:77::1").quit()
    wrong = User("bob", "wrong", bob.maildir)
    refused(site, wrong, "password", remote="192.0.2.1")  # of limits, who does not know the password learns nothing


def guess(site, user, n, remote, reply=b"-ERR [AUTH]"):
    """So many different wrong passwords, without a wait: the delays are of the second half."""
    s = site.session(remote=remote, POP3_TRIES="100")
    for _ in range(n):
        guess.number += 1
        s.ask(f"USER {user.name}")
        s.ask(f"PASS wrong{guess.number}", reply)
    s.quit()
    return s.log.all()


guess.number = 0


def test_guesses_are_refused():
    """A stranger closes the account, for strangers; an owner comes in from where he has been, and an administrator
    sees it all and ends it."""
    site = Site()
    bob, al = site.user("bob"), site.user("al")
    site.settings |= {"POP3_PLAINOK": "1", "POP3_GUESSES": "2"}
    site.login(bob, remote="192.0.2.1").quit()
    log = guess(site, bob, 2, "198.51.100.1")  # the second waits for a second
    equal(log.count("reason=password"), 2)
    log = guess(site, bob, 1, "198.51.100.1", b"-ERR too many failed logins, wait before the next")
    check("reason=ratelimit" in log, log)
    refused(site, bob, "ratelimit", remote="203.0.113.9", reply=b"-ERR too many")  # even the right one, unheard
    unknown = User("nobody", "x", bob.maildir)
    log = guess(site, unknown, 2, "203.0.113.7")
    refused(site, unknown, "ratelimit", remote="203.0.113.7", reply=b"-ERR too many")  # who is not there is no different
    site.login(bob, remote="192.0.2.1").quit()
    site.login(al, remote="198.51.100.1").quit()
    out = tool(site, "guesses", "bob")
    check("from unknown addresses: 2 of 10 guesses\n" in out and "from known address 1: 0 of 10" in out, out)
    check("address block: 2 of 50 guesses" in tool(site, "guesses", "198.51.100.1"))
    tool(site, "unban", "bob")
    check("from unknown addresses: 0 of 10" in tool(site, "guesses", "bob"))
    site.login(bob, remote="203.0.113.9").quit()
    tool(site, "unban", "198.51.100.1")
    equal(tool(site, "guesses", "198.51.100.1"), "address block: 0 of 50 guesses")


def test_old_password_again_and_again():
    site = Site()
    bob = site.user("bob")
    site.settings |= {"POP3_PLAINOK": "1", "POP3_GUESSES": "4"}
    for _ in range(10):
        refused(site, User("bob", "old", bob.maildir), "password", remote="192.0.2.1")
    site.login(bob, remote="192.0.2.1").quit()


def test_addresses_are_counted():
    """One address, many accounts: neither the accounts nor their owners are to blame."""
    site = Site()
    bob = site.user("bob")
    site.settings |= {"POP3_PLAINOK": "1", "POP3_GUESSES": "1"}
    for i in range(2):  # five guesses are what an address has; the last three would wait
        guess(site, User(f"x{i}", "x", bob.maildir), 1, "192.0.2.50")
    check("address block: 2 of 50" in tool(site, "guesses", "192.0.2.50"))
    site.login(bob, remote="192.0.2.51").quit()


def test_last_login():
    site = Site()
    bob = site.user("bob")
    site.settings["POP3_PLAINOK"] = "1"
    check("\nlast login: never" in tool(site, "show", "bob"))
    phone = tool(site, "app-add", "bob", "phone")
    site.login(User("bob", phone, bob.maildir), remote="2001:db8::7").quit()
    site.login(bob, remote="192.0.2.1").quit()
    out = tool(site, "show", "bob")
    for line in (r"last login: 20\S+Z from 192\.0\.2\.1$", r"last login by phone: 20\S+Z from 2001:db8::7$"):
        check(re.search(line, out, re.M), line, "is not in", out)


def test_damaged_tables():
    """Whatever stands in the tables, or if they are cut, who is right comes in."""
    site = Site()
    bob = site.user("bob")
    site.settings["POP3_PLAINOK"] = "1"
    for name in ("guesses", "logins"):
        size = os.path.getsize(site.at("data", name))
        for content in (b"\xff" * size, b"", b"short"):
            with open(site.at("data", name), "r+b") as f:
                f.truncate(0)
                f.write(content)
            site.login(bob, remote="192.0.2.1").quit()
            refused(site, User("bob", "wrong", bob.maildir), "password", remote="192.0.2.1")


def test_one_form_of_names():
    site = Site()
    bob, upper = site.user("bob@example.org"), site.user("Al")
    for name, settings in (("bob@example.org", {}), ("bob", {"POP3_DOMAIN": "example.org"}),
                           ("BOB@Example.Org", {"POP3_FOLD": "1"}), ("bob+shop@example.org", {"POP3_SUBADDRESS": "+"}),
                           ("Bob-shop", {"POP3_SUBADDRESS": "-", "POP3_FOLD": "1", "POP3_DOMAIN": "x.org"}),
                           ("Bob_shop", {"POP3_SUBADDRESS": "_", "POP3_FOLD": "1", "POP3_DOMAIN": "Example.org"})):
        wanted = b"-ERR [AUTH]" if name == "Bob-shop" else b"+OK"  # "-" is no separator
        s = site.session(**settings)
        s.login(User(name, bob.password, bob.maildir), wanted=wanted)
        log = s.quit()
        check("user=bob@example.org " in log if wanted == b"+OK" else "user=bob-shop@x.org " in log, log)
    for name, settings in (("bob", {}), ("Bob@example.org", {}), ("bob+shop@example.org", {}),
                           ("bob", {"POP3_DOMAIN": "example.net"})):
        s = site.session(**settings)
        s.login(User(name, bob.password, bob.maildir), wanted=b"-ERR [AUTH]")
        s.quit()
    s = site.session(POP3_FOLD="1")  # a capital in the database is one that nobody can write then
    s.login(upper, wanted=b"-ERR [AUTH]")
    s.quit()
    out = subprocess.run([os.path.join(harness.BUILD, "sallyport-user"), "-f", site.at("users"), "-d", site.at("data"),
                          "test", "BOB+x"], input=bob.password + "\n", capture_output=True, text=True, check=False,
                         env=site.environment(POP3_FOLD="1", POP3_SUBADDRESS="+", POP3_DOMAIN="example.org")).stdout
    check(out.startswith("ok   name: bob@example.org\n") and "ok   password: right" in out, out)
    s = site.session(greet=False, POP3_SUBADDRESS="++")
    check("POP3_SUBADDRESS=++: must be one character" in s.wait())


CHECKPASSWORD = """#!{python}
# A checkpassword program, by the interface alone: fd 3 to its end, three strings, exit 1, 2 or 111, or become the user.
import os, signal, sys
data = b""
while block := os.read(3, 513):
    data += block
os.close(3)
if len(data) > 512 or data.count(b"\\0") != 3 or not data.endswith(b"\\0"):
    os._exit(2)
login, password, timestamp = data[:-1].decode().split("\\0")
if not timestamp.startswith("<") or not timestamp.endswith("@pop.example.org>"):
    os._exit(2)
if login.startswith("exit-"):
    os._exit(int(login[5:]))
if login.startswith("signal-"):
    os.kill(os.getpid(), int(login[7:]))
if login == "talks":  # to whom?  There is no network here
    os.write(1, b"")
    try:
        os.write(0, b"+OK logged in\\r\\n")
    finally:
        os._exit(1)
if login not in ("bob", "root") or password != "open sesame":
    os._exit(1)
if login == "bob" and os.getuid() == 0:
    os.setgroups([])
    os.setgid({gid})
    os.setuid({uid})
os.chdir("{home}")
os.environ |= {{"USER": login, "HOME": "{home}", "SHELL": "/bin/sh"}}
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Foreign:
    """A site whose users are a checkpassword program's."""

    def __init__(self):
        self.site = Site()
        self.bob = self.site.user("bob")
        home, name = os.path.split(self.bob.maildir.path)
        self.program = self.site.at("checkpassword")
        with open(self.program, "w", encoding="ascii") as f:
            f.write(CHECKPASSWORD.format(python=sys.executable, home=home, uid=self.bob.maildir.uid,
                                         gid=self.bob.maildir.gid))
        os.chmod(self.program, 0o755)
        shutil.copy(os.path.join(harness.BUILD, "sallyport-maildrop"), self.site.at("sallyport-maildrop"))
        self.chain = ("pop.example.org", self.program, self.site.at("sallyport-maildrop"), name)

    def session(self, chain=None, **options):
        return self.site.session(arguments=chain or self.chain, **options)

    def refused(self, name, reply, reason, password="x"):
        s = self.session()
        s.login(User(name, password, self.bob.maildir), wanted=reply)
        s.sock.close()
        log = s.wait()
        check(re.search(rf" ask sid=\S+ rip=127\.0\.0\.1 user={name} try=1$", log, re.M), log)
        check(re.search(FAIL.format(r"127\.0\.0\.1", r"\?", reason), log, re.M), reason, "is not in", log)
        return log


def test_checkpassword():
    """A login by somebody else's program, with everything a session has: mail is read and removed."""
    f = Foreign()
    f.bob.put("1000.a")
    f.bob.put("1001.b")
    s = f.session()
    check("SASL" not in s.asks("CAPA").decode(), "only passwords can be judged so")
    s.login(User("bob", "wrong", f.bob.maildir), wanted=b"-ERR [AUTH]")
    s.login(f.bob)
    equal(s.retr(1), b"Subject: t\r\n\r\nbody\r\n")
    s.ask("DELE 2")
    if harness.ROOT:
        owners = {os.stat(f"/proc/{pid}").st_uid for pid in [s.process.pid, *s.children()]}
        check(0 not in owners, "root stays in a session:", owners)
    log = s.quit()
    equal(s.status, 0)
    equal(f.bob.names(), ["cur/1000.a:2,"])
    check(re.search(r" login sid=\S+ .*user=bob auth=checkpassword", log), log)
    check(" alarm " not in log, log)


def test_checkpassword_behind_our_own_TLS():
    """sallyport before sallyport: the first speaks TLS, by STLS or from the first octet, the second asks the program."""
    f = Foreign()
    f.site.certificate()
    for kind, options in ((harness.StlsSession, ("-t",)), (harness.TlsSession, ("-s", "-t"))):
        f.bob.put("1000.a")
        s = kind(f.site, arguments=(*options, f.site.sallyport, *f.chain), remote="192.0.2.1")
        check(b"STLS" not in s.asks("CAPA"))
        s.login(User("bob", "wrong", f.bob.maildir), wanted=b"-ERR [AUTH]")
        s.login(f.bob)
        equal(s.retr(1), b"Subject: t\r\n\r\nbody\r\n")
        s.ask("DELE 1")
        log = s.quit()
        equal((s.status, f.bob.names()), (0, []), log)
        check(re.search(r" login sid=\S+ .*user=bob auth=checkpassword", log) and " version=TLSv1.3 " in log and " alarm " not in log, log)
    s = f.session(("-t", f.site.sallyport, *f.chain), remote="192.0.2.1")  # and no password before it
    check(b"\nSTLS\r\n" in s.asks("CAPA"))
    s.ask("USER bob", b"-ERR plaintext login is not allowed here")
    s.quit()


def test_checkpassword_says_no():
    f = Foreign()
    f.refused("bob", b"-ERR [AUTH]", "password", "wrong")
    f.refused("exit-1", b"-ERR [AUTH]", "password")
    f.refused("exit-2", b"-ERR [SYS/PERM]", "authconf")
    f.refused("exit-3", b"-ERR [AUTH]", "password")
    f.refused("exit-111", b"-ERR [SYS/TEMP]", "authtemp")
    f.refused("exit-127", b"-ERR [SYS/TEMP]", "authtemp")  # what was to be started could not be
    f.refused("exit-0", b"-ERR [SYS/PERM]", "authconf")  # success is no exit status
    for n in (9, 11, 15):
        check(f"signal={n}" in f.refused(f"signal-{n}", b"-ERR [SYS/TEMP]", "authtemp"))
    if harness.ROOT:
        check("left uid or gid 0" in f.refused("root", b"-ERR [SYS/PERM]", "authconf", "open sesame"))


def test_checkpassword_chains():
    f = Foreign()
    for chain, reply in ((("pop.example.org", "/bin/true", *f.chain[2:]), b"-ERR [SYS/PERM]"),
                         (("pop.example.org", "/bin/false", *f.chain[2:]), b"-ERR [AUTH]"),
                         (("pop.example.org", "/no/such", *f.chain[2:]), b"-ERR [SYS/TEMP]"),
                         ((*f.chain[:2], "/no/such", f.chain[3]), b"-ERR [AUTH]")):
        s = f.session(chain)
        s.login(f.bob, wanted=reply)
        s.end()
    s = f.session((*f.chain[:2], "/usr/bin/env", "HOME=/", *f.chain[2:]))  # more programs on the way
    s.login(f.bob).quit()
    s = f.session((*f.chain[:3], "no-maildir"))
    s.login(f.bob, wanted=b"-ERR [SYS/PERM]")
    s.end()


def test_checkpassword_long_password():
    f = Foreign()
    s = f.session()
    s.ask("USER bob")
    s.ask("PASS " + "x" * 490, b"-ERR [AUTH]")  # more than the interface takes: not asked at all
    s.login(f.bob).quit()


def signals_of(pid):
    """The signals that are blocked and that are ignored there."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        text = f.read()
    return [int(re.search(rf"^Sig{k}:\t(\w+)$", text, re.M)[1], 16) for k in ("Blk", "Ign")]


def is_in(signals, n):
    return bool(signals >> n - 1 & 1)


def test_checkpassword_with_odd_signals():
    """What a checkpassword program has blocked, ignored or taken back ends no session, and prolongs none."""
    f = Foreign()
    s = f.session((*f.chain[:2], "/usr/bin/env", "--block-signal=ALRM,TERM", "--ignore-signal=ALRM,TERM",
                   "--default-signal=PIPE,XFSZ", *f.chain[2:]))
    s.login(f.bob)
    blocked, ignored = signals_of(s.children()[-1])
    equal(blocked, 0)
    check(is_in(ignored, signal.SIGPIPE) and is_in(ignored, signal.SIGXFSZ), "a write that fails ends storage")
    check(not is_in(ignored, signal.SIGALRM), "no deadline ends it")
    s.quit()


def test_offered_with_odd_signals():
    """Deadlines hold, though the other server has blocked SIGALRM."""
    site = Site()
    site.user()  # there is a database
    os.mkfifo(site.at("given"))
    given = os.open(site.at("given"), os.O_RDWR)

    def prepare():
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
    s = site.session(greet=False, arguments=("-c", "/bin/true"), prepare=prepare,
                     prefix=("/bin/sh", "-c", 'exec 3<"$0"; exec "$@"', site.at("given")))
    limit = time.monotonic() + harness.DEADLINE
    while not s.children():  # taker, which waits for what we do not write
        check(time.monotonic() < limit and s.process.poll() is None, "no room is started:", s.log.text)
    blocked, ignored = signals_of(s.children()[0])
    os.close(given)
    equal(s.wait(), "")
    equal((blocked, is_in(ignored, signal.SIGALRM), s.status), (0, False, 2))


def offered(site, data, *program, **settings):
    """sallyport as a checkpassword program, as another server starts it: data on descriptor 3.  Returns its status, its
    output and its log."""
    read, write = os.pipe()
    try:
        os.write(write, data)
        os.close(write)
        done = subprocess.run(["/bin/sh", "-c", f"exec 3<&{read}; exec \"$@\"", "sh", site.sallyport, "-c",
                               *program], pass_fds=(read,), env=site.environment(**settings), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=harness.DEADLINE)
    finally:
        os.close(read)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


SHOW = ("/bin/sh", "-c", 'id -u; id -G; pwd; echo "$USER $HOME $SHELL $MAILDIR $KEPT"; ls -l /proc/$$/fd | wc -l; exit 7')


def test_offered_as_checkpassword():
    site = Site()
    os.mkdir(site.at("mail", "home"))
    bob = site.user("bob", maildrop=site.at("mail", "home", "Maildir"))
    os.chmod(site.at("mail", "home"), 0o711)
    site.settings["POP3_GUESSES"] = "6"
    status, out, log = offered(site, b"bob\0open sesame\0<1.2@h>\0", *SHOW)
    uid, gid = bob.maildir.uid, bob.maildir.gid
    equal(status, 7, log)  # the program's, in our place
    home = site.at("mail", "home")
    lines = out.splitlines()
    equal(lines[0], str(uid))
    check(str(gid) in lines[1].split() and (not harness.ROOT or lines[1] == str(gid)), lines[1])
    equal(lines[2:4], [home, f"bob {home} /bin/sh {home}/Maildir "])
    check(int(lines[4]) <= 5, "descriptors are left open:", out)
    equal(offered(site, b"bob\0open sesame\0t\0more\0", "/bin/true")[0], 0)
    for data, status, reason in ((b"bob\0open\0t\0", 1, "password"), (b"eve\0open\0t\0", 1, "nouser"),
                                 (b"bob\0\0t\0", 1, None), (b"\0x\0t\0", 1, None), (b"bob\0open sesame\0", 1, None),
                                 (b"", 2, None), (b"x" * 513, 2, None), (b"bob\0" + b"x" * 600 + b"\0t\0", 2, None)):
        got, out, log = offered(site, data, "/bin/echo", "in")
        equal((got, out), (status, ""), f"{data!r}: {log}")
        check(reason is None or f"reason={reason}" in log, log)
    tool(site, "disable", "bob")
    equal(offered(site, b"bob\0open sesame\0t\0", "/bin/true")[0], 1)
    tool(site, "enable", "bob")
    equal(offered(site, b"bob\0open sesame\0t\0", "/no/such")[0], 111)
    equal(offered(site, b"bob\0open sesame\0t\0", "/bin/true", POP3_MAILBASE=site.at("rooms"))[0], 100)
    with open(site.at("data", "secrets.cdb"), "r+b") as f:
        f.truncate(2050)
    equal(offered(site, b"bob\0open sesame\0t\0", "/bin/true")[0], 111)
    done = subprocess.run([site.sallyport, "-c", "/bin/true"], env=site.environment(), capture_output=True, check=False)
    equal(done.returncode, 2, "without descriptor 3")


def test_both_ways():
    """Our server with our own checkpassword program: the interface has two ends, and both are ours."""
    site = Site()
    os.mkdir(site.at("mail", "home"))
    os.chmod(site.at("mail", "home"), 0o711)
    bob = site.user("bob", maildrop=site.at("mail", "home", "Maildir"))
    bob.put("1000.a")
    shutil.copy(os.path.join(harness.BUILD, "sallyport-maildrop"), site.at("sallyport-maildrop"))
    s = site.session(arguments=("pop.example.org", site.sallyport, "-c", site.at("sallyport-maildrop"), "Maildir"))
    s.login(User("bob", "wrong", bob.maildir), wanted=b"-ERR [AUTH]")
    s.login(bob)
    equal(s.retr(1), b"Subject: t\r\n\r\nbody\r\n")
    s.quit()


if __name__ == "__main__":
    sys.exit(harness.run_module(globals()))
