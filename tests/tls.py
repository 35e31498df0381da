"""tls: the whole chain behind TLS, with clients that people have; where the private key is and is not; what is refused.
"""
import ctypes
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time

from harness import (BUILD, DEADLINE, ROOT, TLSD_UID, TLSKEY_UID, Log, Session, Site, TlsSession, check, equal, landlock, need,
                     need_root, both_forms, run, tls_context, waits_in)

site = Site()
RSA = site.certificate()
bob = site.user("bob")
ELSEWHERE = "192.0.2.7"  # no password may come from there in the clear


def mail():
    """bob has one message again."""
    for name in bob.names():
        os.unlink(bob.maildir.at(name))
    bob.put("1700000001.a.host")
    return bob


def other(*kinds):
    """A site of its own with certificates of these kinds, and a user with one message."""
    s = Site()
    for kind in kinds:
        s.certificate(kind=kind)
    user = s.user("bob")
    user.put("1700000001.a.host")
    return s, user


def finger(file):
    with open(file, encoding="ascii") as f:
        return ssl.PEM_cert_to_DER_cert(f.read())


# Sessions.

def test_session():
    s = TlsSession(site, context=tls_context(RSA[0]), remote=ELSEWHERE)
    equal(s.sock.version(), "TLSv1.3")
    s.login(mail())
    equal(s.retr(1), b"Subject: t\r\n\r\nbody\r\n")
    s.ask("DELE 1")
    log = s.quit()
    equal((bob.names(), s.status), ([], 0))
    check(" end=quit " in log and " del=1/1 " in log, log)


def test_log_says_which_tls():
    """By a path that pop3d is not on: authd and storage have it from tlsd, and sallyport the version from authd."""
    need_root()
    where, user = other("rsa")
    low = where.user("low", which=0)
    where.settings["POP3_UIDMIN"] = str(user.maildir.uid)
    with open(where.at("users"), encoding="ascii") as f:
        text = f.read()
    with open(where.at("users"), "w", encoding="ascii") as f:
        f.write(re.sub(rf"(?m)^(low:.*?){user.maildir.uid}", r"\g<1>1001", text))
    equal(where.user_tool("compile").returncode, 0)
    for version, name, cipher in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"),
                                  (ssl.TLSVersion.TLSv1_3, "TLSv1.3", "TLS_AES_256_GCM_SHA384")):
        context = tls_context(maximum_version=version, minimum_version=version)
        context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
        form = rf" tls={name} cipher={cipher} sni=pop\.example\.org user="
        s = TlsSession(where, context=context, name="pop.example.org")
        s.ask("USER bob")
        s.ask("PASS wrong", b"-ERR [AUTH]")
        s.login(user)
        log = s.quit()
        check(re.search(rf"^pop3d: fail .*{form}bob try=1 reason=password$", log, re.M), log)
        check(re.search(rf"^pop3d: login .*{form}bob auth=pass ", log, re.M), log)
        s = TlsSession(where, context=context, name="pop.example.org").login(low, b"-ERR [SYS/PERM]")
        s.closed()
        log = s.end()
        check(re.search(rf"^pop3d: fail .* tls={name} user=low try=1 reason=permission$", log, re.M), log)
        first = TlsSession(where, context=context, name="pop.example.org").login(user)
        s = TlsSession(where, context=context, name="pop.example.org").login(user, b"-ERR [IN-USE]")
        s.closed()
        check(re.search(rf"^pop3d: fail .*{form}bob maildir=\S+ reason=inuse$", log := s.end(), re.M), log)
        first.quit()


def test_versions_and_keys():
    for kind in ("rsa", "ecdsa", "ed25519"):
        where, user = other(kind) if kind != "rsa" else (site, mail())
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = tls_context(maximum_version=version, minimum_version=version)
            s = TlsSession(where, context=context)
            s.login(user)
            s.retr(1)
            s.quit()


