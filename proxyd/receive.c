#define _GNU_SOURCE
#include "receive.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "die.h"
#include "header.h"

static int64_t
clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Wait until fd can be read.  False when that comes not before the clock says `end`. */
static bool
wait_until(int fd, int64_t end)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int64_t left = end - clock_ms();
	struct timespec limit = { left / 1000, (long)(left % 1000) * 1000000 };
	int n;

	if (left <= 0)
		return false;
	n = ppoll(&p, 1, &limit, NULL);
	if (n < 0 && errno != EINTR)
		die_sys("cannot wait for the proxy");
	return n != 0; /* after an interruption the read waits, and the kernel's deadline bounds that */
}

enum received
header_receive(int fd, int ms, struct proxied *p)
{
	static uint8_t b[HEADER_MAX];
	int64_t end = clock_ms() + ms;
	size_t have = 0, want;
	enum header h;

	while ((h = header_parse((struct span){ b, have }, &want, p)) == HEADER_MORE) {
		ssize_t n;

		if (!wait_until(fd, end))
			return RECEIVED_LATE;
		n = read(fd, b + have, want);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return have ? RECEIVED_CUT : RECEIVED_NOTHING;
		have += (size_t)n;
	}
	return h == HEADER_WHOLE ? RECEIVED_WHOLE : RECEIVED_MALFORMED;
}
