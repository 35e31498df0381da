/* The law of every room: which system calls it may make, and why.  Anything else kills it (SIGSYS).
 * One table for each room, one call for each row, no row without a reason, no row that depends on
 * configuration but the two uids in launch's, or on anything else but how long authd's tables are. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "table.h"

/* Older kernel headers lack these; the values are the kernel's. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

/* The rows.  A reason is for the reader; it costs the program nothing. */
/* clang-format off */
#define ALLOW(call, reason) { call, ALWAYS, 0, 0, 0, 0 }
#define ALLOW_IF(call, argument, value, reason) { call, WHEN, argument, 0, value, 0 }
#define ALLOW_IF_BOTH(call, argument, value, argument2, value2, reason) \
	{ call, WHEN_BOTH, argument, argument2, value, value2 }
#define ALLOW_FROM(call, argument, value, reason) { call, WHEN_FROM, argument, 0, value, 0 }
#define ALLOW_RECORD(call, fd, below, reason) { call, WHEN_RECORD, 0, 0, fd, below }
#define ALLOW_UIDS(call, reason) { call, WHEN_UIDS, 0, 0, 0, 0 }
#define ELSE_FAIL(call, reason) { call, ELSE_EPERM, 0, 0, 0, 0 }

static const struct allow pop3d_calls[] = {
	ALLOW(SYS_read, "bytes from the client"),
	ALLOW_IF(SYS_write, 0, FD_OUT, "replies to the client"),
	ALLOW_IF(SYS_write, 0, FD_LOG, "lines to the log, and nothing to a descriptor that storage sends"),
	ALLOW(SYS_ppoll, "wait, with the idle limit (poll would need restart_syscall after a stop)"),
	ALLOW(SYS_pread64, "a message's bytes, the table's records"),
	ALLOW_IF(SYS_sendto, 4, 0, "requests to authd and storage, to no other address, and without a descriptor"),
	ALLOW(SYS_recvmsg, "their answers, with a message's descriptor"),
	ALLOW(SYS_close, "a message's descriptor"),
	ALLOW(SYS_exit_group, "leave"),
	ALLOW_IF(SYS_ioctl, 1, SIOCOUTQ, "has the client's kernel everything, before a message is removed?"),
	ALLOW(SYS_clock_gettime, "the idle limit, where the vDSO cannot tell the time"),
};

static const struct allow taker_calls[] = {
	ALLOW(SYS_read, "what another server wrote"),
	ALLOW_IF(SYS_sendto, 4, 0, "the attempt, to authd alone"),
	ALLOW(SYS_recvmsg, "its answer"),
	ALLOW_IF(SYS_write, 0, FD_LOG, "lines to the log"),
	ALLOW(SYS_exit_group, "leave"),
};

static const struct allow giver_calls[] = {
	ALLOW(SYS_recvmsg, "the attempt"),
	ALLOW_IF(SYS_write, 0, FD_GIVEN, "the same, as a checkpassword program reads it"),
	ALLOW_IF(SYS_write, 0, FD_LOG, "lines to the log"),
	ALLOW_IF(SYS_sendto, 4, 0, "the answer no, to nobody else"),
	ALLOW(SYS_exit_group, "leave"),
};

static const struct allow proxyd_calls[] = {
	ALLOW(SYS_read, "the header, to its last octet"),
	ALLOW(SYS_ppoll, "wait for it"),
	ALLOW(SYS_write, "the record to launch, a line to the log"),
	ALLOW(SYS_exit_group, "leave"),
	ALLOW(SYS_clock_gettime, "its time, where the vDSO cannot tell it"),
};

