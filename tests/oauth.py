"""oauth: OAUTHBEARER and XOAUTH2 through the whole chain: clients that people have, over TLS; every refusal, octet for
octet; issuers and keys as administrators write them.  The tokens are signed by the openssl program, which is not the code
that judges them."""

import base64
import json
import os
import re
import subprocess
import time

from harness import (DEADLINE, Site, TlsSession, check, equal, need, run_module, tcpserver, tls_context)

ISSUER, ELSEWHERE = "https://login.example.org/realms/mail", "192.0.2.7"
NO = b"-ERR [AUTH] login failed"
DUMMY = {"OAUTHBEARER": b"AQ==", "XOAUTH2": b""}


def b64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def openssl(*arguments, given=None):
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True, timeout=DEADLINE).stdout


class Signer:
    """A private key in a file, its public half as a JWK, and tokens by it."""
    KINDS = {"RS256": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"), "ES256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
             "EdDSA": ("ED25519",)}

    def __init__(self, directory, algorithm, kid):
        self.algorithm, self.kid = algorithm, kid
        self.file = os.path.join(directory, f"{kid}.key")
        openssl("genpkey", "-algorithm", *self.KINDS[algorithm], "-out", self.file)
        self.pem = openssl("pkey", "-in", self.file, "-pubout")
        der = openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")
        if algorithm == "RS256":
            modulus = openssl("rsa", "-in", self.file, "-noout", "-modulus").split(b"=")[1]
            members = {"kty": "RSA", "n": b64url(bytes.fromhex(modulus.decode())), "e": "AQAB"}
        elif algorithm == "ES256":
            members = {"kty": "EC", "crv": "P-256", "x": b64url(der[-64:-32]), "y": b64url(der[-32:])}
        else:
            members = {"kty": "OKP", "crv": "Ed25519", "x": b64url(der[-32:])}
        self.jwk = members | {"kid": kid, "use": "sig", "alg": algorithm}

    def sign(self, text):
        if self.algorithm == "EdDSA":
            with open(self.file + ".text", "wb") as f:  # it must know the length
                f.write(text)
            return openssl("pkeyutl", "-sign", "-inkey", self.file, "-rawin", "-in", self.file + ".text")
        signature = openssl("dgst", "-sha256", "-sign", self.file, given=text)
        if self.algorithm == "ES256":
            numbers = re.findall(rb":([0-9A-F]+)\n", openssl("asn1parse", "-inform", "DER", given=signature))
            signature = b"".join(int(n, 16).to_bytes(32, "big") for n in numbers)
        return signature

    def token(self, header=None, **claims):
        """A token for bob, unless told otherwise; a claim of None is left out."""
        header = {"alg": self.algorithm, "kid": self.kid, "typ": "at+jwt"} | (header or {})
        claims = {"iss": ISSUER, "aud": "sallyport", "exp": int(time.time()) + 3600, "email": "bob",
                  "scope": "openid pop3"} | claims
        parts = [b64url(json.dumps({k: v for k, v in p.items() if v is not None}).encode()) for p in (header, claims)]
        text = ".".join(parts).encode()
        return text.decode() + "." + b64url(self.sign(text))


def issuers(site, text=None, keys=(), mode=0o644):
    """Write the file issuers and the set of keys beside it, and compile."""
    text = text or f"# ours\nissuer {ISSUER}\n\tkeys set.jwks\n\taudience sallyport\n\tuser email\n\tscope pop3\n"
    for name, content in (("issuers", text), ("set.jwks", json.dumps({"keys": [k.jwk for k in keys]}))):
        with open(site.at(name), "w", encoding="utf-8") as f:
            f.write(content)
        os.chmod(site.at(name), mode)
    return site.user_tool("compile")


site = Site()
site.certificate()
site.settings["POP3_SASL"] = "plain,oauthbearer,xoauth2"
bob = site.user("bob")
os.mkdir(site.at("keys"))
RSA, P256, ED = (Signer(site.at("keys"), a, k) for a, k in (("RS256", "r1"), ("ES256", "p1"), ("EdDSA", "e1")))
done = issuers(site, keys=(RSA, P256, ED))
check(done.returncode == 0, done.stderr)


def response(mechanism, name, token):
    if mechanism == "XOAUTH2":
        return base64.b64encode(f"user={name}\1auth=Bearer {token}\1\1".encode())
    name = name.replace("=", "=3D").replace(",", "=2C")
    return base64.b64encode(f"n,a={name},\1host=localhost\1port=995\1auth=Bearer {token}\1\1".encode())


