"""`make install` into a directory of its own: every file is there, with its mode, and sallyport works from there with no
setting that says where its parts are.
"""
import glob
import os
import re
import shutil
import stat
import subprocess
import sys

import harness
from harness import BUILD, DEADLINE, Log, Site, check, equal, need

TOP = os.path.dirname(harness.TESTS)
MODES = {
    "sbin/sallyport": 0o755, "sbin/sallyport-user": 0o755,
    "libexec/sallyport/proxyd": 0o755, "libexec/sallyport/pop3d": 0o755, "libexec/sallyport/authd": 0o755, "libexec/sallyport/authd-crypto": 0o755, "libexec/sallyport/storage": 0o755,
    "libexec/sallyport/giver": 0o755, "libexec/sallyport/taker": 0o755, "sbin/sallyport-maildrop": 0o755,
    "libexec/sallyport/tlsd": 0o755, "libexec/sallyport/tlskey": 0o755,
    "libexec/sallyport/empty": 0o555,
}


def make_install(site, *variables):
    """From a copy of what is built already: only what knows PREFIX is compiled anew."""
    shutil.copytree(BUILD, site.at("build"), symlinks=True)
    subprocess.run(["make", "-s", f"LIBC={os.path.basename(BUILD)}", f"B={site.at('build')}", *variables, "install"],
                   cwd=TOP, check=True, timeout=harness.DEADLINE * 5)


def install(site):
    prefix = site.at("usr")
    make_install(site, f"PREFIX={prefix}")
    return prefix


def test_install():
    site = Site()
    prefix = install(site)
    for name, mode in MODES.items():
        equal(stat.S_IMODE(os.stat(os.path.join(prefix, name)).st_mode), mode, name)
    equal(os.listdir(os.path.join(prefix, "libexec/sallyport/empty")), [])
    pages = {os.path.basename(p) for p in glob.glob(f"{prefix}/share/man/man?/*")}
    equal(pages, {os.path.basename(p) for p in glob.glob(f"{TOP}/man/*")}, "man pages")
    for name in ("README.md", "SECURITY.md", "CHANGES.md", "LICENSE"):
        check(os.path.exists(f"{prefix}/share/doc/sallyport/{name}"), name)
    user = site.user()
    user.put("1000.a")
    site.sallyport = f"{prefix}/sbin/sallyport"
    site.settings |= {"POP3_ROOMS": None, "POP3_EMPTY": None}
    s = site.login(user)
    equal(s.retr(1), b"Subject: t\r\n\r\nbody\r\n")
    s.quit()


def test_destdir():
    site = Site()
    where = site.at("image")
    make_install(site, f"DESTDIR={where}", "PREFIX=/usr")
    check(os.path.exists(f"{where}/usr/sbin/sallyport"), "not beneath DESTDIR")
    equal(os.listdir(where), ["usr"])
    with open(f"{where}/usr/sbin/sallyport", "rb") as f:
        text = f.read()
    check(b"/usr/libexec/sallyport\0" in text and where.encode() not in text, "the compiled path is not PREFIX's")


def test_demo():
    """What `make run` prints works: each line with curl lists or reads, by TLS, by STLS and in the clear."""
    need("curl", "openssl", "tcpserver")
    log = Log()
    demo = subprocess.Popen([f"{TOP}/etc/demo", BUILD], stdin=subprocess.DEVNULL, stdout=log.write, stderr=subprocess.STDOUT,
                            start_new_session=True, env={k: v for k, v in os.environ.items() if not k.startswith("POP3_")})
    log.parent()
    try:
        log.wait("^The log follows")
        lines = re.findall(r"^  .*?(curl .*)$", log.text, re.M)
        wanted = (("1 ", "2 ", "3 "), ("Subject: Welcome",), ("Subject: Look at them",))
        equal(len(lines), len(wanted))
        for line, words in zip(lines, wanted):
            done = subprocess.run(["sh", "-c", line.replace("curl", "curl -sS", 1)], capture_output=True, text=True, timeout=DEADLINE, check=False)
            check(done.returncode == 0 and all(word in done.stdout for word in words), line, done.stdout, done.stderr)
        # The last session has said its last word, too.
        log.wait(r"(?s)(^pop3d: end .*){3}")
        equal([t == "-" for t in re.findall(r"^pop3d: login .* tls=(\S+) ", log.text, re.M)], [False, False, True])
        site = re.search(r"--cacert (/\S+)/certificate.pem", log.text)[1]
    finally:
        demo.terminate()
        demo.wait(DEADLINE)
    log.all()
    check(not os.path.exists(site), site, "is left")


if __name__ == "__main__":
    sys.exit(harness.run_module(globals()))