def test_rsa_and_ecdsa_side_by_side():
    where, _ = other("rsa", "ecdsa")
    for ciphers, kind in (("ECDHE-RSA-AES128-GCM-SHA256", ""), ("ECDHE-ECDSA-AES128-GCM-SHA256", "-ecdsa")):
        context = tls_context(maximum_version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(ciphers)
        s = TlsSession(where, context=context)
        equal(s.sock.getpeercert(True), finger(where.at("tls", f"fullchain{kind}.pem")), ciphers)
        s.quit()


def test_names():
    """SNI: the name, else a wildcard for one label, else default."""
    where, _ = other("rsa")
    made = {n: where.certificate(n, "ecdsa", n)[0] for n in ("mail.example.org", "_.example.org", "*.example.net")}
    for name in ("mail.example.org", "_.example.org", "*.example.net"):  # one kind each, whatever the client prefers
        for file in ("fullchain", "privkey"):
            os.rename(where.at("tls", name, file + "-ecdsa.pem"), where.at("tls", name, file + ".pem"))
    made = {n: f.replace("-ecdsa", "") for n, f in made.items()} | {"": where.at("tls", "fullchain.pem")}
    for asked, served in (("mail.example.org", "mail.example.org"), ("MAIL.example.org", "mail.example.org"),
                          ("pop.example.org", "_.example.org"), ("a.b.example.org", ""), ("example.org", ""),
                          ("pop.example.net", "*.example.net"), (None, ""), ("x" * 60 + ".example.com", "")):
        s = TlsSession(where, name=asked)
        equal(s.sock.getpeercert(True), finger(made[served]), asked)
        s.quit()


def test_files_are_read_anew():
    where, _ = other("rsa")
    for _ in range(2):
        chain, _ = where.certificate()
        s = TlsSession(where, context=tls_context(chain))
        equal(s.sock.getpeercert(True), finger(chain))
        s.quit()


def test_chain_of_an_authority():
    """A certificate that another has signed, which a third has signed, as bought ones are: the client has the third."""
    def openssl(*argv):
        subprocess.run(["openssl", *argv], check=True, capture_output=True, timeout=DEADLINE, cwd=where.dir)
    for kind, key in (("rsa", ("rsa:2048",)), ("ecdsa", ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"))):
        where, user = other(kind)
        signer = "root"
        openssl("req", "-x509", "-newkey", *key, "-nodes", "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=root")
        for name, what in (("middle", "basicConstraints=critical,CA:TRUE"), ("leaf", "subjectAltName=DNS:localhost")):
            openssl("req", "-newkey", *key, "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name,
                    "-addext", what)
            openssl("x509", "-req", "-in", name + ".csr", "-CA", signer + ".pem", "-CAkey", signer + ".key", "-days", "30",
                    "-copy_extensions", "copyall", "-out", name + ".pem")
            signer = name
        suffix = "-ecdsa" if kind == "ecdsa" else ""
        with open(where.at("tls", f"fullchain{suffix}.pem"), "w", encoding="ascii") as out:
            for name in ("leaf", "middle"):
                with open(where.at(name + ".pem"), encoding="ascii") as f:
                    out.write(f.read())
        shutil.copyfile(where.at("leaf.key"), where.at("tls", f"privkey{suffix}.pem"))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            s = TlsSession(where, context=tls_context(where.at("root.pem"), maximum_version=version))
            s.login(user)
            s.quit()


def test_certificates_as_certbot_leaves_them():
    """live/NAME holds links into archive/NAME, both for root alone, and a README beside them."""
    where, user = other("rsa")
    os.makedirs(where.at("le", "live", "mail.example.org"))
    os.makedirs(where.at("le", "archive"))
    for f in ("fullchain", "privkey"):
        os.rename(where.at("tls", f + ".pem"), where.at("le", "archive", f + "1.pem"))
        os.symlink(f"../../archive/{f}1.pem", where.at("le", "live", "mail.example.org", f + ".pem"))
    with open(where.at("le", "live", "README"), "w", encoding="ascii") as f:
        f.write("This directory contains your keys.\n")
    for d in ("le/live", "le/archive"):
        os.chmod(where.at(d), 0o700)
    for directory in ("live", "live/mail.example.org"):
        s = TlsSession(where, POP3_TLS=where.at("le", directory))
        s.login(user)
        s.quit()


def test_ocsp_response_is_stapled():
    need("openssl")
    where, _ = other("rsa")
    with open(where.at("tls", "ocsp.der"), "wb") as f:
        f.write(b"0\x03\n\x01\x06")  # an OCSPResponse without a body: unauthorized
    said = Connection(["openssl", "s_client", "-status", "-ign_eof", "-connect", "127.0.0.1:PORT"], where).talk(b"QUIT\n")
    check("OCSP Response Status: unauthorized (0x6)" in said, said)


def test_alpn():
    context = tls_context()
    context.set_alpn_protocols(["http/1.1", "pop3"])
    s = TlsSession(site, context=context)
    equal(s.sock.selected_alpn_protocol(), "pop3")
    s.quit()
    context.set_alpn_protocols(["h2", "http/1.1"])
    refused(context, "tlsv1 alert no application protocol|no application protocol")


def test_half_close():
    """All that is owed still comes after the client's close_notify."""
    mail()
    context, s = tls_context(), Session(site, greet=False, arguments=("-s",))
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(into, out, server_hostname="localhost")

    def pump(act):
        while True:
            try:
                done = act()
                s.send(out.read())
                return done
            except ssl.SSLWantReadError:
                s.send(out.read())
                into.write(s.sock.recv(65536))
    pump(tls.do_handshake)
    tls.write(b"USER bob\r\nPASS open sesame\r\nRETR 1\r\nQUIT\r\n")
    try:
        tls.unwrap()
    except ssl.SSLWantReadError:
        pass
    s.send(out.read())
    s.sock.shutdown(socket.SHUT_WR)
    while block := s.sock.recv(65536):
        into.write(block)
    text = b""
    while True:
        try:
            text += tls.read()
        except ssl.SSLZeroReturnError:
            break
    check(text.endswith(b"\r\n.\r\n+OK bye\r\n"), text)
    s.end()


def test_client_that_goes_before_it_is_answered():
    """It closes without a word of TLS, and reads nothing: what is still to be said keeps no process waiting."""
    for _ in range(5):
        s = TlsSession(site)
        s.send(b"CAPA\r\n" * 400)  # more to say than one record holds
        log = s.end()  # before GOODBYE_SECONDS of tlsd
        check(" end=noquit " in log and " alarm " not in log, log)


def test_large_message_both_ways():
    """More than every buffer between holds; the client reads late, and sends while it does."""
    where, user = other("ecdsa")
    body = b"Subject: big\n\n" + b"".join(b"%07d.%s\n" % (n, b"x" * 60) for n in range(200000))
    user.put("1700000002.big.host", body)
    s = TlsSession(where, receive=65536)
    s.login(user)
    s.send(b"RETR 2\r\n" + b"NOOP\r\n" * 20000)
    first = s.line()
    got = s.body()
    equal((first, len(got)), (b"+OK %d octets" % len(got), len(body) + body.count(b"\n")))
    check(got == body.replace(b"\n", b"\r\n"), "another message came")
    for _ in range(20000):
        equal(s.line(), b"+OK")
    s.quit()


# What is refused.

def refused(context, reason, where=site, name="localhost"):
    """The handshake fails on both sides, with one line that says why."""
    s = Session(where, greet=False, arguments=("-s",))
    try:
        context.wrap_socket(s.sock, server_hostname=name).close()
        check(False, "there was a handshake")
    except (ssl.SSLError, ConnectionError):
        s.sock.close()
    log = s.wait()
    line_of_failure(log, reason)


def line_of_failure(log, reason):
    reason = reason.replace(" ", "%20")
    form = rf"pop3d: tls sid=\S+ rip=127\.0\.0\.1 lip=127\.0\.0\.1 sni=\S+ err=handshake detail=({reason})\n"
    check(re.fullmatch(form, log), log)


def test_old_versions_are_refused():
    context = tls_context(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
    context.set_ciphers("ALL:@SECLEVEL=0")
    refused(context, "unsupported protocol")


def test_minimum_version():
    where, _ = other("rsa")
    where.settings["POP3_TLSMIN"] = "1.3"
    refused(tls_context(maximum_version=ssl.TLSVersion.TLSv1_2), "unsupported protocol", where)
    TlsSession(where).quit()


def test_plain_text_is_refused():
    for sent, reason in ((b"USER bob\r\n", "wrong version number"), (b"GET / HTTP/1.0\r\n\r\n", "http request"),
                         (b"\x16\x03\x01\x00\x05\x01", "connection closed"),
                         (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "length mismatch|length too short")):
        s = Session(site, greet=False, arguments=("-s",))
        s.send(sent)
        s.sock.shutdown(socket.SHUT_WR)
        try:
            while s.sock.recv(4096):
                pass
        except ConnectionResetError:
            pass
        line_of_failure(s.end(), reason)


def test_health_check_is_no_failure():
    s = Session(site, greet=False, arguments=("-s",))
    equal((s.end(), s.status), ("", 0))


def refuses_to_start(where, words, status=100, **settings):
    s = Session(where, greet=False, arguments=("-s",), **settings)
    if not s.listens:  # who ends before it accepts anybody closes no connection
        s.closed()
    log = s.end()
    check(s.status == status and re.search(words, log), s.status, log)


def test_what_the_administrator_must_repair():
    where, _ = other("rsa")
    refuses_to_start(where, "needs certificates", POP3_TLS=None)
    refuses_to_start(where, "POP3_TLS=tls: must be an absolute path", POP3_TLS="tls")
    refuses_to_start(where, "cannot open the directory of certificates", 111, POP3_TLS=where.at("nowhere"))
    refuses_to_start(where, "no fullchain.pem", POP3_TLS=where.at("empty"))
    refuses_to_start(where, "POP3_TLSMIN=1.1: must be 1.2 or 1.3", POP3_TLSMIN="1.1")
    os.chmod(where.at("tls", "privkey.pem"), 0o644)
    refuses_to_start(where, "everybody can read")
    os.unlink(where.at("tls", "privkey.pem"))
    refuses_to_start(where, "is there, but no privkey.pem")
    if ROOT:
        refuses_to_start(where, "have the same uid", POP3_TLSKEY=f"{TLSD_UID}:{TLSD_UID}")


def cannot_serve(where, room, words):
    """Files are read in the handshake, which fails; with -l before, and then nobody is served."""
    s = Session(where, greet=False, arguments=("-s",))
    if s.listens:
        s.sock.close()
        log = s.wait()
        check(s.status == 100 and re.fullmatch(f"{room}: -: .*{words}.*\n", log), s.status, log)
        return
    try:
        tls_context().wrap_socket(s.sock, server_hostname="localhost")
        check(False, "there was a handshake")
    except (ssl.SSLError, ConnectionError):
        s.sock.close()
    log = s.wait()
    check(re.search(rf"^{room}: \S+: .*{words}", log, re.M) and " err=handshake " in log, log)


def test_damaged_files_say_so():
    where, _ = other("rsa", "ecdsa")
    for suffix in ("", "-ecdsa"):
        os.unlink(where.at("tls", f"privkey{suffix}.pem"))
        shutil.copyfile(where.at("tls", f"fullchain{suffix}.pem"), where.at("tls", f"privkey{suffix}.pem"))
        os.chmod(where.at("tls", f"privkey{suffix}.pem"), 0o600)
    cannot_serve(where, "tlskey", "the private key cannot be read")


def test_a_key_among_certificates_is_refused():
    """A file that has both, as other servers want it: tlsd, which reads certificates, must never have served with it."""
    for kind in ("rsa", "ecdsa"):
        where, _ = other(kind)
        suffix = "-ecdsa" if kind == "ecdsa" else ""
        chain, key = (where.at("tls", f"{f}{suffix}.pem") for f in ("fullchain", "privkey"))
        texts = [open(f, encoding="ascii").read() for f in (chain, key)]
        for order in (texts, texts[::-1], (texts[0], texts[1].replace("PRIVATE", "ENCRYPTED PRIVATE"))):
            with open(chain, "w", encoding="ascii") as f:
                f.write("".join(order))
            cannot_serve(where, "tlsd", "must be a chain in PEM, without a private key")


# Where the private key is.

def secrets(key):
    """The secret numbers of a key as they lie in memory: octets from either end, in words of the machine."""
    text = subprocess.run(["openssl", "pkey", "-in", key, "-noout", "-text"], check=True, capture_output=True, text=True).stdout
    fields = re.findall(r"^(\w[\w ]*):\n((?: +[0-9a-f:]+\n)+)", text, re.M)
    numbers = [bytes.fromhex(re.sub(r"[^0-9a-f]", "", value)).lstrip(b"\0") for name, value in fields
               if name in ("privateExponent", "prime1", "prime2", "exponent1", "exponent2", "coefficient", "priv")]
    check(numbers, "no secret in", text)
    with open(key, encoding="ascii") as f:
        lines = f.read().split("\n")
    middle = lines[len(lines) // 2]
    # Half of a number is enough to find it: what precedes and follows it differs with its form.
    return [n[:24] for n in numbers] + [n[::-1][:24] for n in numbers] + [middle.encode()]


def memory(pid):
    """All of a process's memory that can be read."""
    got = []
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            start, end = (int(n, 16) for n in line.split()[0].split("-"))
            if line.split()[1].startswith("r") and "[vvar" not in line and "[vsyscall" not in line:
                try:
                    mem.seek(start)
                    got.append(mem.read(end - start))
                except OSError:
                    pass
    return b"\0".join(got)


def room_pid(session, name):
    limit = time.monotonic() + DEADLINE
    while time.monotonic() < limit:
        for pid in session.children():
            with open(f"/proc/{pid}/comm", encoding="ascii") as f, open(f"/proc/{pid}/status", encoding="ascii") as status:
                comm = f.read().strip()
                if "Seccomp:\t2" in status.read() and (comm == name or name in open(f"/proc/{pid}/cmdline").read().split("\0")[:1]):
                    return pid
        time.sleep(0.01)
    check(False, "there is no", name)


def key_in_memory(where, key):
    context = tls_context()
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(into, out, server_hostname="localhost")
    s = Session(where, greet=False, arguments=("-s",))
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    s.send(out.read())
    into.write(s.sock.recv(65536))  # the server's whole flight: the signature is made
    pid = room_pid(s, "tlsd")
    found = [memory(pid)]
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            into.write(s.sock.recv(65536))
    s.send(out.read())
    while True:
        try:
            greeting = tls.read()
            break
        except ssl.SSLWantReadError:
            into.write(s.sock.recv(65536))
    check(greeting.startswith(b"+OK"))
    found.append(memory(pid))
    s.end()
    with open(where.at("tls", os.path.basename(key).replace("privkey", "fullchain")), encoding="ascii") as f:
        certificate = ssl.PEM_cert_to_DER_cert(f.read())
    for text in found:
        check(certificate[200:300] in text, "the certificate is not found: the search is blind")
        check(not [n for n in secrets(key) if n in text], "tlsd holds the private key")


def test_engine_never_holds_the_key():
    need_root()
    for kind in ("rsa", "ecdsa"):
        where, _ = other(kind)
        key_in_memory(where, where.at("tls", "privkey-ecdsa.pem" if kind == "ecdsa" else "privkey.pem"))


TLS13 = b" " * 64 + b"TLS 1.3, server CertificateVerify\0"


def message(key, scheme, text):
    return b"\x0d" + bytes([key]) + scheme.to_bytes(2, "big") + len(text).to_bytes(2, "big") + text


class KeyHolder:
    """tlskey alone, with us in the place of tlsd."""

    sid = "1.x"

    def __init__(self, *keys):
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(DEADLINE)
        self.log = Log()
        files = [os.open(k, os.O_RDONLY) for k in keys]

        def prepare():
            for n, fd in enumerate(files):
                os.dup2(fd, 100 + n)
            os.dup2(theirs.fileno(), 3)
            ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
        ids = {"user": TLSKEY_UID, "group": TLSKEY_UID, "extra_groups": []} if ROOT else {}
        self.process = subprocess.Popen([site.at("rooms", "tlskey"), self.sid, "landlock" if landlock() >= 2 else "nolandlock",
                                         *(str(100 + n) for n in range(len(keys)))], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.log.write, preexec_fn=prepare, close_fds=False,
                                        env={}, **ids)
        theirs.close()
        self.log.parent()
        for fd in files:
            os.close(fd)

    def end(self):
        """Its status and what it logged."""
        self.sock.close()
        return self.process.wait(DEADLINE), self.log.all()


def test_the_same_search_finds_the_key_in_its_holder():
    need_root()
    need("strace")
    for kind in ("rsa", "ecdsa"):
        where, _ = other(kind)
        key = where.at("tls", "privkey-ecdsa.pem" if kind == "ecdsa" else "privkey.pem")
        holder = KeyHolder(key)
        waits_in(holder.process.pid, "recvmsg")  # its start, which may want random numbers too, is over
        # Held up where it asks for random numbers, which every signature needs: with the key in its memory.
        tracer = subprocess.Popen(["strace", "-p", str(holder.process.pid), "-e", "trace=getrandom",
                                   "-e", f"inject=getrandom:delay_enter={DEADLINE}s"], stderr=subprocess.PIPE, text=True)
        check("attached" in tracer.stderr.readline(), "strace cannot attach")
        holder.sock.send(message(0, 0x0403 if kind == "ecdsa" else 0x0804, TLS13 + b"h" * 32))
        limit = time.monotonic() + DEADLINE
        while not any(n in memory(holder.process.pid) for n in secrets(key)):
            check(time.monotonic() < limit, "not found: the search is blind")
        holder.process.kill()
        tracer.kill()  # it would sleep on, and nobody can be told of the other's end before it
        tracer.wait(DEADLINE)
        tracer.stderr.close()
        holder.end()


def test_key_holder_signs_one_handshake_and_ends():
    holder = KeyHolder(RSA[1])
    for _ in range(3):
        try:
            holder.sock.send(message(0, 0x0804, TLS13 + b"h" * 32))
        except BrokenPipeError:
            break
    try:
        answer = holder.sock.recv(8192)
    except ConnectionResetError:  # told first where it left our other messages unread
        answer = holder.sock.recv(8192)
    equal((answer[:3], len(answer)), (b"\x0e\x01\x00", 3 + 256))
    try:
        equal(holder.sock.recv(8192), b"", "after the one signature")
    except ConnectionResetError:
        pass
    equal(holder.end(), (0, ""))


def test_key_holder_refuses_everything_else():
    spaces, randoms = b" " * 64, bytes(64)
    point = b"\x04" + b"p" * 64
    for why, text in {
            "nothing": b"", "a hash": b"h" * 32, "a client's": TLS13.replace(b"server", b"client") + b"h" * 32,
            "too short": TLS13 + b"h" * 31, "too long": TLS13 + b"h" * 49, "63 spaces": TLS13[1:] + b"h" * 32,
            "no NUL": TLS13[:-1] + b"h" * 33, "no curve": randoms + b"\x01\x00\x17\x41" + point,
            "another group": randoms + b"\x03\x00\x19\x41" + point, "a compressed point": randoms + b"\x03\x00\x17\x21\x02" + b"p" * 32,
            "more behind": randoms + b"\x03\x00\x17\x41" + point + b"x", "less": randoms + b"\x03\x00\x17\x41" + point[:-1],
            "another length": randoms + b"\x03\x00\x1d\x1f" + b"p" * 31, "spaces alone": spaces,
            "more than fits": b"h" * 4000}.items():
        holder = KeyHolder(RSA[1])
        holder.sock.send(message(0, 0x0804, text))
        try:
            answer = holder.sock.recv(8192)
        except ConnectionResetError:
            answer = b""
        equal(answer, b"", why)
        status, log = holder.end()
        check(status == 102 and log.startswith("tlskey: 1.x: "), why, status, log)
    good = TLS13 + b"h" * 32
    for why, ask, status in (("PKCS#1 in TLS 1.3", message(0, 0x0401, good), 102), ("SHA-1", message(0, 0x0201, good), 102),
                             ("another key", message(1, 0x0804, good), 102), ("a wrong kind", message(0, 0x0403, good), 100),
                             ("no message", b"\x00", 102), ("half a message", message(0, 0x0804, good)[:-1], 102),
                             ("one octet more", message(0, 0x0804, good) + b"x", 102)):
        holder = KeyHolder(RSA[1])
        holder.sock.send(ask)
        try:
            equal(holder.sock.recv(8192), b"", why)
        except ConnectionResetError:
            pass
        equal(holder.end()[0], status, why)


# Who runs as whom.

def test_rooms_of_a_tls_session():
    need_root()
    s = TlsSession(site).login(mail())
    pid = room_pid(s, "tlsd")
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        now = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    equal((now["Uid"].split(), now["NoNewPrivs"], now["Seccomp"], now["Groups"].strip()), ([str(TLSD_UID)] * 4, "1", "2", ""))
    files = sorted(int(n) for n in os.listdir(f"/proc/{pid}/fd"))
    equal(files[:8], [0, 1, 2, 3, 4, 5, 6, 7])
    equal([os.readlink(f"/proc/{pid}/fd/{n}") for n in files[8:]], [] if s.listens else [RSA[0]])
    children = s.children()
    s.quit()
    check(not [p for p in children if os.path.exists(f"/proc/{p}")], "a process is left")


# Clients.

class Connection:
    """A program that connects, and sallyport at the other end."""

    def __init__(self, argv, where=site, arguments=("-s",), **settings):
        self.log = Log()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            argv = [a.replace("PORT", str(listener.getsockname()[1])) for a in argv]
            self.client = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            listener.settimeout(DEADLINE)
            with listener.accept()[0] as server:
                self.server = subprocess.Popen([where.sallyport, *arguments], stdin=server, stdout=server,
                                               stderr=self.log.write, env=where.environment(**settings))
        self.log.parent()

    def talk(self, sent):
        """What the program said; its server and all its rooms have ended."""
        out, _ = self.client.communicate(sent, DEADLINE)
        self.server.wait(DEADLINE)
        return out.decode("latin-1") + self.log.all()


if __name__ == "__main__":
    sys.exit(run(both_forms(globals())))
