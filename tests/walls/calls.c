/* calls: system calls that no room may make, whatever their arguments.  The arguments are such that the call would
 * succeed, or fail for a reason that is not a wall, and in no case do harm: a wall that is missing must show, not hurt. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include "attack.h"
#include "chan.h"
#include "filter.h"
#include "sandbox.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

static char memory[1 << 16] __attribute__((aligned(1 << 12)));
static const struct iovec here = { memory, 64 }, there = { memory, 64 };
static const struct sockaddr_in loopback = { AF_INET, 0x1900, { 0x0100007f }, { 0 } };
static const struct sockaddr_in any = { AF_INET, 0, { 0 }, { 0 } };
static struct io_uring_params ring;
static union bpf_attr map = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
static struct perf_event_attr event = { .type = PERF_TYPE_SOFTWARE, .size = sizeof event, .exclude_kernel = 1 };
static struct {
	uint32_t version;
	int pid;
} capabilities = { _LINUX_CAPABILITY_VERSION_3, 0 };
static const struct {
	uint32_t effective, permitted, inheritable;
} all[2] = { { ~0U, ~0U, ~0U }, { ~0U, ~0U, ~0U } };
static const char *const shell[] = { "sh", "-c", "true", NULL }, *const nothing[] = { NULL };
static const char *const raise_arguments[] = { "raise", "../raised", NULL };
static const struct {
	uint64_t flags, mode, resolve;
} how = { O_RDONLY, 0, 0 };
static const struct {
	uint64_t flags, rest[10];
} clone_arguments = { CLONE_NEWUSER, { 0 } };
static const struct rlimit more_files = { 1024, 1024 };
static const struct itimerval never = { { 0, 0 }, { 0, 0 } };
static const gid_t root_group[] = { 0 };
static const sigset_t everything;

/* 32-bit calls have other numbers: 20 is write in one table and getpid in the other. */
static long
call_of_32_bits(void)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	return result;
#else
	return syscall(SYS_getpid);
#endif
}

/* A filter that allows everything, put over the one there is; then what that one forbids. */
static long
filter_loosen(void)
{
	static struct sock_filter yes = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &yes };

	(void)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
	return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long
descriptor_send(void)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec v = { memory, 1 };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	return syscall(SYS_sendmsg, FD_CTL, &h, MSG_NOSIGNAL);
}

