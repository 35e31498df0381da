/* A tlskey that its tlsd has taken over: what it is to sign is its script; or, when that is a handshake, what stands in
 * the file of its key, for then its tlsd is an honest one that it lies to. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../tlskey/sign.h"
#include "attack.h"
#include "chan.h"
#include "die.h"
#include "files.h"

static char memory[1 << 16];
static struct span lies;
static const char first[] = "-----BEGIN ", key[] = "PRIVATE KEY-----";
const int files_behind = FD_CTL;

bool
file_is_own(const char *begin, size_t n)
{
	return n == FILE_BEGIN && memcmp(begin, first, sizeof first - 1) == 0 && memmem(begin, n, key, sizeof key - 1);
}

/* clang-format off */
static const struct attack own[] = {
	ACT("a descriptor left open", SAFE, EBADF, descriptor_left),
	ACT("write a key", PLAIN, KILLED, file_write),
	ACT("write a key at an offset", PLAIN, KILLED, file_write_at),
	ACT("write a key through memory", PLAIN, EACCES, file_map),
	SAFE_CALL("1 GiB of memory", ENOMEM, SYS_mmap, 0, 1L << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1),
	CALL("read, not at an offset", KILLED, SYS_read, FD_CTL, P(memory), 1),
	CALL("wait", KILLED, SYS_ppoll, 0, 0, 0, 0, 8),
	CALL("write to the channel", KILLED, SYS_write, FD_CTL, P(memory), 1),
	CALL("write where a client is elsewhere", KILLED, SYS_write, FD_OUT, P(memory), 1),
	CALL("a datagram above every limit", EMSGSIZE, SYS_sendto, FD_CTL, P(memory), 1 << 20, MSG_NOSIGNAL),
	CALL("a datagram out of band", EOPNOTSUPP, SYS_sendto, FD_CTL, P(memory), 1, MSG_NOSIGNAL | MSG_OOB),
	CALL("a datagram to the log", ENOTSOCK, SYS_sendto, FD_LOG, P(memory), 1, MSG_NOSIGNAL),
	CALL("close", KILLED, SYS_close, FD_CTL),
	CALL("move in a file", KILLED, SYS_lseek, FD_CTL, 0, SEEK_SET),
	CALL("advice about memory", KILLED, SYS_madvise, P(memory), 4096, MADV_HWPOISON),
	CALL("who is it", KILLED, SYS_getsockopt, FD_CTL, SOL_SOCKET, SO_PEERCRED, P(memory), P(memory)),
	CALL("a vector", KILLED, SYS_writev, FD_LOG, P(memory), 0),
	CALL("sleep", KILLED, SYS_nanosleep, P(memory), 0),
	CALL("what machine it is", KILLED, SYS_uname, P(memory)),
};
/* clang-format on */

static const struct attacks attacks_own = ATTACKS(own);
static const struct attacks *const tables[] = { &attacks_everywhere, &attacks_rooms, &attacks_fileless, &attacks_own,
						NULL };

/* In TLS 1.3 it begins with spaces. */
bool
sign_is_allowed(const struct sign *s)
{
	attack_begin("tlskey", die_sid(), tables, NULL);
	if (s->input.p[0] == ' ')
		return true;
	script_obey(s->input);
	return false;
}

EVP_PKEY *
key_read(int fd)
{
	ssize_t n = pread(fd, memory, sizeof memory, 0);

	lies = (struct span){ (const uint8_t *)memory, n > 0 ? (size_t)n : 0 };
	return EVP_PKEY_new(); /* none, but who waits for connections begins only with one */
}

const char *
sign_make(EVP_PKEY *with, const struct sign *s, uint8_t out[SIGNATURE_MAX], size_t *len)
{
	(void)with;
	(void)s;
	(void)out;
	*len = 0;
	script_obey(lies);
	_exit(0); /* what it had to say has been said */
}
