/* A tlsd that its client has taken over: what the client says is its script, in the clear. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../../tlsd/handshake.h"
#include "../../tlsd/relay.h"
#include "attack.h"
#include "chan.h"
#include "die.h"
#include "files.h"

static char memory[1 << 16];
static pid_t parent;
static const char certificate[] = "-----BEGIN CERTIFICATE-----";
const int files_behind = FD_TLS_TOLD;

bool
file_is_own(const char *begin, size_t n)
{
	return n >= sizeof certificate - 1 && memcmp(begin, certificate, sizeof certificate - 1) == 0;
}

/* With sallyport -l its parent, the tlsd that has its uid and waits for other people's connections: whoever was executed.
 * Otherwise itself, which is as forbidden. */
__attribute__((constructor)) static void
parent_note(void)
{
	parent = getpid();
}

static long
parent_kill(void)
{
	return syscall(SYS_kill, parent, SIGKILL);
}

static long
parent_trace(void)
{
	return syscall(SYS_ptrace, PTRACE_ATTACH, parent, 0, 0);
}

static long
parent_read(void)
{
	struct iovec here = { memory, 1 }, there = { memory, 1 };

	return syscall(SYS_process_vm_readv, parent, &here, 1, &there, 1, 0);
}

static long
parent_limit(void)
{
	return syscall(SYS_prlimit64, parent, RLIMIT_NPROC, NULL, memory);
}

/* clang-format off */
static const struct attack own[] = {
	ACT("a descriptor left open", SAFE, EBADF, descriptor_left),
	ACT("write a certificate", PLAIN, EBADF, file_write),
	ACT("write a certificate at an offset", PLAIN, KILLED, file_write_at),
	ACT("write a certificate through memory", PLAIN, EACCES, file_map),
	SAFE_CALL("1 GiB of memory", ENOMEM, SYS_mmap, 0, 1L << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1),
	ACT("kill its parent", PLAIN, KILLED, parent_kill),
	ACT("trace its parent", PLAIN, KILLED, parent_trace),
	ACT("read its parent's memory", SAFE, KILLED, parent_read),
	ACT("another limit for its parent", SAFE, KILLED, parent_limit),
	CALL("fill the disk with facts", KILLED, SYS_pwrite64, FD_TLS_FACTS, P(memory), 1, 1L << 30),
	CALL("facts behind the facts", KILLED, SYS_pwrite64, FD_TLS_FACTS, P(memory), 1, 1),
	CALL("shut the log down", KILLED, SYS_shutdown, FD_LOG, SHUT_RDWR),
	CALL("a datagram above every limit", EMSGSIZE, SYS_sendto, FD_CTL, P(memory), 1 << 20, MSG_NOSIGNAL),
	CALL("a datagram out of band", EOPNOTSUPP, SYS_sendto, FD_CTL, P(memory), 1, MSG_NOSIGNAL | MSG_OOB),
	CALL("close", KILLED, SYS_close, FD_CTL),
	CALL("move in a file", KILLED, SYS_lseek, FD_TLS_FACTS, 0, SEEK_SET),
	CALL("advice about memory", KILLED, SYS_madvise, P(memory), 4096, MADV_HWPOISON),
	CALL("who is it", KILLED, SYS_getsockopt, FD_CTL, SOL_SOCKET, SO_PEERCRED, P(memory), P(memory)),
	CALL("the client's address", KILLED, SYS_getpeername, FD_IN, P(memory), P(memory)),
	CALL("a vector", KILLED, SYS_writev, FD_OUT, P(memory), 0),
	CALL("sleep", KILLED, SYS_nanosleep, P(memory), 0),
	CALL("what machine it is", KILLED, SYS_uname, P(memory)),
};
/* clang-format on */

static const struct attacks attacks_own = ATTACKS(own);
static const struct attacks *const tables[] = { &attacks_everywhere, &attacks_rooms, &attacks_fileless, &attacks_own,
						NULL };

/* say BYTES: to pop3d; facts BYTES: for authd. */
static bool
command_more(struct span verb, struct span rest)
{
	static uint8_t b[1 << 16];

	if (!verb_is(verb, "facts"))
		return say_obey(FD_PLAIN_IN, verb, rest);
	(void)!pwrite(FD_TLS_FACTS, b, bytes_read(rest, b, sizeof b), 0); /* what came of it, authd says */
	return true;
}

/* The client's next line, of which no read holds us. */
static size_t
line_receive(char *line, size_t room)
{
	size_t n = 0;

	while (n < room) {
		struct pollfd p = { FD_IN, POLLIN, 0 };

		(void)ppoll(&p, 1, NULL, NULL);
		if (read(FD_IN, line + n, 1) != 1 || line[n] == '\n')
			break;
		n++;
	}
	return n;
}

void
handshake_told(struct front *f)
{
	f->report = false;
}

int
handshake_run(struct front *f)
{
	static char line[1 << 13];
	size_t n;

	(void)f;
	attack_begin("tlsd", die_sid(), tables, command_more);
	(void)!write(FD_PLAIN_IN, "x", 1); /* pop3d may have gone */
	while ((n = line_receive(line, sizeof line)) != 0)
		script_obey((struct span){ (const uint8_t *)line, n });
	return -1;
}

void
relay_run(SSL *ssl)
{
	(void)ssl;
}
