/* What a room receives from another that sends anything: datagrams of any length, empty ones, with descriptors that were
 * not asked for, or two.  What is received is one whole datagram with at most the one descriptor that was wanted.
 *
 * The input: for each datagram u8 how, u16 length modulo a little more than the most, and octets, which are repeated.  How:
 * 0x03 descriptors that come with it, 0x04 one is wanted, 0x08 looked at first, 0x10 sent by a room of ours, 0x20 it leaves
 * then; 0x80 received by a room that has several peers. */
#define _GNU_SOURCE
#include "chan.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"

enum { LAST_FD = 190, DATAGRAMS = 6 };

static void
datagram_send(int to, const uint8_t *octets, size_t len, unsigned descriptors)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(3 * sizeof(int))];
	} control = { 0 };
	const int passed[3] = { 0, 1, 2 }; /* not the channel: it would never end */
	struct iovec v = { (void *)(uintptr_t)octets, len };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (descriptors) {
		h.msg_control = &control;
		h.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
		memcpy(CMSG_DATA(c), passed, descriptors * sizeof(int));
	}
	MUST(sendmsg(to, &h, MSG_NOSIGNAL) == (ssize_t)len);
}

/* As who must not die of one peer: none is wanted, or as many as stand in 0x0c. */
static void
several_take(int from, uint8_t how, const uint8_t *octets, size_t len)
{
	static struct chan_in in;
	int fds[CHAN_FDS_MAX] = { -2, -2, -2, -2, -2 };
	unsigned sent = how & 3, wanted = how >> 2 & 3;

	switch (chan_take(from, &in, fds, wanted)) {
	case CHAN_TAKEN:
		MUST(len && len <= MSG_MAX && in.data.len == len && memcmp(in.data.p, octets, len) == 0);
		MUST(sent == 0 || sent == wanted);
		for (unsigned i = 0; i < wanted; i++)
			MUST(sent ? fcntl(fds[i], F_GETFD) == FD_CLOEXEC : fds[i] == -1);
		break;
	case CHAN_GONE:
		MUST(len == 0);
		break;
	case CHAN_MALFORMED:
		MUST(len == 0 || len > MSG_MAX || (sent && sent != wanted));
		break;
	}
}

static void
datagram_take(const int pair[2], uint8_t how, const uint8_t *octets, size_t len)
{
	static struct chan_in in;
	static struct wr m;
	unsigned descriptors = how & 3;
	bool wanted = how & 4;
	uint8_t head[4];

	if (how & 0x10 && len && len <= MSG_MAX && descriptors <= 1) {
		memset(&m, 0, sizeof m);
		memcpy(m.b, octets, len);
		m.len = len;
		MUST((descriptors  ? chan_put_fd(pair[0], &m, 1)
		      : how & 0x40 ? chan_put(pair[0], &m)
				   : chan_put_now(pair[0], &m)) == 0);
	} else {
		datagram_send(pair[0], octets, len, descriptors);
	}
	MUST(chan_wait(pair[1], 0) == 1);
	if (how & 8) {
		size_t n = chan_peek(pair[1], head, sizeof head);

		MUST(n == (len < sizeof head ? len : sizeof head) && memcmp(head, octets, n) == 0);
	}
	if (how & 0x80) {
		several_take(pair[1], how, octets, len);
		return;
	}
	if (chan_get(pair[1], &in, wanted)) {
		MUST(len == 0 && descriptors == 0); /* as from one who has left */
		return;
	}
	MUST(len && len <= MSG_MAX && in.data.len == len && memcmp(in.data.p, octets, len) == 0);
	MUST(descriptors <= wanted && (in.fd >= 0) == (descriptors == 1));
	MUST(in.fd < 0 || fcntl(in.fd, F_GETFD) == FD_CLOEXEC);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t octets[MSG_MAX + 64];
	struct take t = { data, size };
	int pair[2];

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	if (!REFUSED_IS_FINE())
		for (unsigned i = 0; t.len && i < DATAGRAMS; i++) {
			uint8_t how = take_u8(&t);
			size_t len = ((size_t)take_u8(&t) << 8 | take_u8(&t)) % sizeof octets, n = 0;

			for (; n < len && t.len && n < 16; n++)
				octets[n] = take_u8(&t);
			for (; n < len; n++)
				octets[n] = n < 16 ? 0 : octets[n - 16];
			datagram_take(pair, how, octets, len);
			if (how & 0x20) {
				static struct chan_in in;

				MUST(close(pair[0]) == 0 && chan_get(pair[1], &in, how & 4) == -1);
				MUST(chan_peek(pair[1], octets, 1) == 0);
				break;
			}
		}
	(void)syscall(SYS_close_range, 3, LAST_FD, 0);
	return 0;
}