#define STORAGE_ROWS                                                                                              \
	ALLOW(SYS_read, "count a message's octets"),                                                              \
	ALLOW_IF(SYS_openat, 2, OPEN_MESSAGE, "open a message to read it, in no other way"),                      \
	ALLOW_IF(SYS_fadvise64, 3, POSIX_FADV_WILLNEED, "ask the disk for several messages together"),             \
	ALLOW_IF_BOTH(SYS_openat, 2, OPEN_INDEX, 3, OPEN_INDEX_MODE, "make the index: a file that was not there"),   \
	ALLOW(SYS_fstat, "is it a regular file, and the one that was counted?"),                                  \
	ALLOW(SYS_newfstatat, "the same, as some libcs write it"),                                                \
	ALLOW(SYS_close, "a message's descriptor"),                                                               \
	ALLOW(SYS_recvmsg, "requests from pop3d"),                                                                \
	ALLOW_IF(SYS_sendmsg, 0, FD_CTL, "answers with the descriptor of a message or of the table, to pop3d alone"), \
	ALLOW_IF(SYS_sendto, 4, 0, "answers without, to nobody else"),                                            \
	ALLOW(SYS_ppoll, "wait for the lock"),                                                                    \
	ALLOW(SYS_getdents64, "list new and cur"),                                                                \
	ALLOW(SYS_lseek, "list them again after another program renamed a message"),                              \
	ALLOW(SYS_flock, "the session's lock"),                                                                   \
	ALLOW(SYS_unlinkat, "remove what was marked, at QUIT"),                                                   \
	ALLOW_IF(SYS_renameat2, 4, 0, "move retrieved messages from new to cur, at QUIT; leave no device"),       \
	ALLOW_IF(SYS_renameat2, 4, 1 /* RENAME_NOREPLACE */, "the same"),                                         \
	ALLOW_IF(SYS_write, 0, FD_TABLE, "the table's records"),                                                  \
	ALLOW_IF(SYS_write, 0, FD_INDEX, "the index"),                                                            \
	ALLOW_IF(SYS_write, 0, FD_LOG, "lines to the log"),                                                       \
	ALLOW_IF(SYS_fcntl, 1, F_ADD_SEALS, "make the table read-only for ever"),                                 \
	ALLOW_IF(SYS_mmap, 2, PROT_READ | PROT_WRITE, "memory for the list; nothing executable"),                      \
	ALLOW(SYS_munmap, "give it back"),                                                                        \
	ALLOW(SYS_mremap, "grow it"),                                                                             \
	ALLOW(SYS_wait4, "how did pop3d end?"),                                                                   \
	ALLOW(SYS_clock_gettime, "how long did it take, where the vDSO cannot tell the time"),                    \
	ALLOW(SYS_exit_group, "leave")

static const struct allow storage_calls[] = { STORAGE_ROWS };

enum { TABLE_SIZE_MAX = 1 << 30 }; /* for launch, who does not know yet how long the tables will be */

#define AUTHD_ROWS                                                                                                \
	ALLOW(SYS_recvmsg, "the attempt"),                                                                        \
	ALLOW(SYS_read, "the database"),                                                                          \
	ALLOW(SYS_lseek, "find a name in it"),                                                                    \
	ALLOW(SYS_close, "close it before the proof is judged"),                                                  \
	ALLOW_IF(SYS_fcntl, 1, F_OFD_SETLK, "a slot, and a record while it is changed"),                          \
	ALLOW(SYS_ppoll, "wait for a slot or a lock, or because of wrong guesses"),                               \
	ALLOW_IF(SYS_sendto, 4, 0, "the answer no or later, to nobody else"),                                     \
	ALLOW_IF(SYS_write, 0, FD_VERDICT, "the verdict to launch"),                                              \
	ALLOW_IF(SYS_write, 0, FD_LOG, "lines to the log, and no byte to the slots"),                             \
	ALLOW(SYS_pread64, "records of the tables of guesses and logins"),                                        \
	ALLOW_RECORD(SYS_pwrite64, FD_GUESSES, TABLE_SIZE_MAX, "one of them, no further than the table is long"),  \
	ALLOW_RECORD(SYS_pwrite64, FD_LOGINS, TABLE_SIZE_MAX, "the same"),                                        \
	ALLOW(SYS_brk, "memory for a memory-hard hash"),                                                          \
	ALLOW_IF(SYS_mmap, 2, PROT_READ | PROT_WRITE, "the same; nothing executable"),                            \
	ALLOW_IF(SYS_mmap, 2, PROT_NONE, "its guard pages"),                                                      \
	ALLOW_IF(SYS_mprotect, 2, PROT_READ | PROT_WRITE, "the pages behind them"),                               \
	ALLOW(SYS_munmap, "give it back"),                                                                        \
	ALLOW(SYS_getrandom, "which slot first; libsodium's start"),                                              \
	ALLOW(SYS_clock_gettime, "how long to wait, where the vDSO cannot tell the time"),                        \
	ALLOW(SYS_exit_group, "leave")