def login(session, mechanism, name, token, initial=True):
    """What the server says to it."""
    if initial:
        session.send(b"AUTH " + mechanism.encode() + b" " + response(mechanism, name, token) + b"\r\n")
        return session.line()
    session.ask("AUTH " + mechanism, b"+ ")
    session.send(response(mechanism, name, token) + b"\r\n")
    return session.line()


CHALLENGE = {"OAUTHBEARER": b'{"status":"invalid_token","scope":"pop3"}',
             "XOAUTH2": b'{"status":"401","schemes":"bearer","scope":"pop3"}'}


def refused(session, mechanism, name, token, wanted=NO, **how):
    equal(login(session, mechanism, name, token, **how), b"+ " + base64.b64encode(CHALLENGE[mechanism]))
    session.send(DUMMY[mechanism] + b"\r\n")
    equal(session.line(), wanted)


# Clients of others, over TLS.

MESSAGE = b"Subject: for a client\r\n\r\nbody\r\n"


def fill(user):
    """One message."""
    for name in user.names():
        os.unlink(user.maildir.at(name))
    user.put("1.a.host", MESSAGE)


def server_start(**settings):
    need("tcpserver")
    return tcpserver(site, program=("-s",), **settings)


def curl(server, name, token, *options):
    """It takes OAUTHBEARER where it is, whatever --login-options says."""
    return subprocess.run(["curl", "-sS", "--max-time", str(DEADLINE), "--cacert", site.at("tls", "fullchain.pem"), "--user", name, "--oauth2-bearer", token, *options,
                           f"pop3s://localhost:{server.port}/1"], capture_output=True, timeout=DEADLINE + 5)


def test_curl():
    need("curl")
    fill(bob)
    for mechanism in ("OAUTHBEARER", "XOAUTH2"):
        with server_start(POP3_SASL=mechanism.lower()) as server:
            for ir in ((), ("--sasl-ir",)):
                for signer in (RSA, P256, ED):
                    got = curl(server, "bob", signer.token(), *ir)
                    equal((got.returncode, got.stdout), (0, MESSAGE), got.stderr)
                    server.log.wait(rf"login .* user=bob auth={mechanism.lower()}")
            wrong = curl(server, "bob", RSA.token(exp=1))
            equal(wrong.returncode, 67, wrong.stderr)
            server.log.wait(r"fail .* user=bob try=1 reason=token-expired$")


def mpop(server, name, token, mechanism):
    home = site.at(f"mpop-{mechanism}")
    for sub in ("new", "cur", "tmp"):
        os.makedirs(os.path.join(home, sub), exist_ok=True)
    config = os.path.join(home, "rc")
    with open(config, "w", encoding="ascii") as f:
        f.write(f"account default\nhost localhost\nport {server.port}\ntls on\ntls_starttls off\n"
                f"tls_trust_file {site.at('tls', 'fullchain.pem')}\nauth {mechanism.lower()}\nuser {name}\n"
                f"passwordeval cat {home}/token\nreceived_header off\nkeep on\nuidls_file {home}/uidls\n"
                f"delivery maildir {home}\n")
    os.chmod(config, 0o600)
    with open(os.path.join(home, "token"), "w", encoding="ascii") as f:
        f.write(token + "\n")
    done = subprocess.run(["mpop", "-Q", "-C", config], capture_output=True, timeout=DEADLINE, env=os.environ | {"HOME": home})
    kept = []
    for n in os.listdir(os.path.join(home, "new")):
        with open(os.path.join(home, "new", n), "rb") as f:
            kept.append(f.read())
    return done, kept


def test_mpop():
    need("mpop")
    fill(bob)
    with server_start() as server:
        for mechanism in ("OAUTHBEARER", "XOAUTH2"):
            done, kept = mpop(server, "bob", RSA.token(), mechanism)
            equal((done.returncode, kept), (0, [MESSAGE.replace(b"\r\n", b"\n")]), done.stderr)
            server.log.wait(rf"login .* user=bob auth={mechanism.lower()}")
            done, _ = mpop(server, "bob", RSA.token(aud="other"), mechanism)
            equal(done.returncode, 77, done.stderr)  # EX_NOPERM
            server.log.wait(r"fail .* user=bob try=1 reason=token-audience$")


# Every refusal, octet for octet.