static long
fork_once(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

/* clang-format off */
static const struct attack everywhere[] = {
	/* the network, and anything else that is a socket */
	SAFE_CALL("socket of TCP", KILLED, SYS_socket, AF_INET, SOCK_STREAM),
	CALL("socket of UDP over IPv6", KILLED, SYS_socket, AF_INET6, SOCK_DGRAM),
	CALL("raw socket", KILLED, SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP),
	CALL("packet socket", KILLED, SYS_socket, AF_PACKET, SOCK_RAW, 0x0300),
	CALL("netlink socket", KILLED, SYS_socket, AF_NETLINK, SOCK_RAW),
	CALL("UNIX socket", KILLED, SYS_socket, AF_UNIX, SOCK_DGRAM),
	CALL("vsock to the machine's host", KILLED, SYS_socket, AF_VSOCK, SOCK_STREAM),
	CALL("socket of the kernel's cryptography", KILLED, SYS_socket, AF_ALG, SOCK_SEQPACKET),
	CALL("socketpair", KILLED, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, P(memory)),
	CALL("connect to a mail server", KILLED, SYS_connect, FD_CTL, P(&loopback), sizeof loopback),
	CALL("bind a port", KILLED, SYS_bind, FD_CTL, P(&any), sizeof any),
	CALL("listen", KILLED, SYS_listen, FD_CTL, 1),
	CALL("accept", KILLED, SYS_accept4, FD_CTL, 0, 0, SOCK_NONBLOCK),
	CALL("setsockopt", KILLED, SYS_setsockopt, FD_CTL, SOL_SOCKET, SO_PASSCRED, P(memory), sizeof(int)),
	CALL("shut the channel down", KILLED, SYS_shutdown, FD_CTL, SHUT_RDWR),
	CALL("sendmmsg", KILLED, SYS_sendmmsg, FD_CTL, P(memory), 0, 0),
	CALL("sendto with an address", KILLED, SYS_sendto, FD_LOG, P(memory), 1, MSG_NOSIGNAL, P(&loopback), sizeof loopback),
	/* other processes */
	CALL("kill sallyport", KILLED, SYS_kill, SIBLING, SIGKILL),
	CALL("tgkill sallyport", KILLED, SYS_tgkill, SIBLING, SIBLING, SIGKILL),
	CALL("queue a signal to sallyport", KILLED, SYS_rt_sigqueueinfo, SIBLING, SIGTERM, P(memory)),
	CALL("pidfd of sallyport", KILLED, SYS_pidfd_open, SIBLING),
	CALL("signal through a pidfd", KILLED, SYS_pidfd_send_signal, FD_CTL, SIGKILL),
	CALL("take a descriptor through a pidfd", KILLED, SYS_pidfd_getfd, FD_CTL, 0),
	CALL("trace sallyport", KILLED, SYS_ptrace, PTRACE_ATTACH, SIBLING),
	CALL("be traced", KILLED, SYS_ptrace, PTRACE_TRACEME),
	SAFE_CALL("read sallyport's memory", KILLED, SYS_process_vm_readv, SIBLING, P(&here), 1, P(&there), 1),
	CALL("write sallyport's memory", KILLED, SYS_process_vm_writev, SIBLING, P(&here), 1, P(&there), 1),
	CALL("compare with sallyport", KILLED, SYS_kcmp, SIBLING, SIBLING),
	CALL("limits of sallyport", KILLED, SYS_prlimit64, SIBLING, RLIMIT_NOFILE, P(&more_files)),
	CALL("priority of sallyport", KILLED, SYS_setpriority, PRIO_PROCESS, SIBLING, 19),
	CALL("processors of sallyport", KILLED, SYS_sched_setaffinity, SIBLING, 8, P(memory)),
	CALL("signals by F_SETOWN", KILLED, SYS_fcntl, FD_CTL, F_SETOWN, SIBLING),
	CALL("a signal handler", KILLED, SYS_rt_sigaction, SIGALRM, 0, P(memory), 8),
	/* new processes and programs */
	ACT("fork", SAFE, KILLED, fork_once),
	CALL("a thread", KILLED, SYS_clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, P(memory + sizeof memory)),
	CALL("clone3 into a user namespace", KILLED, SYS_clone3, P(&clone_arguments), 64),
	CALL("execute a shell", KILLED, SYS_execve, P("/bin/sh"), P(shell), P(nothing)),
	CALL("execute relative to a directory", KILLED, SYS_execveat, AT_FDCWD, P("bin/sh"), P(shell), P(nothing), 0),
	CALL("a new session", KILLED, SYS_setsid),
	/* namespaces and mounts */
	CALL("unshare users", KILLED, SYS_unshare, CLONE_NEWUSER),
	CALL("unshare mounts", KILLED, SYS_unshare, CLONE_NEWNS),
	CALL("setns", KILLED, SYS_setns, FD_CTL, CLONE_NEWNS),
	CALL("mount", KILLED, SYS_mount, P("none"), P("/nonexistent"), P("tmpfs"), 0),
	CALL("umount", KILLED, SYS_umount2, P("/nonexistent"), 0),
	CALL("open_tree", KILLED, SYS_open_tree, AT_FDCWD, P("/nonexistent"), 0),
	CALL("fsopen", KILLED, SYS_fsopen, P("tmpfs"), 0),
	CALL("pivot_root", KILLED, SYS_pivot_root, P("/nonexistent"), P("/nonexistent")),
	CALL("change directory", KILLED, SYS_chdir, P("/")),
	/* parts of the kernel that have been broken before */
	CALL("io_uring_setup", KILLED, SYS_io_uring_setup, 4, P(&ring)),
	CALL("io_uring_enter", KILLED, SYS_io_uring_enter, FD_CTL, 1),
	CALL("bpf", KILLED, SYS_bpf, BPF_MAP_CREATE, P(&map), sizeof map),
	CALL("perf_event_open", KILLED, SYS_perf_event_open, P(&event), 0, -1, -1),
	CALL("keyctl", KILLED, SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0),
	CALL("add_key", KILLED, SYS_add_key, P("user"), P("walls"), P("x"), 1, KEY_SPEC_PROCESS_KEYRING),
	CALL("userfaultfd", KILLED, SYS_userfaultfd, 1),
	CALL("modules", KILLED, SYS_init_module, P(memory), 0, P("")),
	CALL("kexec", KILLED, SYS_kexec_load, 0, 0, 0, -1),
	CALL("reboot", KILLED, SYS_reboot, 1, 2, 3),
	CALL("the kernel's log", KILLED, SYS_syslog, 3, P(memory), 64),
	CALL("set the clock", KILLED, SYS_settimeofday, 0, 0),
	CALL("host name", KILLED, SYS_sethostname, P(memory), -1),
	CALL("personality", KILLED, SYS_personality, 0x0040000 /* ADDR_NO_RANDOMIZE */),
	CALL("fanotify", KILLED, SYS_fanotify_init, 0, O_RDONLY),
	CALL("inotify", KILLED, SYS_inotify_init1, 0),
	CALL("shared memory", KILLED, SYS_shmget, 0x7761, 4096, IPC_CREAT | 0666),
	CALL("message queue", KILLED, SYS_mq_open, P("walls"), O_CREAT | O_RDWR, 0600, 0),
	/* memory that can be executed */
	SAFE_CALL("memory to execute", KILLED, SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1),
	CALL("make memory executable", KILLED, SYS_mprotect, P(memory), 4096, PROT_READ | PROT_EXEC),
	CALL("pkey_mprotect", KILLED, SYS_pkey_mprotect, P(memory), 4096, PROT_READ | PROT_EXEC, -1),
	CALL("a memory file", KILLED, SYS_memfd_create, P("walls"), 0),
	CALL("secret memory", KILLED, SYS_memfd_secret, 0),
	/* files, in the ways that none opens or changes them */
	CALL("open with O_PATH", KILLED, SYS_openat, AT_FDCWD, P("/"), O_PATH | O_CLOEXEC),
	CALL("create a file", KILLED, SYS_openat, AT_FDCWD, P("walls"), OPEN_MESSAGE | O_CREAT, 0600),
	CALL("open to write", KILLED, SYS_openat, AT_FDCWD, P("walls"), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK),
	CALL("cut a file", KILLED, SYS_openat, AT_FDCWD, P("walls"), OPEN_DATA | O_TRUNC),
	CALL("openat2", KILLED, SYS_openat2, AT_FDCWD, P("/"), P(&how), sizeof how),
	CALL("open by handle", KILLED, SYS_open_by_handle_at, FD_CTL, P(memory), O_RDONLY),
	CALL("mkdir", KILLED, SYS_mkdirat, AT_FDCWD, P("walls"), 0700),
	CALL("make a device", KILLED, SYS_mknodat, AT_FDCWD, P("walls"), S_IFCHR | 0600, 0x103),
	CALL("symbolic link", KILLED, SYS_symlinkat, P("/"), AT_FDCWD, P("walls")),
	CALL("hard link", KILLED, SYS_linkat, AT_FDCWD, P("walls"), AT_FDCWD, P("walls2"), 0),
	CALL("chmod", KILLED, SYS_fchmodat, AT_FDCWD, P("walls"), 04755),
	CALL("fchmod", KILLED, SYS_fchmod, FD_TABLE, 0755),
	CALL("chown", KILLED, SYS_fchownat, AT_FDCWD, P("walls"), 0, 0, 0),
	CALL("truncate", KILLED, SYS_truncate, P("walls"), 0),
	CALL("ftruncate", KILLED, SYS_ftruncate, FD_TABLE, 1 << 20),
	CALL("fallocate", KILLED, SYS_fallocate, FD_TABLE, 0, 0, 1 << 20),
	CALL("pwrite", KILLED, SYS_pwrite64, FD_CTL, P(memory), 1, 0),
	CALL("extended attribute", KILLED, SYS_setxattr, P("walls"), P("user.walls"), P("x"), 1, 0),
	CALL("splice", KILLED, SYS_splice, FD_CTL, 0, FD_LOG, 0, 1, 0),
	/* privilege */
	CALL("setuid 0", KILLED, SYS_setuid, 0),
	CALL("setgid 0", KILLED, SYS_setgid, 0),
	CALL("setreuid 0", KILLED, SYS_setreuid, -1, 0),
	CALL("setregid 0", KILLED, SYS_setregid, -1, 0),
	CALL("setfsuid 0", KILLED, SYS_setfsuid, 0),
	CALL("all capabilities", KILLED, SYS_capset, P(&capabilities), P(all)),
	CALL("securebits", KILLED, SYS_prctl, PR_SET_SECUREBITS, 0),
	CALL("seccomp off", KILLED, SYS_prctl, PR_SET_SECCOMP, 0),
	CALL("let all trace us", KILLED, SYS_prctl, 0x59616d61 /* PR_SET_PTRACER */, -1),
	ACT("seccomp loosened", PLAIN, KILLED, filter_loosen),
	/* the same calls by other numbers */
	ACT("a call of 32 bits", PLAIN, KILLED, call_of_32_bits),
	CALL("a call of another ABI", KILLED, 0x40000000 | SYS_getpid),
	CALL("a call that does not exist", KILLED, 9999),
};

static const struct attack rooms[] = {
	CALL("setresuid 0", KILLED, SYS_setresuid, 0, 0, 0),
	CALL("setresgid 0", KILLED, SYS_setresgid, 0, 0, 0),
	CALL("setgroups 0", KILLED, SYS_setgroups, 1, P(root_group)),
	CALL("no groups", KILLED, SYS_setgroups, 0, 0),
	CALL("chroot", KILLED, SYS_chroot, P(".")),
	CALL("leave the root directory", KILLED, SYS_fchdir, FD_CTL),
	CALL("become dumpable", KILLED, SYS_prctl, PR_SET_DUMPABLE, 1),
	CALL("another seccomp filter", KILLED, SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0),
	CALL("another Landlock", KILLED, SYS_landlock_create_ruleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION),
	CALL("limits of its own", KILLED, SYS_prlimit64, 0, RLIMIT_NOFILE, P(&more_files)),
	CALL("no deadline", KILLED, SYS_setitimer, ITIMER_REAL, P(&never)),
	CALL("no signals", KILLED, SYS_rt_sigprocmask, SIG_BLOCK, P(&everything), 0, 8),
	CALL("a pipe", KILLED, SYS_pipe2, P(memory), 0),
#ifdef SYS_vfork
	CALL("vfork", KILLED, SYS_vfork),
#endif
	CALL("execute a descriptor", KILLED, SYS_execveat, 0, P(""), P(shell), P(nothing), AT_EMPTY_PATH),
	CALL("copy a descriptor", KILLED, SYS_dup3, FD_CTL, 12, 0),
	CALL("copy a descriptor by fcntl", KILLED, SYS_fcntl, FD_CTL, F_DUPFD, 10),
	CALL("read a link", KILLED, SYS_readlinkat, AT_FDCWD, P("/proc/self/exe"), P(memory), 64),
	CALL("open the maildrop's way", KILLED, SYS_openat, AT_FDCWD, P("/"), OPEN_MAILDIR),
	CALL("open the slots' way", KILLED, SYS_openat, AT_FDCWD, P("/dev/null"), OPEN_SLOTS),
	CALL("type into a terminal", KILLED, SYS_ioctl, FD_LOG, TIOCSTI, P("x")),
	CALL("signals from a socket", KILLED, SYS_ioctl, FD_CTL, FIOASYNC, P(memory)),
};

static const struct attack fileless[] = {
	/* from the empty root directory's place, where there is none */
	SAFE_CALL("execute a program that is setuid", KILLED, SYS_execve, P("../raise"), P(raise_arguments), P(nothing)),
	SAFE_CALL("open /etc/shadow", KILLED, SYS_openat, AT_FDCWD, P("/etc/shadow"), OPEN_MESSAGE),
	SAFE_CALL("open /", KILLED, SYS_openat, AT_FDCWD, P("/"), OPEN_MESSAGE),
	SAFE_CALL("open /etc/passwd", KILLED, SYS_openat, AT_FDCWD, P("/etc/passwd"), OPEN_MESSAGE),
	CALL("open ..", KILLED, SYS_openat, AT_FDCWD, P("../../../.."), OPEN_MESSAGE),
	CALL("open sallyport's memory", KILLED, SYS_openat, AT_FDCWD, P("/proc/self/mem"), OPEN_MESSAGE),
	CALL("look at a file", KILLED, SYS_newfstatat, AT_FDCWD, P("/etc/passwd"), P(memory), 0),
	CALL("list a directory", KILLED, SYS_getdents64, FD_CTL, P(memory), sizeof memory),
	CALL("remove a file", KILLED, SYS_unlinkat, AT_FDCWD, P("walls"), 0),
	CALL("rename a file", KILLED, SYS_renameat2, AT_FDCWD, P("walls"), AT_FDCWD, P("walls2"), 0),
	CALL("lock a file", KILLED, SYS_flock, FD_CTL, 2),
	CALL("wait for a child", KILLED, SYS_wait4, -1, 0, 1, 0),
	CALL("seal a file", KILLED, SYS_fcntl, FD_TABLE, F_ADD_SEALS, 0),
	ACT("hand a descriptor over", PLAIN, KILLED, descriptor_send),
};
/* clang-format on */

const struct attacks attacks_everywhere = ATTACKS(everywhere);
const struct attacks attacks_rooms = ATTACKS(rooms);
const struct attacks attacks_fileless = ATTACKS(fileless);
