/* A taker that what it reads has taken over: that is its script. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../taker/take.h"
#include "attack.h"
#include "chan.h"
#include "die.h"

static char memory[1 << 16];

static long
descriptor_left(void)
{
	return descriptor_behind(FD_TAKEN);
}

/* clang-format off */
static const struct attack own[] = {
	ACT("a descriptor left open", SAFE, EBADF, descriptor_left),
	CALL("bytes where the other server's client was", ZERO, SYS_read, 0, P(memory), 1),
	CALL("write to the other server", KILLED, SYS_write, 1, P("in\n"), 3),
	CALL("write back what was read", KILLED, SYS_write, FD_TAKEN, P(memory), 1),
	CALL("write to the channel", KILLED, SYS_write, FD_CTL, P(memory), 1),
	CALL("send to who wrote", ENOTSOCK, SYS_sendto, FD_TAKEN, P(memory), 1, MSG_NOSIGNAL),
	CALL("a datagram above every limit", EMSGSIZE, SYS_sendto, FD_CTL, P(memory), 1 << 20, MSG_NOSIGNAL),
	CALL("a datagram out of band", EOPNOTSUPP, SYS_sendto, FD_CTL, P(memory), 1, MSG_NOSIGNAL | MSG_OOB),
	CALL("receive from who wrote", ENOTSOCK, SYS_recvmsg, FD_TAKEN, P(memory), 0),
	CALL("wait", KILLED, SYS_ppoll, 0, 0, 0, 0, 8),
	CALL("close the channel", KILLED, SYS_close, FD_CTL),
	CALL("read at an offset", KILLED, SYS_pread64, FD_TAKEN, P(memory), 1, 0),
	CALL("read once more from the beginning", KILLED, SYS_lseek, FD_TAKEN, 0, 0),
	CALL("memory", KILLED, SYS_mmap, 0, 4096, 3, 0x22, -1),
	CALL("more heap", KILLED, SYS_brk, 0),
	CALL("random bytes", KILLED, SYS_getrandom, P(memory), 16, 0),
	CALL("who is it", KILLED, SYS_getsockopt, FD_CTL, SOL_SOCKET, SO_PEERCRED, P(memory), P(memory)),
};
/* clang-format on */

static const struct attacks attacks_own = ATTACKS(own);
static const struct attacks *const tables[] = { &attacks_everywhere, &attacks_rooms, &attacks_fileless, &attacks_own,
						NULL };

int
take_get(struct span in, struct verify *v)
{
	(void)v;
	attack_begin("taker", die_sid(), tables, NULL);
	script_obey(in);
	return -1;
}
