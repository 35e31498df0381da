"""machine: a network and a /dev of this test's own, for what a test must not do to the machine that it runs on: be
syslog, have clients that are not on loopback.  Both end with the process.  Needs root; without it, or where that is
not allowed (some containers), the machine is what it is."""

import ctypes
import fcntl
import os
import socket
import stat
import struct

from harness import DEADLINE, ROOT, Log, check

NEWNS, NEWNET = 0x20000, 0x40000000
REC, PRIVATE = 0x4000, 0x40000
SIOCSIFADDR, SIOCSIFFLAGS, SIOCSIFNETMASK, UP = 0x8916, 0x8914, 0x891C, 1
NETWORKS = "192.0.2.1", "192.168.7.1", "198.51.100.1"  # and 255 neighbours of each
SIX = "2001:db8::1", "2001:db8::7"

_libc = ctypes.CDLL(None, use_errno=True)


def _do(name, *arguments):
    if getattr(_libc, name)(*arguments):
        raise OSError(ctypes.get_errno(), name)


def _dev_make():
    """A /dev with nothing in it that is the machine's: devices of its own, and no log.  Only this process sees it, because
    no mount of its goes back to the machine from before the first."""
    _do("mount", b"none", b"/", None, ctypes.c_ulong(REC | PRIVATE), None)
    _do("mount", b"tmpfs", b"/dev", b"tmpfs", ctypes.c_ulong(0), b"mode=755")
    for device, major, minor in (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9),
                                 ("tty", 5, 0)):
        os.mknod(f"/dev/{device}", stat.S_IFCHR, os.makedev(major, minor))
        os.chmod(f"/dev/{device}", 0o666)
    os.symlink("/proc/self/fd", "/dev/fd")


def _network_make():
    """Loopback, and on it addresses that are not loopback's."""
    with socket.socket() as s, socket.socket(socket.AF_INET6) as six:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", UP))
        for n, network in enumerate(NETWORKS, 1):
            for what, address in ((SIOCSIFADDR, network), (SIOCSIFNETMASK, "255.255.255.0")):
                request = struct.pack("16sHH4s8x", b"lo:%d" % n, socket.AF_INET, 0, socket.inet_aton(address))
                fcntl.ioctl(s, what, request)
        for address in SIX:
            fcntl.ioctl(six, SIOCSIFADDR, struct.pack("16sIi", socket.inet_pton(socket.AF_INET6, address), 128, 1))


def private():
    """Before the first thread.  Returns whether this process has its own now."""
    if not ROOT:
        return False
    try:
        _do("unshare", NEWNS | NEWNET)
    except OSError:
        return False
    _dev_make()
    _network_make()
    return True


class Syslog(Log):
    """Who listens on /dev/log of a private machine; its text is the datagrams as they came."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        self.read = os.dup(self.socket.fileno())
        self.begin()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.unlink("/dev/log")
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(DEADLINE)
        check(not self.thread.is_alive(), "syslog does not end")
        self.socket.close()
