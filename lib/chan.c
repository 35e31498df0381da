#define _GNU_SOURCE
#include "chan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "die.h"

static void
fd_check(int fd)
{
	if (fcntl(fd, F_GETFD) < 0)
		die_usage("descriptor %d is not open: this program is started by sallyport, not by hand", fd);
}

static void
fd_only_files(int last, const int *files, unsigned n)
{
	int next = last + 1;

	for (int fd = 0; fd <= last; fd++)
		fd_check(fd);
	// cppcheck-suppress ctunullpointer // where files is NULL, n is 0
	for (unsigned i = 0; i < n; next = files[i++] + 1) {
		fd_check(files[i]);
		if (files[i] < next)
			die_bug("files are not in ascending order");
		if (files[i] > next && syscall(SYS_close_range, next, files[i] - 1, 0))
			die_sys("cannot close the other descriptors");
	}
	if (syscall(SYS_close_range, next, ~0U, 0))
		die_sys("cannot close the other descriptors");
}

void
fd_only(int last)
{
	fd_only_files(last, NULL, 0);
}

void
chan_only_files(int last, const int *files, unsigned n)
{
	int type = 0;
	socklen_t len = sizeof type;

	fd_only_files(last, files, n);
	if (getsockopt(FD_CTL, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_SEQPACKET)
		die_usage("descriptor 3 is not a channel: this program is started by sallyport, not by hand");
}

void
chan_only(int last)
{
	chan_only_files(last, NULL, 0);
}

int
chan_wait(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
	int n;

	do
		n = ppoll(&p, 1, ms < 0 ? NULL : &t, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		die_sys("cannot wait");
	return n;
}

/* Room for the descriptors of one message. */
union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(CHAN_FDS_MAX * sizeof(int))];
};

/* The descriptors in a received message, which are -1 if there are none.  False: it brings something else. */
static bool
passed_fds(struct msghdr *h, int *fds, unsigned n)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);

	for (unsigned i = 0; i < n; i++)
		fds[i] = -1;
	if (c == NULL)
		return true;
	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(n * sizeof *fds))
		return false;
	memcpy(fds, CMSG_DATA(c), n * sizeof *fds);
	return true;
}

enum chan_got
chan_take(int fd, struct chan_in *in, int *fds, unsigned n)
{
	union control control = { 0 };
	struct iovec v = { in->b, MSG_MAX };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t got;

	/* Without room for one, the kernel drops a descriptor and says so in MSG_CTRUNC. */
	if (n) {
		h.msg_control = &control;
		h.msg_controllen = (socklen_t)CMSG_LEN(n * sizeof *fds); /* CMSG_SPACE might have room for one more */
	}
	do
		got = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == ECONNRESET)
		return CHAN_GONE;
	if (got < 0)
		die_sys("cannot receive");
	if (got == 0 && !(h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && CMSG_FIRSTHDR(&h) == NULL)
		return CHAN_GONE;
	in->data = (struct span){ in->b, (size_t)got };
	if (got == 0 || h.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || !passed_fds(&h, fds, n))
		return CHAN_MALFORMED;
	return CHAN_TAKEN;
}

int
chan_get(int fd, struct chan_in *in, bool want_fd)
{
	enum chan_got got = chan_take(fd, in, &in->fd, want_fd);

	if (got == CHAN_MALFORMED)
		die_peer("a message is cut, empty or brings a descriptor out of turn");
	if (got == CHAN_GONE)
		return -1;
	if (!want_fd)
		in->fd = -1;
	return 0;
}

size_t
chan_peek(int fd, uint8_t *head, size_t len)
{
	struct iovec v = { head, len };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t n;

	do
		n = recvmsg(fd, &h, MSG_PEEK);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != ECONNRESET)
		die_sys("cannot receive");
	return n > 0 ? (size_t)n : 0;
}

static int
put(int fd, const struct wr *m, int flags)
{
	ssize_t n;

	if (m->bad)
		die_bug("a message does not fit its datagram");
	do
		n = send(fd, m->b, m->len, MSG_NOSIGNAL | flags);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == EAGAIN))
		return -1;
	if (n < 0)
		die_sys("cannot send");
	return 0;
}

int
chan_put(int fd, const struct wr *m)
{
	return put(fd, m, 0);
}

int
chan_put_now(int fd, const struct wr *m)
{
	return put(fd, m, MSG_DONTWAIT);
}

enum { WAITS_MAX = 500 }; /* 5 seconds */

int
chan_put_fds(int fd, const struct wr *m, const int *pass, unsigned count)
{
	union control control = { 0 };
	struct iovec v = { (void *)(uintptr_t)m->b, m->len };
	struct msghdr h = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = (socklen_t)CMSG_SPACE(count * sizeof *pass) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);
	ssize_t n;

	if (m->bad || c == NULL || count > CHAN_FDS_MAX)
		die_bug("a message does not fit its datagram");
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = (socklen_t)CMSG_LEN(count * sizeof *pass);
	memcpy(CMSG_DATA(c), pass, count * sizeof *pass);
	for (int waits = 0;; waits++) {
		const struct timespec pause = { 0, 10000000 };

		n = sendmsg(fd, &h, MSG_NOSIGNAL);
		if (n >= 0 || errno == EPIPE || errno == ECONNRESET)
			return n < 0 ? -1 : 0;
		/* Too many are on their way from processes of our uid, other sessions' too: until they arrive. */
		if (errno != EINTR && (errno != ETOOMANYREFS || waits == WAITS_MAX))
			die_sys("cannot send a descriptor");
		if (errno == ETOOMANYREFS)
			(void)ppoll(NULL, 0, &pause, NULL); /* a shorter pause is as good */
	}
}

int
chan_put_fd(int fd, const struct wr *m, int pass)
{
	return chan_put_fds(fd, m, &pass, 1);
}