def test_refusals_are_alike():
    site.user("eve")
    equal(site.user_tool("disable", "eve").returncode, 0)
    other = Signer(site.at("keys"), "EdDSA", "e1-other")
    other.kid = "e1"
    good = ED.token()
    now = int(time.time())
    cases = {  # reason: the name and the token
        "token": ("bob", "x"), "token-issuer": ("bob", ED.token(iss=ISSUER + "/")), "token-key": ("bob", ED.token({"kid": "x"})),
        "token-signature": ("bob", other.token()), "token-expired": ("bob", ED.token(exp=now - 61)),
        "token-early": ("bob", ED.token(nbf=now + 3600)), "token-audience": ("bob", ED.token(aud=["a", "b"])),
        "token-scope": ("bob", ED.token(scope="imap")), "token-bound": ("bob", ED.token(cnf={"jkt": "x"})),
        "token-user": ("bob", ED.token(email=None)), "authzid": ("eve", good), "nouser": ("nobody", ED.token(email="nobody")),
        "disabled": ("eve", ED.token(email="eve"))}
    for mechanism in ("OAUTHBEARER", "XOAUTH2"):
        for reason, (name, token) in cases.items():
            s = TlsSession(site, remote=ELSEWHERE, POP3_GUESSES="0")
            refused(s, mechanism, name, token)
            check(f" user={name} try=1 reason={reason}\n" in s.quit(), reason)
    none = good.split(".")
    for header in ({"alg": "none"}, {"alg": "HS256", "kid": "r1"}):
        token = ".".join((b64url(json.dumps(header).encode()), none[1], "" if header["alg"] == "none" else none[2]))
        s = TlsSession(site, POP3_GUESSES="0")
        refused(s, "XOAUTH2", "bob", token)
        check(" reason=token-key\n" in s.quit(), header)


def test_what_is_no_response():
    for mechanism, text, challenge in (("OAUTHBEARER", b"n,,\1auth=Bearer x\1\1", b'{"status":"invalid_request"}'),
                                       ("OAUTHBEARER", b"p=tls-exporter,a=bob,\1auth=Bearer x\1\1",
                                        b'{"status":"invalid_request"}'),
                                       ("XOAUTH2", b"user=bob\1\1", b'{"status":"400","schemes":"bearer","scope":""}')):
        s = TlsSession(site)
        s.send(b"AUTH " + mechanism.encode() + b" " + base64.b64encode(text) + b"\r\n")
        equal(s.line(), b"+ " + base64.b64encode(challenge))
        s.send(DUMMY[mechanism] + b"\r\n")
        equal(s.line(), NO)
        check(" user=- try=1 reason=malformed\n" in s.quit(), text)


def test_client_that_goes_at_the_challenge_was_counted():
    """Who never hears no has been heard all the same."""
    for end in (b"*\r\n", None):
        user = site.user()
        for n in range(4):
            s = TlsSession(site, remote=ELSEWHERE, POP3_GUESSES="4")
            answer = login(s, "XOAUTH2", user.name, ED.token(email="x", n=n))
            equal(answer, b"+ " + base64.b64encode(CHALLENGE["XOAUTH2"]))
            if end:
                s.send(end)
                equal(s.line(), b"-ERR login cancelled")
                s.ask("QUIT")
            log = s.end()
            equal(log.count(f"user={user.name} try=1 reason=authzid"), 1, log)
        s = TlsSession(site, remote=ELSEWHERE, POP3_GUESSES="4")
        equal(login(s, "XOAUTH2", user.name, ED.token(email=user.name)), b"-ERR too many failed logins, wait before the next")
        check(" reason=ratelimit\n" in s.quit())
        equal(site.user_tool("unban", user.name).returncode, 0)
        equal(site.user_tool("unban", ELSEWHERE).returncode, 0)


def test_who_hears_no_and_is_silent_keeps_nobody_waiting():
    """The slot that his token was judged in is free while he thinks about the challenge."""
    user = site.user()
    slow, other = (TlsSession(site, POP3_SLOTS="1") for _ in range(2))
    login(slow, "OAUTHBEARER", user.name, "x")
    other.login(user)
    other.quit()
    slow.send(DUMMY["OAUTHBEARER"] + b"\r\n")
    equal(slow.line(), NO)
    slow.quit()


def test_same_wrong_token_counts_once():
    user, token = site.user(), ED.token(exp=1)
    for _ in range(8):
        s = TlsSession(site, POP3_GUESSES="4")
        refused(s, "OAUTHBEARER", user.name, token)
        s.quit()
    check("1 of 10 guesses" in site.user_tool("guesses", user.name).stdout, site.user_tool("guesses", user.name).stdout)


