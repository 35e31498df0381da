"""model: tests/model/*.pml, searched by Spin: nothing that must not be is reached, every session ends, and each
fault that can be put into the model is found; and its messages are those of lib/msg.h, from and to the same rooms.
`model.py deep` gives the hostile pop3d one message more, which takes a gigabyte and some minutes."""

import os
import re
import subprocess
import sys
import tempfile

from harness import TESTS, check, equal, need, run

SESSION, TLS = (os.path.join(TESTS, "model", name) for name in ("session.pml", "tls.pml"))
FAULTS = {"VERDICT": "a launch that takes no verdict for one",
          "HOLD": "a launch that keeps the client",
          "READ": "a launch that reads what pop3d wrote",
          "DEADLINE": "a pop3d without a deadline",
          "FLOOR": "a launch that becomes whom it must refuse",
          "COMMIT": "a storage that believes a count that does not fit",
          "TELL": "a verdict that passes through pop3d",
          "STLS": "a request that survives STLS",
          "TOLD": "a pop3d behind TLS that thinks all attempts are left"}
FAULTS_OF_TLS = {"TWICE": "a tlskey that signs a second time", "LOOK": "a tlskey that signs whatever it is given"}


def search(model, switches, arguments):
    """(errors, what Spin says)."""
    need("spin", "gcc")
    with tempfile.TemporaryDirectory(prefix="sallyport-model-") as where:
        done = subprocess.run(["spin", "-a", *switches, model], cwd=where, capture_output=True, text=True)
        check(done.returncode == 0 and "rror" not in done.stdout, done.stdout, done.stderr)
        subprocess.run(["gcc", "-O2", "-w", "-DCOLLAPSE", *(["-DNOCLAIM"] if "-a" not in arguments else []), "-o", "pan", "pan.c"],
                       cwd=where, check=True)
        out = subprocess.run(["./pan", "-m100000", *arguments], cwd=where, capture_output=True, text=True).stdout
    found = re.search(r"errors: (\d+)", out)
    check(found and "truncated" not in out and "max search depth too small" not in out, out)
    return int(found[1]), out


def states(out):
    return re.search(r"(\d+) states, stored", out)[1]


def nothing_forbidden(budget=3):
    for model in (SESSION, TLS):
        errors, out = search(model, [f"-DBUDGET={budget}"], [])
        print(f"ok {states(out)} states, none of them forbidden, none without a way on")
        check(errors == 0, out)
        unreached_check(out)


def unreached_check(out):
    unreached = re.findall(r"\.pml:\d+, state \d+, \"(?!-end-)(.+)\"", out)
    equal(unreached, [], "no step of the model is idle")


def sessions_end(budget=2):
    for model in (SESSION, TLS):
        errors, out = search(model, [f"-DBUDGET={budget}"], ["-a"])
        print(f"ok {states(out)} states, and all sessions end")
        check(errors == 0, out)


def faults_are_found():
    for model, faults in ((SESSION, FAULTS), (TLS, FAULTS_OF_TLS)):
        for name, what in faults.items():
            errors, out = search(model, ["-DBUDGET=3", f"-DBREAK_{name}"], [])
            check(errors > 0, what, "is not found")


# The contract.

def of_the_header():
    """{message: (from, to)} of the table in lib/msg.h, and the names of enum msg_type."""
    with open(os.path.join(TESTS, "..", "lib", "msg.h"), encoding="ascii") as f:
        text = f.read()
    rooms, message = {}, None
    for line in text.splitlines():
        row = re.match(r" \*   (MSG_\w+)? +(\w*) +(\w*)", line)
        if row and row[1]:
            message = row[1]
            rooms[message] = ({row[2]}, row[3])
        elif row and message and re.match(r" \* {16,18}(launch|storage|authd|pop3d|tlsd|tlskey)\b", line):
            rooms[message][0].add(re.match(r" \* +(\w+)", line)[1])
        elif not line.startswith(" *   "):
            message = None
    names = re.findall(r"\bMSG_\w+", re.search(r"enum msg_type \{(.*?)\}", text, re.S)[1])
    return rooms, set(names)


def of_the_model():
    """The same of the models, from what their processes send and receive."""
    rooms, names = {}, set()
    for path in (SESSION, TLS):
        one, some = of_one_model(path)
        rooms |= one
        names |= some
    return rooms, names


def of_one_model(path):
    with open(path, encoding="ascii") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    parts = re.findall(r"^(inline|proctype) (\w+)\([^)]*\)\n\{(.*?)^\}", text, re.S | re.M)
    inlines = {name: body for kind, name, body in parts if kind == "inline"}
    rooms = {}
    for kind, name, body in parts:
        if kind == "inline" or name.endswith("_hostile"):  # that one sends everything
            continue
        for _ in range(3):
            for inline, more in inlines.items():
                if inline != "run_pop3d":
                    body = re.sub(rf"\b{inline}\(.*?\)", lambda _, more=more: more, body)
        body = re.sub(r"#ifdef BREAK_.*?#(?:else|endif)", "", body, flags=re.S)
        room = "pop3d" if name == "pop3d_honest" else name
        for message in re.findall(r"(?:up|down)!(MSG_\w+)", body):
            rooms.setdefault(message, (set(), set()))[0].add(room)
        for message in re.findall(r"(?:(?:up|down)\?|m == )(MSG_\w+)", body):
            rooms.setdefault(message, (set(), set()))[1].add(room)
    names = set(re.findall(r"\bMSG_\w+", re.search(r"mtype = \{(.*?)\}", text, re.S)[1]))
    return rooms, names


def contract_is_the_same():
    rooms, names = of_the_header()
    model, model_names = of_the_model()
    equal(names, set(rooms), "the table of lib/msg.h and its enum")
    equal(model_names, names, "messages of the model")
    for message, (senders, receiver) in rooms.items():
        equal(model[message], (senders, {receiver}), message)


if __name__ == "__main__":
    tests = [("nothing-forbidden", nothing_forbidden), ("sessions-end", sessions_end), ("faults-are-found", faults_are_found),
             ("contract-is-the-same", contract_is_the_same)]
    if sys.argv[1:] == ["deep"]:
        sys.argv.pop()
        tests[0] = ("nothing-forbidden", lambda: nothing_forbidden(4))
        tests[1] = ("sessions-end", lambda: sessions_end(3))
    sys.exit(run(tests))
