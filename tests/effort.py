"""The work that a login costs, counted: instructions and system calls, by a tracer (tests/effort/count.c), not by a clock.
Nobody can tell from it why a login failed, and with many users it costs what it costs with few."""

import os
import re
import shutil
import statistics
import subprocess
import sys

import harness
import sasl
from harness import BUILD, Session, Site, Skip, check, equal

COUNT = os.path.join(BUILD, "count")
RECVMSG, WAIT4 = 47, 61  # the first calls of authd's work, and of sallyport's when authd has ended
HASHES = "crypto_pwhash", "crypto_pwhash_str_verify", "crypt_rn", "digest_check"
SKIPPED = ("secret_wipe",)  # always the same, and long
NAMES = int(os.environ.get("NAMES", "2"))  # of each kind, all of one length


def symbols(program, names):
    """Where these are in its file, as nm prints them; those that it has."""
    out = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    at = dict(reversed(line.split(" ")[::2]) for line in out.splitlines() if line.count(" ") == 2)
    return [at[n] for n in names if n in at]


class Work:
    def __init__(self, line):
        self.instructions, self.calls, self.hashes = (int(n) for n in line.split())

    def __repr__(self):
        return f"{self.instructions} instructions, {self.calls} calls, {self.hashes} hashes"


def need_tracer():
    if not os.path.exists(COUNT):
        raise Skip("the tracer is written for x86_64")
    if not harness.ROOT:
        raise Skip("needs root: nobody else may look into a room, which is not dumpable")


def login(site, name, password, room="authd", first=RECVMSG, program=None, wanted=None, **settings):
    """One login; its reply, its reason in the log, and the work of the room."""
    need_tracer()
    program = program or (site.sallyport if room == "sallyport" else site.at("rooms", room))
    report = site.at("report")
    prefix = (COUNT, report, room, str(first), *symbols(program, ["_start"]), ",".join(symbols(program, HASHES)) + "/" + ",".join(symbols(program, SKIPPED)))
    s = Session(site, prefix=prefix, **settings)
    s.ask(f"USER {name}")
    s.send(f"PASS {password}\r\n".encode())
    reply = s.line()
    check(wanted is None or reply.startswith(wanted), reply)
    s.ask("QUIT")
    s.closed()
    log = s.end()
    equal(s.status, 0, log)
    why = re.search(r" reason=(\w+)$", log, re.M)
    with open(report, encoding="ascii") as f:
        lines = f.read().splitlines()
    equal(len(lines), 1, "the room ran once:")
    return reply, why and why[1], Work(lines[0])


# Enumeration.

def users_make(site):
    """Of each kind, some users; for each, why a login by that password fails."""
    kinds = {}
    for kind, reason, password, *more in (("wrong", "password", "wrong password"),
                                          ("known", "nouser", "open sesame!"),
                                          ("disab", "disabled", harness.PASSWORD, "disable", None),
                                          ("offed", "password", "wrong password", "disable", None),
                                          ("mecha", "badmech", harness.PASSWORD, "restrict", None, "-b", "login"),
                                          ("netwk", "allownets", harness.PASSWORD, "restrict", None, "-a", "192.0.2.0/24"),
                                          ("ended", "disabled", harness.PASSWORD, "restrict", None, "-x", "2020-01-01")):
        names = [f"{kind}{i:02}" for i in range(NAMES)]
        if kind != "known":
            for name in names:
                site.user(name)
                if more:
                    done = site.user_tool(*(name if m is None else m for m in more))
                    equal(done.returncode, 0, done.stderr)
        kinds[kind] = names, reason, password
    return kinds


def kinds_work(site, kinds, **settings):
    """The work for each name of each kind; the replies are one and the same."""
    work = {}
    for kind, (names, reason, password) in kinds.items():
        work[kind] = []
        for name in names:
            reply, why, w = login(site, name, password, **settings)
            equal(reply, b"-ERR [AUTH] login failed", name)
            equal(why, reason, name)
            work[kind].append(w)
    return work


def means(work):
    return {kind: statistics.mean(w.instructions for w in ws) for kind, ws in work.items()}


def spread(values):
    return (max(values) - min(values)) / min(values)


MOST = 0.05  # so much may the instructions of the kinds differ, without the hash: of some 60,000, a microsecond
CALLS = 1  # and their calls by so many, on average


def differences(work):
    """What tells one kind from another; nothing, if all is well."""
    found = []
    if {w.hashes for ws in work.values() for w in ws} != {1}:
        found.append(f"hashes: {({k: {w.hashes for w in ws} for k, ws in work.items()})}")
    if spread(means(work).values()) > MOST:
        found.append(f"instructions: {means(work)}")
    calls = {kind: statistics.mean(w.calls for w in ws) for kind, ws in work.items()}
    if max(calls.values()) - min(calls.values()) > CALLS:
        found.append(f"calls: {calls}")
    return found


site = Site() if __name__ == "__main__" else None  # others use what is above


def test_work_does_not_tell_why():
    kinds = users_make(site)
    work = kinds_work(site, kinds)
    if os.environ.get("SHOW"):
        for kind, ws in work.items():
            print(kind, ws)
    equal(differences(work), [])


