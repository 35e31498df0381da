/* Channels: what is cut, empty or brings a descriptor out of turn ends its receiver (102). */
#define _GNU_SOURCE
#include "chan.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string.h>

#include "check.h"
#include "die.h"

static int pair[2];
static struct wr m;
static struct chan_in in;

/* The status with which a receiver ends. */
static int
receiver_status(bool want_fd)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		(void)close(2);
		_exit(chan_get(pair[1], &in, want_fd) ? 1 : 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

enum { LIMIT = 16, MANY = LIMIT + 4, LATER = 50000 };

/* As an ordinary user with a limit of so many descriptors: send more than that, which somebody takes later. */
static int
sender_status(int fd)
{
	const struct rlimit few = { LIMIT, LIMIT };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if ((geteuid() == 0 && setuid(61299)) || setrlimit(RLIMIT_NOFILE, &few))
			_exit(99);
		if (fork() == 0) {
			(void)usleep(LATER); /* so that the sender has to wait; it may, whenever this happens */
			for (int i = 0; i < MANY; i++)
				if (chan_get(pair[1], &in, true) || close(in.fd))
					_exit(1);
			_exit(0);
		}
		for (int i = 0; i < MANY; i++)
			if (chan_put_fd(pair[0], &m, fd))
				_exit(98);
		_exit(wait(&status) < 0 ? 97 : WEXITSTATUS(status));
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
main(void)
{
	static uint8_t big[MSG_MAX + 1];
	int tube[2];
	char byte;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	CHECK(pipe(tube) == 0);

	open_put(&m, 7);
	CHECK_EQ(chan_wait(pair[1], 0), 0);
	CHECK_EQ(chan_put(pair[0], &m), 0);
	CHECK_EQ(chan_wait(pair[1], 1000), 1);
	CHECK(chan_get(pair[1], &in, true) == 0 && in.fd == -1 && in.data.len == 5);

	CHECK_EQ(chan_put_fd(pair[0], &m, tube[0]), 0);
	CHECK(chan_get(pair[1], &in, true) == 0 && in.fd >= 0);
	CHECK(write(tube[1], "x", 1) == 1 && read(in.fd, &byte, 1) == 1 && byte == 'x');

	/* A look takes nothing away, whatever is there. */
	{
		uint8_t head[2] = { 0, 0 };

		CHECK_EQ(chan_put_fd(pair[0], &m, tube[0]), 0);
		CHECK_EQ(chan_peek(pair[1], head, sizeof head), 2);
		CHECK(head[0] == MSG_OPEN && head[1] == 0);
		CHECK_EQ(chan_peek(pair[1], head, 1), 1);
		CHECK(chan_get(pair[1], &in, true) == 0 && in.fd >= 0 && in.data.len == 5);
		CHECK(send(pair[0], big, 1, 0) == 1);
		CHECK_EQ(chan_peek(pair[1], head, sizeof head), 1);
		CHECK(chan_get(pair[1], &in, false) == 0);
	}

	CHECK_EQ(sender_status(tube[0]), 0);

	CHECK_EQ(chan_put(pair[0], &m), 0);
	CHECK_EQ(receiver_status(false), 0); /* the harness itself works */
	CHECK_EQ(chan_put_fd(pair[0], &m, tube[0]), 0);
	CHECK_EQ(receiver_status(false), EXIT_PEER); /* an unexpected descriptor */
	CHECK(send(pair[0], big, sizeof big, 0) == (ssize_t)sizeof big);
	CHECK_EQ(receiver_status(true), EXIT_PEER); /* cut */
	CHECK(send(pair[0], big, MSG_MAX, 0) == MSG_MAX);
	CHECK_EQ(receiver_status(false), 0); /* the longest */

	/* An empty one is as if the peer had gone, unless it brings something: that would stay open here. */
	CHECK(send(pair[0], big, 0, 0) == 0);
	CHECK_EQ(receiver_status(true), 1);
	m.len = 0;
	CHECK_EQ(chan_put_fd(pair[0], &m, tube[0]), 0);
	CHECK_EQ(receiver_status(true), EXIT_PEER);
	open_put(&m, 7);

	/* Two descriptors do not fit: the kernel drops them and says so. */
	{
		union {
			struct cmsghdr header;
			char room[CMSG_SPACE(2 * sizeof(int))];
		} control = { 0 };
		struct iovec v = { big, 1 };
		struct msghdr h = { .msg_iov = &v,
				    .msg_iovlen = 1,
				    .msg_control = &control,
				    .msg_controllen = CMSG_SPACE(2 * sizeof(int)) };

		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(&control.header), tube, sizeof tube);
		CHECK(sendmsg(pair[0], &h, 0) == 1);
		CHECK_EQ(receiver_status(true), EXIT_PEER);
	}

	/* Several at once: exactly so many, or none; whatever else comes is for the caller to judge. */
	{
		const int three[] = { tube[0], tube[1], pair[0] };
		int got[3];

		open_put(&m, 7);
		CHECK_EQ(chan_put_fds(pair[0], &m, three, 3), 0);
		CHECK_EQ(chan_take(pair[1], &in, got, 3), CHAN_TAKEN);
		CHECK(in.data.len == 5 && got[0] >= 0 && got[1] >= 0 && got[2] >= 0);
		CHECK(write(got[1], "y", 1) == 1 && read(tube[0], &byte, 1) == 1 && byte == 'y');
		CHECK_EQ(chan_put(pair[0], &m), 0);
		CHECK_EQ(chan_take(pair[1], &in, got, 3), CHAN_TAKEN);
		CHECK(got[0] == -1 && got[1] == -1 && got[2] == -1);
		CHECK_EQ(chan_put_fds(pair[0], &m, three, 2), 0);
		CHECK_EQ(chan_take(pair[1], &in, got, 3), CHAN_MALFORMED);
		CHECK_EQ(chan_put_fds(pair[0], &m, three, 3), 0);
		CHECK_EQ(chan_take(pair[1], &in, NULL, 0), CHAN_MALFORMED);
		CHECK(send(pair[0], big, sizeof big, 0) == (ssize_t)sizeof big);
		CHECK_EQ(chan_take(pair[1], &in, NULL, 0), CHAN_MALFORMED);
		CHECK(send(pair[0], big, 0, 0) == 0);
		CHECK_EQ(chan_take(pair[1], &in, NULL, 0), CHAN_GONE); /* as good as an end */
	}

	m.bad = false;
	while (chan_put_now(pair[0], &m) == 0) /* a full queue is a peer that has gone */
		;
	CHECK_EQ(close(pair[1]), 0);
	CHECK_EQ(chan_put(pair[0], &m), -1);
	CHECK_EQ(chan_put_fd(pair[0], &m, tube[0]), -1);
	CHECK_EQ(chan_get(pair[0], &in, false), -1);
	return check_end();
}
