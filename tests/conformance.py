"""conformance: tests/conformance against ourselves, where nothing may fail, some of it also behind TLS; and against a
server that is wrong on purpose, where each check must.  `conformance.py score` prints each check of the first, and takes
its arguments, --tls and --stls too."""

import json
import os
import shutil
import ssl
import subprocess
import sys

from harness import BUILD, TESTS, Maildir, Site, both_forms, check, equal, need, run, tcpserver

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TESTS, "conformance"))
import wire  # noqa: E402
from checks import CHECKS  # noqa: E402
from wrong_server import FEATURES, WrongServer  # noqa: E402

PROGRAM = os.path.join(TESTS, "conformance", "pop3-conformance")
CHECK = {c[0]: c[4] for c in CHECKS}
USER, PASSWORD = "bob", "open sesame"
# What a server must not have for a check to have something to say.
WITHOUT = {"stls-not-offered": {"stls"}, "utf8-not-offered": {"utf8"}, "plain-refused-alike": {"plain", "sasl"},
           "greeting-apop": {"apop"}}


# Tokens are believed, of an issuer who has the public key of RFC 8037 appendix A.2; none of his is here.
ISSUERS = "issuer https://login.example.org\nkeys set.jwks\naudience sallyport\nuser sub\n"
KEYS = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}


def site_make():
    site = Site()
    site.settings |= {"POP3_APOP": "1", "POP3_SHAREDOK": "1"}
    site.settings["POP3_SASL"] = "plain,login,cram-md5,scram-sha-1,scram-sha-256,oauthbearer,xoauth2"
    for name, text in (("issuers", ISSUERS), ("set.jwks", json.dumps(KEYS))):
        with open(site.at(name), "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(site.at(name), 0o600)
    user = site.user()
    forms = site.user_tool("forms", user.name, "-k", "shared", "-k", "scram-sha-1", "-k", "scram-sha-256", password=user.password)
    equal((forms.returncode, forms.stderr), (0, ""), "sallyport-user forms")
    return site, user


# What TLS could spoil: who is greeted, what is announced and forgotten, limits, long replies, and the end.
BEHIND_TLS = ("greeting", "nothing-after-quit", "long-line", "endless-line", "in-pieces", "half-command", "quit-after-errors", "login-spaces",
              "login-again", "pass-first", "auth-code", "capa-before", "capa-after", "capa-user", "pipelining",
              "pipelining-many", "pipelining-no-deadlock", "list", "retr-pure", "top-dots", "shrunk", "quit-removes",
              "idle-connections", "plain-initial", "plain-challenge", "sasl-after-login", *(c[0] for c in CHECKS if "tls" in c[0]))


def suite(*arguments, **options):
    """The suite against the whole chain, as the program that it is; by TLS from the first octet if they say --tls."""
    site, user = site_make()
    site.certificate(kind="ecdsa")
    # Its checks guess wrong on purpose, more often than the limit allows from one address.
    with tcpserver(site, "-c", "100", program=("-s",) if "--tls" in arguments else (), POP3_GUESSES="0") as server:
        return subprocess.run([PROGRAM, "--port", str(server.port), "--user", user.name, "--password", user.password,
                               "--maildir", user.maildir.path, *arguments], text=True, **options)


def ourselves(*arguments):
    done = suite(*arguments, "--json", capture_output=True)
    check(done.stdout, "it could not begin:", done.stderr)
    report = json.loads(done.stdout)
    bad = [f"{c['name']}: {c['detail']}" for c in report["checks"] if c["result"] == "fail"]
    print(f"ok score {report['score']}; {report['counts']['not-announced']} not announced, "
          f"{report['counts']['not-tested']} not tested; {report['seconds']} s")
    check(not bad, " || ".join(bad))
    return {c["name"]: c["result"] for c in report["checks"]}


def ourselves_by_tls():
    results = ourselves("--tls", "--only", ",".join(BEHIND_TLS))
    equal([n for n in BEHIND_TLS if results[n] != "pass" and not n.startswith("stls")], [])


def ourselves_by_stls():
    results = ourselves("--stls", "--only", ",".join(BEHIND_TLS))
    equal([n for n in BEHIND_TLS if results[n] != "pass"], ["stls-not-offered"])


class Wrong:
    """The wrong server and a target for it."""

    def __init__(self):
        need("openssl")
        self.site = Site()
        self.maildir = Maildir(self.site.at("mail", "bob"), os.getuid(), os.getgid())
        os.mkdir(self.maildir.path)
        for sub in ("new", "cur", "tmp"):
            os.mkdir(os.path.join(self.maildir.path, sub))
        key, cert = self.site.at("key"), self.site.at("cert")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                        "/CN=localhost", "-days", "2", "-keyout", key, "-out", cert], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)

    def run(self, names, wrong=(), without=(), look=()):
        """Results of these checks, in their order, with these faults, without these features; look: faults that are
        there when the capabilities are looked at, too."""
        server = WrongServer(self.maildir.path, USER, PASSWORD, self.context, FEATURES - set(without))
        target = wire.Target("127.0.0.1", server.port, USER, PASSWORD, wire.Maildir(self.maildir.path), timeout=1 if wrong else 20, idle=600,
                             tls="none" if "plain" not in without else "stls")
        try:
            server.wrong |= set(look)
            target.look()
            server.wrong |= set(wrong)
            return [target.run(CHECK[name]) for name in names]
        finally:
            target.close_all()
            server.close()


def right_server():
    """Without faults, each check passes with all features or without some, and none fails."""
    w, good = Wrong(), set()
    names = [n for n in CHECK if n != "idle-ten-minutes"]
    for without in ((), *WITHOUT.values()):
        some = names if not without else [n for n in names if n in WITHOUT]
        for name, (result, detail) in zip(some, w.run(some, without=without)):
            check(result != "fail", name, "fails without a fault:", detail)
            if result == "pass":
                good.add(name)
    equal(sorted(set(names) - good), [], "never passed")


def wrong_server():
    """Each check fails for the fault of its name."""
    w, good = Wrong(), []
    for name in CHECK:
        seen_by_capa = name.startswith(("capa-", "login-delay", "sasl-after"))
        names = ["keyword-case", name] if name.startswith("every-") else [name]
        result, detail = w.run(names, wrong={name}, without=WITHOUT.get(name, ()),
                               look={name} if seen_by_capa and name != "capa-after" else ())[-1]
        if result != "fail":
            good.append(f"{name}: {result} {detail}")
    check(not good, "did not fail:", " || ".join(good))


if __name__ == "__main__":
    if sys.argv[1:2] == ["score"]:  # all of it in the open: what `make conformance` prints
        sys.exit(suite(*sys.argv[2:]).returncode)
    ours = {f"test_{f.__name__}": f for f in (ourselves, ourselves_by_tls, ourselves_by_stls)}
    tests = both_forms(ours, lambda name: name.endswith("-tls")) + [("right-server", right_server), ("wrong-server", wrong_server)]
    # The wrong server is the same whatever libc our rooms have.
    sys.exit(run(tests[:4] if BUILD.endswith("glibc") and shutil.which("musl-gcc") else tests))
