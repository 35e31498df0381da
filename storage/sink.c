#include "sink.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void
sum_start(struct sum *s)
{
	for (uint64_t i = 0; i < SUM_LANES; i++)
		s->lane[i] = 0x9e3779b97f4a7c15ULL * (i + 1);
}

/* Each step can be undone, so what differs once differs to the end. */
static uint64_t
step(uint64_t lane, uint64_t word)
{
	lane = (lane ^ word) * 0xff51afd7ed558ccdULL;
	return lane << 29 | lane >> 35;
}

void
sum_add(struct sum *s, const uint8_t *p, size_t n)
{
	uint64_t word[SUM_LANES];
	struct sum now = *s;

	for (; n >= SUM_UNIT; n -= SUM_UNIT, p += SUM_UNIT) {
		memcpy(word, p, SUM_UNIT);
		for (size_t i = 0; i < SUM_LANES; i++)
			now.lane[i] = step(now.lane[i], word[i]);
	}
	if (n) {
		memset(word, 0, sizeof word);
		memcpy(word, p, n);
		for (size_t i = 0; i < SUM_LANES; i++)
			now.lane[i] = step(now.lane[i], word[i] ^ n);
	}
	*s = now;
}

uint64_t
sum_end(const struct sum *s)
{
	uint64_t all = 0;

	for (size_t i = 0; i < SUM_LANES; i++)
		all = step(all, s->lane[i]);
	return all ^ all >> 32;
}

void
sink_start(struct sink *s, int fd)
{
	s->fd = fd;
	s->error = 0;
	s->filled = 0;
	sum_start(&s->sum);
}

int
sink_flush(struct sink *s)
{
	size_t done = 0;

	sum_add(&s->sum, s->b, s->filled);
	while (!s->error && done < s->filled) {
		ssize_t n = write(s->fd, s->b + done, s->filled - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			s->error = n == 0 ? EIO : errno;
	}
	s->filled = 0;
	errno = s->error;
	return s->error ? -1 : 0;
}

void
sink_put(struct sink *s, const void *p, size_t n)
{
	const uint8_t *from = p;

	while (n) {
		size_t part = sizeof s->b - s->filled < n ? sizeof s->b - s->filled : n;

		memcpy(s->b + s->filled, from, part);
		s->filled += part;
		from += part;
		n -= part;
		if (s->filled == sizeof s->b)
			(void)sink_flush(s); /* remembered */
	}
}