def test_an_authd_without_a_decoy_is_found():
    rooms = site.at("careless")
    shutil.copytree(site.at("rooms"), rooms)
    shutil.copyfile(os.path.join(BUILD, "careless/authd"), os.path.join(rooms, "authd"))
    kinds = {k: (names[:2], reason, password) for k, (names, reason, password) in
             {"wrong": ([f"wrong{i:02}" for i in range(2)], "password", "wrong password"),
              "known": ([f"known{i:02}" for i in range(2)], "nouser", "wrong password")}.items()}
    work = kinds_work(site, kinds, program=os.path.join(rooms, "authd"), POP3_ROOMS=rooms)
    found = differences(work)
    check(any(f.startswith("hashes: ") for f in found) and any(f.startswith("instructions: ") for f in found), found)


# The same of proofs that answer a challenge, in authd-crypto: an HMAC or a digest is here what a password's hash is there.

MACS = "HMAC", "EVP_Digest"
FORMS = "-k shared -k scram-sha-256".split()
MOST_OF_CHALLENGES = 0.05  # one name of each kind: where it stands in the database costs some hundred instructions


def prove(s, how, name, password):
    """Begins at the greeting; returns the reply."""
    greeting = s.line()
    if how == "APOP":
        s.send(f"APOP {name} {sasl.apop(re.search(rb'<.*>', greeting)[0], password)}\r\n".encode())
    elif how == "CRAM-MD5":
        challenge = sasl.unb64(s.ask("AUTH CRAM-MD5", b"+ ")[2:])
        s.send(sasl.b64(sasl.cram_md5(challenge, name.encode(), password)).encode() + b"\r\n")
    else:
        client = sasl.Scram(name.encode(), password, "sha256")
        answer = sasl.unb64(s.ask("AUTH SCRAM-SHA-256 " + sasl.b64(client.first()), b"+ ")[2:])
        s.send(sasl.b64(client.final(answer)).encode() + b"\r\n")
    return s.line()


def challenged(where, how, name, password):
    program, report = where.at("rooms", "authd-crypto"), where.at("report")
    prefix = (COUNT, report, "authd-crypto", str(RECVMSG), *symbols(program, ["_start"]),
              ",".join(symbols(program, MACS)) + "/" + ",".join(symbols(program, SKIPPED)))
    s = Session(where, greet=False, prefix=prefix)
    equal(prove(s, how, name, password.encode()), b"-ERR [AUTH] login failed", name)
    s.ask("QUIT")
    s.closed()
    why = re.search(r" reason=(\w+)$", s.end(), re.M)[1]
    with open(report, encoding="ascii") as f:
        return why, Work(f.read().splitlines()[0])


def test_work_of_challenges_does_not_tell_why():
    need_tracer()
    where = Site()
    where.settings |= {"POP3_APOP": "1", "POP3_SASL": "cram-md5,scram-sha-256", "POP3_GUESSES": "0"}
    for name in ("wrong", "disab"):
        where.user(name)
        equal(where.user_tool("forms", name, *FORMS, password=harness.PASSWORD).returncode, 0)
    where.user("nofor")  # has a password, and no other form of it
    equal(where.user_tool("disable", "disab").returncode, 0)
    for how in ("APOP", "CRAM-MD5", "SCRAM-SHA-256"):
        work = {}
        for name, password, reason in (("wrong", "wrong", "password"), ("known", "wrong", "nouser"),
                                       ("disab", harness.PASSWORD, "disabled"), ("nofor", harness.PASSWORD, "badmech")):
            why, work[name] = challenged(where, how, name, password)
            equal(why, reason, f"{how} {name}")
        equal(len({w.hashes for w in work.values()}), 1, f"{how}: {work}")
        check(max(w.calls for w in work.values()) - min(w.calls for w in work.values()) <= CALLS, how, work)
        del work["nofor"]  # his value in the database has fewer verifiers to take apart
        check(spread([w.instructions for w in work.values()]) <= MOST_OF_CHALLENGES, how, work)


# Scale.

MANY, FEW = 100000, 10


def crowd(users):
    """A site of so many users, of whom one has a Maildir.  Removed with this process."""
    big = Site()
    big.user("someone00000")
    with open(big.at("users"), encoding="ascii") as f:
        fields = f.read().strip().split(":")
    lines = (":".join((f"user{i:08}", *fields[1:])) + "\n" for i in range(users - 1))
    with open(big.at("users"), "a", encoding="ascii") as f:
        f.writelines(lines)
    done = big.user_tool("compile")
    equal(done.returncode, 0, done.stderr)
    return big


def test_many_users_cost_what_few_cost():
    """authd's part, and sallyport's from authd's end to storage's beginning."""
    sites = {n: crowd(n) for n in (FEW, MANY)}
    for room, first in (("authd", RECVMSG), ("sallyport", WAIT4)):
        work = {}
        for n, s in sites.items():
            work[n] = [login(s, "someone00000", harness.PASSWORD, room, first, wanted=b"+OK")[2] for _ in range(2)]
            work[n] += [login(s, "nobody000000", harness.PASSWORD, room, first, wanted=b"-ERR")[2]
                        for _ in range(2) if room == "authd"]
        if os.environ.get("SHOW"):
            print(room, work)
        few, many = ([statistics.mean(getattr(w, what) for w in work[n]) for what in ("instructions", "calls")]
                     for n in (FEW, MANY))
        check(many[0] < few[0] * 1.05, room, "instructions:", few, many)
        check(many[1] <= few[1] + 6, room, "calls:", few, many)  # a name that shares its place in the hash costs some


if __name__ == "__main__":
    sys.exit(harness.run_module(globals()))