# Where it is offered.

def offered(session):
    return [line.split(" ")[1:] for line in session.asks("CAPA").decode().splitlines() if line.startswith("SASL")]


def test_never_in_the_clear():
    both = [["PLAIN", "OAUTHBEARER", "XOAUTH2"]]
    for plainok, wanted in (("0", []), ("1", [["PLAIN"]])):
        s = site.session(remote=ELSEWHERE, POP3_PLAINOK=plainok)
        equal(offered(s), wanted)
        for mechanism in ("OAUTHBEARER", "XOAUTH2"):
            equal(login(s, mechanism, "bob", "x"), b"-ERR mechanism is not supported")
        s.quit()
    s = TlsSession(site, remote=ELSEWHERE)
    equal(offered(s), both)
    equal(login(s, "XOAUTH2", "bob", ED.token()), b"+OK logged in")
    equal(offered(s), both)
    s.quit()
    s = site.session(remote=ELSEWHERE)  # and after STLS
    equal(offered(s), [])
    s.ask("STLS")
    s.sock = tls_context().wrap_socket(s.sock, server_hostname="localhost", suppress_ragged_eofs=False)
    equal(offered(s), both)
    equal(login(s, "OAUTHBEARER", "bob", ED.token()), b"+OK logged in")
    s.ask("QUIT")
    s.end()
    s = site.session()  # a TLS server in front
    equal(offered(s), both)
    s.quit()


def test_not_offered_unless_asked_for():
    s = TlsSession(site, POP3_SASL=None)
    equal(offered(s), [["PLAIN", "LOGIN"]])
    equal(login(s, "XOAUTH2", "bob", "x"), b"-ERR mechanism is not supported")
    # And then a line has the bound that it always had.
    s.send(b"AUTH XOAUTH2 " + b"A" * 600 + b"\r\n")
    equal(s.line(), b"-ERR line too long")
    s.quit()


# Sizes.

def test_sizes_of_tokens():
    for mechanism in ("OAUTHBEARER", "XOAUTH2"):
        for size in (1000, 2000, 4000, 6000):
            token = RSA.token(groups="g" * size)
            for initial in (True, False):
                s = TlsSession(site)
                equal(login(s, mechanism, "bob", token, initial), b"+OK logged in", f"{len(token)} octets")
                s.quit()
    s = TlsSession(site)
    equal(login(s, "XOAUTH2", "bob", RSA.token(groups="g" * 7000)), b"-ERR line too long")
    equal(login(s, "XOAUTH2", "bob", RSA.token(groups="g" * 7000), initial=False), b"-ERR line too long")
    s.quit()


# What a user's line says.

def test_limits_of_a_user():
    user = site.user()
    token = ED.token(email=user.name)

    def outcome(mechanism="OAUTHBEARER"):
        s = TlsSession(site, POP3_GUESSES="0")
        answer = login(s, mechanism, user.name, token)
        if answer != b"+OK logged in":
            equal(answer, b"+ " + base64.b64encode(CHALLENGE[mechanism]))
            s.send(b"AQ==\r\n")
            equal(s.line(), NO)
        log = s.quit()
        return re.search(r" (?:reason|auth)=(\S+)", log)[1]

    def restrict(*limits):
        equal(site.user_tool("restrict", user.name, *limits).returncode, 0)

    equal(outcome(), "oauthbearer")
    restrict("-b", "plain", "-b", "pass")
    equal(outcome(), "badmech")
    restrict("-b", "xoauth2")
    equal((outcome(), outcome("XOAUTH2")), ("badmech", "xoauth2"))
    s = TlsSession(site, POP3_GUESSES="0")
    s.login(user, NO)  # tokens alone: no password
    check("reason=badmech" in s.quit())
    restrict("-x", "2020-01-01")
    equal(outcome(), "disabled")
    restrict("-a", "192.0.2.0/24")
    equal(outcome(), "allownets")
    restrict()
    equal(outcome(), "oauthbearer")
    check("last login: 20" in site.user_tool("show", user.name).stdout)


