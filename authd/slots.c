#define _GNU_SOURCE
#include "slots.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_FIRST_MS = 4, PAUSE_LAST_MS = 64 };

/* Locks of an open file description: they end with its last descriptor, which is to say with us. */
static bool
byte_lock(int fd, unsigned byte)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

static bool
any_lock(int fd, unsigned slots, unsigned first)
{
	for (unsigned i = 0; i < slots; i++)
		if (byte_lock(fd, (first + i) % slots))
			return true;
	return false;
}

static int
milliseconds_since(const struct timespec *start)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (int)((now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000);
}

enum slot
slot_take(int fd, unsigned slots, int ctl, int wait_ms)
{
	struct timespec start;
	uint16_t first = 0;
	int pause = PAUSE_FIRST_MS;

	/* Where we begin only spreads the attempts out: zero would do as well. */
	(void)!getrandom(&first, sizeof first, GRND_NONBLOCK);
	(void)clock_gettime(CLOCK_MONOTONIC, &start); /* cannot fail for this clock */
	while (!any_lock(fd, slots, first % slots)) {
		struct pollfd p = { ctl, POLLIN, 0 };
		struct timespec t = { 0, (long)pause * 1000000 };

		if (milliseconds_since(&start) >= wait_ms)
			return SLOT_NONE;
		if (ppoll(&p, 1, &t, NULL) > 0)
			return SLOT_LEFT;
		if (pause < PAUSE_LAST_MS)
			pause *= 2;
	}
	return SLOT_TAKEN;
}

void
slot_leave(int fd)
{
	(void)close(fd); /* the only descriptor of this description: the lock ends with it */
}