static const struct allow authd_calls[] = { AUTHD_ROWS };

/* Besides, what OpenSSL asks for in authd-crypto. */
#define CRYPTO_ROWS                                                                                               \
	ALLOW_IF(SYS_futex, 1, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, "libc's once-only start, which wakes whoever waits: nobody")

static const struct allow authd_crypto_calls[] = { AUTHD_ROWS, CRYPTO_ROWS };

/* What OpenSSL asks for while it computes. */
#define OPENSSL_ROWS                                                                                              \
	ALLOW(SYS_pread64, "certificates; the one key that is to sign"),                                          \
	ALLOW(SYS_recvmsg, "what is to be signed, its signature"),                                                \
	ALLOW_IF(SYS_sendto, 4, 0, "the same the other way, to nobody else"),                                     \
	ALLOW(SYS_brk, "memory"),                                                                                 \
	ALLOW_IF(SYS_mmap, 2, PROT_READ | PROT_WRITE, "the same; nothing executable"),                            \
	ALLOW_IF(SYS_mprotect, 2, PROT_READ | PROT_WRITE, "the same"),                                            \
	ALLOW(SYS_munmap, "give it back"),                                                                        \
	ALLOW(SYS_mremap, "grow it"),                                                                             \
	ALLOW(SYS_getrandom, "random numbers"),                                                                   \
	ALLOW(SYS_getpid, "their generator looks whether it has been forked"),                                    \
	ALLOW(SYS_futex, "OpenSSL's locks, which nobody else wants"),                                             \
	ALLOW(SYS_clock_gettime, "limits, where the vDSO cannot tell the time"),                                  \
	ALLOW(SYS_exit_group, "leave")

#define TLSD_ROWS                                                                                                 \
	ALLOW(SYS_read, "records from the client, what the program behind says"),                                 \
	ALLOW(SYS_ppoll, "wait for either"),                                                                      \
	ALLOW(SYS_write, "records to the client, what is in them to the program behind, lines to the log"),       \
	ALLOW_IF_BOTH(SYS_pwrite64, 0, FD_TLS_FACTS, 3, 0, "the facts, for authd; at the beginning, and not a file full"), \
	ALLOW_IF(SYS_shutdown, 0, FD_PLAIN_IN, "the client has said all, and what is behind has more to say"),    \
	ALLOW_IF(SYS_shutdown, 0, FD_OUT, "the other way round"),                                                 \
	OPENSSL_ROWS

static const struct allow tlsd_calls[] = { TLSD_ROWS };

/* One that waits for connections and has a child for each, which inherits this table and adds the one above, so that it
 * has no more than that. */
static const struct allow tlsd_resident_calls[] = {
	ALLOW_IF_BOTH(SYS_shutdown, 0, FD_CTL, 1, SHUT_WR, "tell launch that it is ready; more it never says"),
	ALLOW_IF(SYS_clone, 0, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, "a child for a connection, as libc forks"),
	ALLOW(SYS_set_robust_list, "libc's start of it"),
	ALLOW(SYS_rt_sigprocmask, "the same"),
	ALLOW(SYS_wait4, "how did it end?"),
	ALLOW(SYS_close, "the connection, which is the child's; the channel, when there will be no more"),
	ALLOW(SYS_setitimer, "no deadline of its own, when it is ready; the child's"),
	ALLOW(SYS_dup3, "its descriptors"),
	ALLOW(SYS_close_range, "and no others"),
	ALLOW_IF(SYS_fcntl, 1, F_GETFL, "no read and no write may hold it"),
	ALLOW_IF(SYS_fcntl, 1, F_SETFL, "the same"),
	ALLOW_IF(SYS_setsockopt, 0, FD_OUT, "records leave at once, and a client that is gone is found out"),
	ALLOW_IF(SYS_prctl, 0, PR_SET_NO_NEW_PRIVS, "its own box"),
	ALLOW_IF(SYS_prctl, 0, PR_SET_DUMPABLE, "the same"),
	ALLOW_IF(SYS_prlimit64, 0, 0, "the same: its own limits"),
	ALLOW(SYS_landlock_create_ruleset, "the same"),
	ALLOW(SYS_landlock_restrict_self, "the same"),
	ALLOW(SYS_seccomp, "the same"),
	TLSD_ROWS,
};