def test_names():
    """The token's name in the form that names have; but a subaddress is no other name for somebody."""
    site.user("ann@example.org")
    policy = {"POP3_DOMAIN": "example.org", "POP3_FOLD": "1", "POP3_SUBADDRESS": "+", "POP3_GUESSES": "0"}
    for asked, said, good in (("ann", "ann@example.org", True), ("ann@example.org", "ann", True), ("Ann", "ANN@Example.org", True),
                              ("ann+shop", "ann", True), ("ann", "ann+shop", False), ("ann+shop", "ann+shop", False),
                              ("ann@example.org", "ann@example.com", False), ("ann", "", False)):
        s = TlsSession(site, **policy)
        answer = login(s, "OAUTHBEARER", asked, ED.token(email=said))
        equal(answer == b"+OK logged in", good, f"{asked} by {said}: {answer}")
        if not good:
            s.send(b"AQ==\r\n")
            equal(s.line(), NO)
        s.quit()


# What administrators write.

def another(**settings):
    """A site of its own, with a user; no issuers yet."""
    where = Site()
    where.certificate()
    where.settings |= {"POP3_SASL": "oauthbearer,xoauth2"} | settings
    where.user("bob")
    return where


def answer_at(where, token, name="bob"):
    s = TlsSession(where)
    answer = login(s, "XOAUTH2", name, token)
    s.sock.close()
    return answer, s.wait()


def test_no_issuers():
    where = another()
    answer, log = answer_at(where, ED.token())
    check(answer.startswith(b"-ERR [SYS/PERM] ") and "reason=authconf" in log, answer, log)
    check("write the file issuers (sallyport-users(5)) and run sallyport-user compile" in log, log)


def test_keys_are_changed():
    where = another()
    good, no = b"+OK logged in", b"+ " + base64.b64encode(CHALLENGE["XOAUTH2"])
    for keys, accepted in (((ED,), (ED,)), ((ED, RSA), (ED, RSA)), ((RSA,), (RSA,))):
        done = issuers(where, keys=keys)
        equal(done.returncode, 0, done.stderr)
        for signer in (ED, RSA):
            equal(answer_at(where, signer.token())[0], good if signer in accepted else no, signer.kid)
    os.unlink(where.at("issuers"))
    equal(where.user_tool("compile").returncode, 0)
    check(answer_at(where, RSA.token())[0].startswith(b"-ERR [SYS/PERM] "))


def test_several_issuers_and_pem():
    where = another()
    with open(where.at("two.pem"), "wb") as f:
        f.write(b"# of the second\n" + P256.pem + ED.pem)
    text = (f"issuer {ISSUER}\nkeys set.jwks\naudience x\naudience sallyport\nuser email\n"
            f"  issuer https://two\n  keys {where.at('two.pem')}\n  audience pop\n  user preferred_username\n")
    done = issuers(where, text, (RSA,))
    equal((done.returncode, done.stderr), (0, ""))
    two = {"iss": "https://two", "aud": ["pop"], "email": None, "preferred_username": "bob"}
    for token, good in ((RSA.token(), True), (RSA.token(aud="x", scope=None), True), (P256.token(**two), True),
                        (ED.token(**two), True), (ED.token({"kid": None}, **two), True), (RSA.token(**two), False),
                        (ED.token(), False), (P256.token(**two | {"aud": "sallyport"}), False)):
        answer, log = answer_at(where, token)
        equal(answer == b"+OK logged in", good, log)
    # The first issuer asks for no scope.
    equal(answer, b"+ " + base64.b64encode(b'{"status":"401","schemes":"bearer","scope":""}'))


GOOD = f"issuer {ISSUER}\nkeys set.jwks\naudience sallyport\nuser email\n"


def test_issuers_are_shown():
    where = another()
    equal(where.user_tool("issuers").returncode, 1)
    for_other_ends = Signer(site.at("keys"), "ES256", "enc")
    for_other_ends.jwk["use"] = "enc"
    equal(issuers(where, keys=(for_other_ends, RSA, ED)).returncode, 0)
    equal(where.user_tool("issuers").stdout,
          f"left out: key 1 of {where.at('set.jwks')}, enc: it is not for signatures\n"
          f"issuer: {ISSUER}\nuser: email\naudience: sallyport\nscope: pop3\nkey: RS256 r1\nkey: EdDSA e1\n")


