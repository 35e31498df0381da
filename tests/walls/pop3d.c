/* A pop3d that its client has taken over: the client's lines are its script. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../pop3d/session.h"
#include "attack.h"

static char memory[1 << 20];

/* Every descriptor that this process might have been left besides its own. */
static long
descriptor_left(void)
{
	return descriptor_behind(FD_CTL);
}

/* clang-format off */
static const struct attack own[] = {
	ACT("a descriptor left open", SAFE, EBADF, descriptor_left),
	CALL("a datagram above every limit", EMSGSIZE, SYS_sendto, FD_CTL, P(memory), sizeof memory, MSG_NOSIGNAL),
	CALL("the channel read at an offset", ESPIPE, SYS_pread64, FD_CTL, P(memory), 1, 0),
	CALL("a datagram out of band", EOPNOTSUPP, SYS_sendto, FD_CTL, P(memory), 1, MSG_NOSIGNAL | MSG_OOB),
	CALL("write to another descriptor", KILLED, SYS_write, FD_CTL, P(memory), 1),
	CALL("memory", KILLED, SYS_mmap, 0, 4096, 3, 0x22, -1),
	CALL("more heap", KILLED, SYS_brk, 0),
	CALL("random bytes", KILLED, SYS_getrandom, P(memory), 16, 0),
	CALL("a slot's lock", KILLED, SYS_fcntl, FD_CTL, 37, P(memory)),
	CALL("who is it", KILLED, SYS_getsockopt, FD_CTL, SOL_SOCKET, SO_PEERCRED, P(memory), P(memory)),
};
/* clang-format on */

static const struct attacks attacks_own = ATTACKS(own);
static const struct attacks *const tables[] = { &attacks_everywhere, &attacks_rooms, &attacks_fileless, &attacks_own,
						NULL };

static void
client_wait(void)
{
	struct pollfd p = { FD_IN, POLLIN, 0 };

	while (ppoll(&p, 1, NULL, NULL) < 0)
		;
}

int
session_serve(struct session *s)
{
	static uint8_t line[1 << 15];
	size_t n = 0;
	ssize_t got;

	attack_begin("pop3d", s->sid, tables, NULL);
	for (;;) {
		client_wait();
		got = read(FD_IN, line + n, 1);
		if (got == 0 || (got < 0 && errno != EAGAIN))
			return 0;
		if (got < 0)
			continue;
		if (s->mark_due) { /* tlsd's own octet */
			s->mark_due = false;
			continue;
		}
		if (line[n] != '\n' && n + 1 < sizeof line) {
			n++;
			continue;
		}
		script_obey((struct span){ line, n });
		n = 0;
	}
}
