/* So many at once and no more, until one of them ends. */
#define _GNU_SOURCE
#include "slots.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check.h"

static char path[] = "/tmp/test-slots-XXXXXX";

/* As launch does it for each authd: an open file description of its own. */
static int
slots_open(void)
{
	return open(path, O_RDWR | O_CLOEXEC);
}

static void
test_all_are_used(int ctl)
{
	enum { SLOTS = 5 };
	int fds[SLOTS], late = slots_open();

	for (int i = 0; i < SLOTS; i++) {
		fds[i] = slots_open();
		CHECK_EQ(slot_take(fds[i], SLOTS, ctl, 0), SLOT_TAKEN);
	}
	CHECK_EQ(slot_take(late, SLOTS, ctl, 0), SLOT_NONE);
	CHECK_EQ(slot_take(late, SLOTS, ctl, 30), SLOT_NONE);
	(void)close(fds[3]);
	CHECK_EQ(slot_take(late, SLOTS, ctl, 0), SLOT_TAKEN);
	(void)close(late);
	for (int i = 0; i < SLOTS; i++)
		if (i != 3)
			(void)close(fds[i]);
}

/* The lock ends with the process, however it ends. */
static void
test_waiting(int ctl)
{
	int fd = slots_open(), tube[2];
	pid_t child;
	char c;

	CHECK_EQ(pipe(tube), 0);
	child = fork();
	if (child == 0) {
		fd = slots_open();
		if (slot_take(fd, 1, ctl, 0) == SLOT_TAKEN)
			(void)!write(tube[1], "t", 1); /* if it cannot, the other side hears the end */
		(void)close(tube[1]);
		for (;;)
			(void)pause();
	}
	(void)close(tube[1]);
	CHECK_EQ(read(tube[0], &c, 1), 1);
	CHECK_EQ(slot_take(fd, 1, ctl, 0), SLOT_NONE);
	CHECK_EQ(kill(child, SIGKILL), 0);
	CHECK_EQ(slot_take(fd, 1, ctl, 60000), SLOT_TAKEN); /* however long the kernel takes to end it */
	CHECK_EQ(waitpid(child, NULL, 0), child);
	(void)close(tube[0]);
	(void)close(fd);
}

static void
test_peer(void)
{
	int pair[2], held = slots_open(), fd = slots_open();

	CHECK_EQ(slot_take(held, 1, 0, 0), SLOT_TAKEN);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	CHECK_EQ(write(pair[1], "x", 1), 1);
	CHECK_EQ(slot_take(fd, 1, pair[0], 5000), SLOT_LEFT); /* it spoke */
	CHECK_EQ(close(pair[0]) | close(pair[1]), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	(void)close(pair[1]);
	CHECK_EQ(slot_take(fd, 1, pair[0], 5000), SLOT_LEFT); /* it left */
	slot_leave(held);
	CHECK_EQ(slot_take(fd, 1, pair[0], 5000), SLOT_TAKEN); /* a free slot comes first */
	(void)close(fd);
}

int
main(void)
{
	int pair[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	CHECK(mkstemp(path) >= 0);
	test_all_are_used(pair[0]);
	test_waiting(pair[0]);
	test_peer();
	CHECK_EQ(slot_take(-1, 8, pair[0], 0), SLOT_NONE);
	(void)unlink(path);
	return check_end();
}
