"""Where users come from and what keeps strangers out, through the whole chain: app passwords and their limits."""

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


if __name__ == "__main__":
    sys.exit(harness.run_module(globals()))