#define TLSKEY_ROWS                                                                                               \
	ALLOW_IF(SYS_write, 0, FD_LOG, "lines to the log"),                                                       \
	OPENSSL_ROWS

static const struct allow tlskey_calls[] = { TLSKEY_ROWS };

/* One that serves the channels of many connections. */
static const struct allow tlskey_resident_calls[] = {
	ALLOW_IF_BOTH(SYS_shutdown, 0, FD_CTL, 1, SHUT_WR, "tell launch that it is ready; more it never says"),
	ALLOW(SYS_setitimer, "no deadline any more, when it is ready"),
	ALLOW(SYS_ppoll, "wait for any of them"),
	ALLOW(SYS_close, "one that has its signature, or will not need any"),
	TLSKEY_ROWS,
};

/* launch, after pop3d has been started: wait, start authd, become storage.  What it starts inherits its table and
 * adds a narrower one, so theirs are in it. */
static const struct allow launch_calls[] = {
	ALLOW_UIDS(SYS_setresuid, "become authd, or a mail user from the floor upwards; never root"),
	ELSE_FAIL(SYS_setresuid, "rooms try to regain root, to be sure that they cannot"),
	ALLOW_IF_BOTH(SYS_execveat, 0, FD_ROOM, 4, AT_EMPTY_PATH, "authd or storage, by descriptor and by nothing else"),
	ALLOW_IF(SYS_setgroups, 0, 0, "no supplementary group"),
	ELSE_FAIL(SYS_setgroups, "more of them: rooms try that too"),
	ALLOW(SYS_setresgid, "the gid of the room"),
	ALLOW(SYS_getresuid, "rooms look who they are"),
	ALLOW(SYS_chroot, "authd's empty root directory"),
	ALLOW(SYS_fchdir, "the same"),
	ALLOW_IF(SYS_prctl, 0, PR_SET_NO_NEW_PRIVS, "no new privileges"),
	ALLOW_IF(SYS_prctl, 0, PR_GET_NO_NEW_PRIVS, "a room looks whether it has none"),
	ALLOW_IF(SYS_prctl, 0, PR_SET_DUMPABLE, "no traces and no core file of a room"),
	ALLOW(SYS_seccomp, "the room's own table"),
	ALLOW(SYS_landlock_create_ruleset, "the room's own Landlock"),
	ALLOW(SYS_landlock_add_rule, "the same"),
	ALLOW(SYS_landlock_restrict_self, "the same"),
	ALLOW_IF(SYS_prlimit64, 0, 0, "the room's own limits, no other process's"),
	ALLOW(SYS_setitimer, "the session's last deadline"),
	ALLOW(SYS_pipe2, "authd's verdict"),
#ifdef SYS_vfork
	ALLOW(SYS_vfork, "start authd"),
#else
	ALLOW_IF(SYS_clone, 0, CLONE_VM | CLONE_VFORK | SIGCHLD, "start authd"),
#endif
	ALLOW_IF(SYS_openat, 2, OPEN_DATA, "users.cdb, secrets.cdb and the keys, as they are now; it creates and cuts nothing"),
	ALLOW_IF(SYS_openat, 2, OPEN_SLOTS, "slots"),
	ALLOW_IF(SYS_openat, 2, OPEN_MAILDIR, "storage opens the maildrop before it enters its own table"),
	ALLOW_FROM(SYS_dup3, 0, FD_ROOM + 1, "the descriptors of a room; the log cannot take the place of the channel"),
#ifdef SYS_dup2
	ALLOW_FROM(SYS_dup2, 0, FD_ROOM + 1, "the same, as some libcs write it"),
#endif
	ALLOW(SYS_close_range, "and no others"),
	ALLOW_IF(SYS_fcntl, 1, F_GETFD, "a room looks for its descriptors; F_SETOWN would send signals to anybody"),
	ALLOW(SYS_getsockopt, "a room looks at its log and its channel"),
	/* What the start of a static program asks for. */
	ALLOW(SYS_set_tid_address, "start of libc"),
	ALLOW(SYS_set_robust_list, "start of libc"),
	ALLOW_IF(SYS_mprotect, 2, PROT_READ, "start of libc: relocations become read-only"),
	ALLOW(SYS_readlinkat, "start of libc"),
#ifdef __x86_64__
	ALLOW(SYS_arch_prctl, "start of libc: thread pointer"),
	ALLOW(SYS_readlink, "start of libc"),
#endif
	ALLOW(SYS_rseq, "start of libc"),
	ALLOW(SYS_rt_sigprocmask, "libc's vfork and abort"),
	ALLOW(SYS_ppoll, "wait for pop3d and authd"),
	STORAGE_ROWS,
	AUTHD_ROWS,
	CRYPTO_ROWS,
};
/* clang-format on */

