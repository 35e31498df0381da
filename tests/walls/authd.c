/* An authd that has been taken over: the proof that it is to judge, or the initial response, is its script.  So is an
 * authd-crypto, with CRYPTO; authd leaves it all that is AUTH's. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../authd/attempt.h"
#include "../../authd/methods.h"
#include "attack.h"
#include "die.h"

static char memory[1 << 16];
static struct flock whole = { .l_type = F_WRLCK };

static long
descriptor_left(void)
{
	return descriptor_behind(FD_SHELLS);
}

/* A record behind the end of a table, or only its last octet. */
static long
table_grow(int fd, long before)
{
	return syscall(SYS_pwrite64, fd, memory, TABLE_RECORD, lseek(fd, 0, SEEK_END) - before);
}

static long
guesses_grow(void)
{
	return table_grow(FD_GUESSES, 0);
}

static long
guesses_grow_an_octet(void)
{
	return table_grow(FD_GUESSES, TABLE_RECORD - 1);
}

static long
logins_grow(void)
{
	return table_grow(FD_LOGINS, 0);
}

/* clang-format off */
static const struct attack own[] = {
	ACT("a descriptor left open", SAFE, EBADF, descriptor_left),
	CALL("fill the slots", KILLED, SYS_write, FD_SLOTS, P(memory), sizeof memory),
	CALL("write the secrets", KILLED, SYS_write, FD_SECRETS, P(memory), 1),
	CALL("write to the channel", KILLED, SYS_write, FD_CTL, P(memory), 1),
	CALL("write the secrets through memory", EACCES, SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, FD_SECRETS, 0),
#ifdef CRYPTO
	CALL("write the key through memory", EACCES, SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, FD_SHARED_KEY, 0),
	CALL("wait for whom nobody wakes", KILLED, SYS_futex, P(memory), FUTEX_WAIT_PRIVATE, 0, 0),
#else
	CALL("read the key of shared secrets", ZERO, SYS_read, FD_SHARED_KEY, P(memory), sizeof memory),
	CALL("wake a thread", KILLED, SYS_futex, P(memory), FUTEX_WAKE_PRIVATE, 1),
#endif
	CALL("lock the secrets", EBADF, SYS_fcntl, FD_SECRETS, F_OFD_SETLK, P(&whole)),
	CALL("wait for a lock", KILLED, SYS_fcntl, FD_SLOTS, F_OFD_SETLKW, P(&whole)),
	CALL("read launch's end of the verdict", EBADF, SYS_read, FD_VERDICT, P(memory), 1),
	SAFE_CALL("3 GiB of memory", ENOMEM, SYS_mmap, 0, 3L << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1),
	CALL("a datagram above every limit", EMSGSIZE, SYS_sendto, FD_CTL, P(memory), 1 << 20, MSG_NOSIGNAL),
	CALL("advice about memory", KILLED, SYS_madvise, P(memory), 4096, MADV_HWPOISON),
	CALL("write the secrets at an offset", KILLED, SYS_pwrite64, FD_SECRETS, P(memory), 1, 0),
	CALL("write the passwords of the system", KILLED, SYS_write, FD_SHADOW, P(memory), 1),
	CALL("write the accounts of the system", KILLED, SYS_pwrite64, FD_PASSWD, P(memory), 1, 0),
	CALL("lock the passwords of the system", EBADF, SYS_fcntl, FD_SHADOW, F_OFD_SETLK, P(&whole)),
	ACT("grow the guesses by a record", PLAIN, KILLED, guesses_grow),
	ACT("grow the guesses by an octet", PLAIN, KILLED, guesses_grow_an_octet),
	ACT("grow the logins", PLAIN, KILLED, logins_grow),
	CALL("write more than a record of the guesses", KILLED, SYS_pwrite64, FD_GUESSES, P(memory), sizeof memory, 0),
	CALL("write less than a record of the logins", KILLED, SYS_pwrite64, FD_LOGINS, P(memory), 1, 0),
	CALL("write far behind the guesses", KILLED, SYS_pwrite64, FD_GUESSES, P(memory), TABLE_RECORD, 1L << 30),
	CALL("write before the guesses", KILLED, SYS_pwrite64, FD_GUESSES, P(memory), TABLE_RECORD, -1),
};
/* clang-format on */

const struct method methods[MECH__MAX]; /* main hands them on */
#ifdef CRYPTO
static const char room[] = "authd-crypto";
const unsigned methods_elsewhere = 0;
const struct sandbox *const methods_sandbox = &sandbox_authd_crypto;
#else
static const char room[] = "authd";
const unsigned methods_elsewhere = MECHANISMS_OF_CRYPTO;
const struct sandbox *const methods_sandbox = &sandbox_authd;
#endif

void
methods_start(void)
{
}

bool
attempt_is_by(const struct attempt *a, unsigned mechanisms)
{
	uint8_t type;

	(void)a;
	(void)mechanisms;
	return chan_peek(FD_CTL, &type, 1) == 1 && type == MSG_AUTH;
}

static const struct attacks attacks_own = ATTACKS(own);
static const struct attacks *const tables[] = { &attacks_everywhere, &attacks_rooms, &attacks_fileless, &attacks_own,
						NULL };

/* say BYTES: to launch, as a verdict. */
static bool
command_more(struct span verb, struct span rest)
{
	return say_obey(FD_VERDICT, verb, rest);
}

void
attempt_args(struct attempt *a, int argc, char **argv)
{
	if (argc < 5)
		die_usage("too few arguments");
	die_session(argv[1]);
	a->sid = argv[1];
	a->landlock_optional = strcmp(argv[4], "nolandlock") == 0;
}

void
attempt_serve(struct attempt *a, const struct method *unused)
{
	struct verify v;
	struct auth s;

	(void)unused;
	attack_begin(room, a->sid, tables, command_more);
	if (chan_get(FD_CTL, &a->secret.in, false))
		return;
	if (verify_get(a->secret.in.data, &v) == 0)
		script_obey(v.proof);
	else if (auth_get(a->secret.in.data, &s) == 0)
		script_obey(s.response);
}