def test_tested_by_a_token():
    """sallyport-user test -t says what authd would: the same outcome for each token."""
    where = another()
    equal(where.user_tool("test", "bob", "-t", password=ED.token()).returncode, 1)  # no issuers
    equal(issuers(where, keys=(ED,)).returncode, 0)
    for token, line in ((ED.token(), "ok   token: good"), (ED.token(exp=1), "FAIL token: it has expired (exp)"),
                        (ED.token(email="eve"), "FAIL the token's user: eve"), (RSA.token(), "FAIL token: the issuer has no key"),
                        ("x" * 9218, None), ("x", "FAIL token: it is no signed token")):
        done = where.user_tool("test", "bob", "-t", password=token)
        if line is None:
            equal((done.returncode, "at most 9216 octets" in done.stderr), (100, True), done.stderr)
            continue
        check(line in done.stdout, line, done.stdout)
        answer, log = answer_at(where, token)
        equal(done.returncode == 0, answer == b"+OK logged in", done.stdout + log)
    check("tokens: oauthbearer xoauth2\n" in where.user_tool("show", "bob").stdout)
    equal(where.user_tool("restrict", "bob", "-b", "xoauth2", "-a", "192.0.2.0/24").returncode, 0)
    check("tokens: xoauth2\n" in where.user_tool("show", "bob").stdout)
    for address, status in (("192.0.2.1", 0), ("192.0.3.1", 1)):
        equal(where.user_tool("test", "bob", "-t", "-a", address, password=ED.token()).returncode, status)
    equal(where.user_tool("restrict", "bob", "-b", "plain").returncode, 0)
    check("tokens: none\n" in where.user_tool("show", "bob").stdout)
    check("FAIL good for tokens\n" in where.user_tool("test", "bob", "-t", password=ED.token()).stdout)


def test_errors_name_the_line_and_change_nothing():
    where = another()
    equal(issuers(where, keys=(ED,)).returncode, 0)
    with open(where.at("weak.pem"), "wb") as f:
        f.write(openssl("pkey", "-pubout", given=openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")))
    with open(where.at("private.pem"), "wb") as f:
        f.write(openssl("genpkey", "-algorithm", "ED25519"))
    with open(where.at("private.jwks"), "w", encoding="ascii") as f:
        json.dump({"keys": [ED.jwk | {"d": "AAAA"}]}, f)
    with open(where.at("page.html"), "w", encoding="ascii") as f:
        f.write("<html>502 Bad Gateway</html>")
    for name in ("weak.pem", "private.pem", "private.jwks", "page.html"):
        os.chmod(where.at(name), 0o600)
    for text, line, said in (
            ("audience x\n" + GOOD, "issuers:1", "no issuer stands before this"), (GOOD + "color red\n", "issuers:5", "unknown word"),
            (GOOD + "user\n", "issuers:5", "and its value"), (GOOD + "user sub\n", "issuers:5", "there twice"),
            (GOOD + GOOD, "issuers:5", "there twice"), (GOOD + "scope a b\n", "issuers:5", "a blank"),
            (GOOD + 'scope a"b\n', "issuers:5", "a quote"), (GOOD + "keys nowhere\n", "issuers:5", "cannot open"),
            (GOOD.replace("keys set.jwks\n", ""), "issuers:1", "no key that signs"),
            (GOOD.replace("audience sallyport\n", ""), "issuers:1", "no audience"),
            (GOOD.replace("user email\n", ""), "issuers:1", "which claim names the user"),
            (GOOD + "audience x\n" * 8, "issuers:12", "more than 8 audiences"),
            ("".join(GOOD.replace(ISSUER, f"https://{n}") for n in range(9)), "issuers:33", "more than 8 issuers"),
            (GOOD + "keys weak.pem\n", "weak.pem: key 1", "less than 2048"), (GOOD + "keys private.pem\n", "private.pem: key 1", "no PUBLIC KEY"),
            (GOOD + "keys private.jwks\n", "private.jwks: key 1", "private key"), (GOOD + "keys page.html\n", "page.html", "no JWK Set"),
            (GOOD.replace("\n", "\r\n"), "issuers:1", "not printable")):
        before = os.stat(where.at("data", "secrets.cdb")).st_ino
        done = issuers(where, text, (ED,))
        equal(done.returncode, 100, text)
        check(re.search(re.escape(line) + ": .*" + re.escape(said), done.stderr), done.stderr)
        equal(os.stat(where.at("data", "secrets.cdb")).st_ino, before, text)
    equal(answer_at(where, ED.token())[0], b"+OK logged in")
    done = issuers(where, GOOD, (ED,), mode=0o664)
    equal(done.returncode, 100)
    check("others can write" in done.stderr and "chmod go-w" in done.stderr, done.stderr)


if __name__ == "__main__":
    raise SystemExit(run_module(globals()))
