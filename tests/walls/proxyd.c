/* A proxyd that the network has taken over: what it reads is its script. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../proxyd/receive.h"
#include "attack.h"
#include "chan.h"
#include "die.h"

static char memory[1 << 16];

/* clang-format off */
static const struct attack own[] = {
	CALL("a datagram", KILLED, SYS_sendto, FD_PROXIED, P(memory), 1, MSG_NOSIGNAL),
	CALL("receive", KILLED, SYS_recvmsg, 0, P(memory), 0),
	CALL("close", KILLED, SYS_close, 0),
	CALL("memory", KILLED, SYS_mmap, 0, 4096, 3, 0x22, -1),
	CALL("more heap", KILLED, SYS_brk, 0),
	CALL("read at an offset", KILLED, SYS_pread64, 0, P(memory), 1, 0),
	CALL("read the pipe to sallyport", EBADF, SYS_read, FD_PROXIED, P(memory), 1),
	CALL("a descriptor left open", EBADF, SYS_read, 4, P(memory), 1),
	CALL("a descriptor left open above all", EBADF, SYS_read, 20, P(memory), 1),
	CALL("write where nothing is", EBADF, SYS_write, 5, P(memory), 1),
	CALL("random bytes", KILLED, SYS_getrandom, P(memory), 16, 0),
};
/* clang-format on */

static const struct attacks attacks_own = ATTACKS(own);
static const struct attacks *const tables[] = { &attacks_everywhere, &attacks_rooms, &attacks_fileless, &attacks_own,
						NULL };

/* say BYTES: to sallyport, as the record of the proxy's header. */
static bool
command_more(struct span verb, struct span rest)
{
	return say_obey(FD_PROXIED, verb, rest);
}

enum received
header_receive(int fd, int ms, struct proxied *p)
{
	static uint8_t line[1 << 12];
	size_t n = 0;

	(void)ms;
	(void)p;
	attack_begin("proxyd", die_sid(), tables, command_more);
	while (n < sizeof line && read(fd, line + n, 1) == 1 && line[n] != '\n')
		n++;
	script_obey((struct span){ line, n });
	return RECEIVED_NOTHING;
}
