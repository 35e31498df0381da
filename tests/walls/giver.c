/* A giver that its pop3d has taken over: the proof that it is to pass on is its script. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../giver/give.h"
#include "attack.h"
#include "chan.h"
#include "die.h"

static char memory[1 << 16];

/* Every descriptor that this process might have been left besides its own; it may receive, from whatever is there. */
static long
descriptor_left(void)
{
	struct iovec v = { memory, 1 };

	for (int fd = FD_GIVEN + 1; fd < 1024; fd++) {
		struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1 };

		if (recvmsg(fd, &h, MSG_DONTWAIT) >= 0 || errno != EBADF)
			return fd;
	}
	errno = EBADF;
	return -1;
}

/* clang-format off */
static const struct attack own[] = {
	ACT("a descriptor left open", SAFE, EBADF, descriptor_left),
	SAFE_CALL("read what it is not to have", KILLED, SYS_read, FD_GIVEN, P(memory), 1),
	CALL("write where nothing is", KILLED, SYS_write, FD_GIVEN + 1, P(memory), 1),
	CALL("write to the channel", KILLED, SYS_write, FD_CTL, P(memory), 1),
	CALL("write to the client", KILLED, SYS_write, 1, P("+OK\r\n"), 5),
	CALL("send into the pipe", ENOTSOCK, SYS_sendto, FD_GIVEN, P(memory), 1, MSG_NOSIGNAL),
	CALL("a datagram above every limit", EMSGSIZE, SYS_sendto, FD_CTL, P(memory), 1 << 20, MSG_NOSIGNAL),
	CALL("a datagram out of band", EOPNOTSUPP, SYS_sendto, FD_CTL, P(memory), 1, MSG_NOSIGNAL | MSG_OOB),
	CALL("receive from the pipe", ENOTSOCK, SYS_recvmsg, FD_GIVEN, P(memory), 0),
	CALL("wait", KILLED, SYS_ppoll, 0, 0, 0, 0, 8),
	CALL("close the channel", KILLED, SYS_close, FD_CTL),
	CALL("read at an offset", KILLED, SYS_pread64, FD_GIVEN, P(memory), 1, 0),
	CALL("memory", KILLED, SYS_mmap, 0, 4096, 3, 0x22, -1),
	CALL("more heap", KILLED, SYS_brk, 0),
	CALL("random bytes", KILLED, SYS_getrandom, P(memory), 16, 0),
	CALL("who is it", KILLED, SYS_getsockopt, FD_CTL, SOL_SOCKET, SO_PEERCRED, P(memory), P(memory)),
	CALL("the pipe made larger", KILLED, SYS_fcntl, FD_GIVEN, 1031 /* F_SETPIPE_SZ */, 1 << 20),
};
/* clang-format on */

static const struct attacks attacks_own = ATTACKS(own);
static const struct attacks *const tables[] = { &attacks_everywhere, &attacks_rooms, &attacks_fileless, &attacks_own,
						NULL };

/* say BYTES: into the pipe that a checkpassword program reads. */
static bool
command_more(struct span verb, struct span rest)
{
	return say_obey(FD_GIVEN, verb, rest);
}

size_t
give_put(const struct verify *v, const char *timestamp, uint8_t out[GIVE_MAX])
{
	(void)timestamp;
	(void)out;
	attack_begin("giver", die_sid(), tables, command_more);
	script_obey(v->proof);
	return 0;
}