#define ROWS(table) table, sizeof(table) / sizeof(table)[0]
#define MIB (1ULL << 20)

/* storage needs few descriptors, but the kernel also holds this limit against all that processes of one uid have sent
 * and nobody has received: with one uid for all mail, sessions would keep each other from sending.  launch's is as high
 * because storage inherits it. */
enum { ON_THEIR_WAY = 4096 };

const struct sandbox sandbox_taker = { ROWS(taker_calls), 64 * MIB, 8, 0 };
const struct sandbox sandbox_giver = { ROWS(giver_calls), 64 * MIB, 8, 0 };
const struct sandbox sandbox_proxyd = { ROWS(proxyd_calls), 64 * MIB, 8, 0 };
const struct sandbox sandbox_pop3d = { ROWS(pop3d_calls), 64 * MIB, 8, 0 };
const struct sandbox sandbox_storage = { ROWS(storage_calls), 8192 * MIB, ON_THEIR_WAY, 0 };
const struct sandbox sandbox_authd = { ROWS(authd_calls), 2048 * MIB, FD_ROOM + 1, 0 };
const struct sandbox sandbox_authd_crypto = { ROWS(authd_crypto_calls), 2048 * MIB, FD_ROOM + 1, 0 };
const struct sandbox sandbox_tlsd = { ROWS(tlsd_calls), 256 * MIB, FD_TLS_TOLD + 2, 0 };
const struct sandbox sandbox_tlskey = { ROWS(tlskey_calls), 256 * MIB, 8, 0 };
/* Of its own descriptors, the signals, and those of a connection; children, whose limit is 0, are bounded by sallyport. */
const struct sandbox sandbox_tlsd_resident = { ROWS(tlsd_resident_calls), 256 * MIB, FD_TLS_TOLD + 3 + CONNECTION_FDS,
					       UINT32_MAX };
const struct sandbox sandbox_tlskey_resident = { ROWS(tlskey_resident_calls), 256 * MIB, CHANNELS_MAX + 8, 0 };
const struct sandbox sandbox_launch = { ROWS(launch_calls), 0, ON_THEIR_WAY, UINT32_MAX };

const uint64_t reach_access[REACH__MAX] = {
	[REACH_READ] = LANDLOCK_ACCESS_FS_READ_FILE,
	[REACH_EXECUTE] = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE,
	[REACH_MAILDROP] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
			   LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_WRITE_FILE,
	[REACH_FILE_WRITE] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE,
};

enum { LANDLOCK_OLDEST = 2 }; /* version 1 forbids the rename from new to cur */

static void
limit(int what, uint64_t most)
{
	const struct rlimit r = { most, most };
	struct rlimit old;

	/* The raw call: libcs do not agree on the type of what. */
	if (syscall(SYS_prlimit64, 0, what, &r, NULL) == 0)
		return;
	/* A stricter limit that the administrator set stays. */
	if (errno != EPERM || syscall(SYS_prlimit64, 0, what, NULL, &old) || old.rlim_max > most)
		die_sys("cannot set a resource limit");
}

