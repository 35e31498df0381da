"""Where users come from and what keeps strangers out, through the whole chain: app passwords and their limits."""

import os
import re
import sys

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


if __name__ == "__main__":
    sys.exit(harness.run_module(globals()))