static void
limits_enter(const struct sandbox *box)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, box->files);
	if (box->address_space)
		limit(RLIMIT_AS, box->address_space);
	if (box->children != UINT32_MAX)
		limit(RLIMIT_NPROC, box->children);
}

int
sandbox_landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version < 0 ? 0 : (int)version;
}

static void
landlock_missing(void)
{
	die_usage("this kernel has no Landlock 2 (Linux 5.19): start a newer kernel, or set POP3_NOLANDLOCK=1 "
		  "to serve without it");
}

static void
seccomp_missing(void)
{
	die_sys("cannot enter seccomp: this kernel must have CONFIG_SECCOMP_FILTER");
}

void
sandbox_require(bool landlock_optional)
{
	const uint32_t kill = SECCOMP_RET_KILL_PROCESS;

	if (!landlock_optional && sandbox_landlock_version() < LANDLOCK_OLDEST)
		landlock_missing();
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill))
		seccomp_missing();
}

/* The kernel's structure, with the fields that later versions added. */
struct ruleset {
	uint64_t fs;
	uint64_t net;    /* version 4: bind and connect of TCP */
	uint64_t scoped; /* version 6: abstract sockets, signals */
};

static void
landlock_enter(const struct reach *reaches, int version)
{
	/* Handle every right this kernel knows: a right that is handled and not granted is refused. */
	struct ruleset rules = {
		.fs = version >= 5   ? (1ULL << 16) - 1
		      : version >= 3 ? (1ULL << 15) - 1
				     : (1ULL << 14) - 1,
		.net = version >= 4 ? 3 : 0,
		.scoped = version >= 6 ? 3 : 0,
	};
	size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
	int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);

	if (fd < 0)
		die_sys("cannot make a Landlock ruleset");
	for (; reaches && reaches->fd >= 0; reaches++) {
		struct landlock_path_beneath_attr rule = { reaches->access, reaches->fd };

		if (syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
			die_sys("cannot add a Landlock rule");
	}
	if (syscall(SYS_landlock_restrict_self, fd, 0))
		die_sys("cannot enter Landlock");
	(void)close(fd); /* a descriptor of our own making: nothing can be lost */
}

void
sandbox_enter(const struct sandbox *box, const struct reach *reaches, bool landlock_optional)
{
	sandbox_enter_for(box, reaches, landlock_optional, (struct filter_uids){ UINT32_MAX, UINT32_MAX });
}

/* A table is never longer than it is now: where a row lets records be written to a file that is open, its last one is
 * the last place.  RLIMIT_FSIZE would be the other way, but it would hold for the log, too. */
static const struct allow *
rows_bound(const struct sandbox *box)
{
	static struct allow rows[FILTER_ROWS_MAX];
	const struct allow *bound = box->rows;

	if (box->count > FILTER_ROWS_MAX)
		die_bug("a system call table is too long");
	for (size_t i = 0; i < box->count; i++) {
		struct stat st;
		uint64_t end;

		if (box->rows[i].rule != WHEN_RECORD || fstat((int)box->rows[i].value, &st) || !S_ISREG(st.st_mode))
			continue;
		if (bound == box->rows)
			memcpy(rows, box->rows, box->count * sizeof rows[0]);
		bound = rows;
		end = st.st_size < TABLE_RECORD ? 0 : (uint64_t)st.st_size - TABLE_RECORD + 1;
		if (end < rows[i].value2)
			rows[i].value2 = (uint32_t)end;
	}
	return bound;
}

void
sandbox_enter_for(const struct sandbox *box, const struct reach *reaches, bool landlock_optional,
		  struct filter_uids uids)
{
	static struct filter filter; /* not on the stack, whose pages would stay touched */
	struct sock_fprog program;
	int version = sandbox_landlock_version();

	filter_make(&filter, rows_bound(box), box->count, uids);
	program = (struct sock_fprog){ filter.n, filter.b };
	limits_enter(box);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die_sys("cannot become undumpable and without new privileges");
	if (version >= LANDLOCK_OLDEST)
		landlock_enter(reaches, version);
	else if (!landlock_optional)
		landlock_missing();
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		seccomp_missing();
}
