#define _DEFAULT_SOURCE
#include "body.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "crlf.h"
#include "reply.h"

static uint8_t block[BLOCK_BYTES];

/* Fill block from offset at.  Returns how many bytes, or -1 when there are not as many as there must be. */
static ssize_t
block_read(int fd, uint64_t at, uint64_t size)
{
	size_t want = size - at < sizeof block ? (size_t)(size - at) : sizeof block, got = 0;

	while (got < want) {
		ssize_t n = pread(fd, block + got, want - got, (off_t)(at + got));

		if (n == 0 || (n < 0 && errno != EINTR))
			return -1;
		got += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)got;
}

/* Convert n bytes of block.  There is always room for the end marker behind them (5: CRLF, dot, CRLF). */
static int
block_send(struct session *s, struct crlf *c, size_t n)
{
	uint8_t *to = reply_room(s, 2 * n + 5);

	if (to == NULL)
		return -1;
	reply_added(s, crlf_convert(c, block, n, to));
	return 0;
}

static void
marker_send(struct session *s, struct crlf *c)
{
	if (crlf_end(c))
		reply_text(s, "\r\n");
	reply_dot(s);
}

enum event
body_send(struct session *s, int fd, uint64_t size, uint64_t octets)
{
	struct crlf c;

	crlf_start(&c);
	for (uint64_t at = 0; at < size;) {
		ssize_t n = block_read(fd, at, size);

		if (n < 0 || block_send(s, &c, (size_t)n))
			return BROKEN;
		at += (uint64_t)n;
	}
	if (c.octets + (c.last == '\n' ? 0 : 2) != octets)
		return BROKEN;
	marker_send(s, &c);
	return DONE;
}

/* Where in a message we are, in lines. */
struct place {
	bool in_body;
	bool line_begun; /* the line we are in has a byte that is not its CR */
	bool cr;         /* and it began with a CR */
	uint64_t lines;  /* of the body that may still be sent */
};

/* How many of the n bytes of block belong to the top?  Fewer than n: the top ends there. */
static size_t
top_measure(struct place *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		const uint8_t *lf = memchr(block + i, '\n', n - i);
		size_t stop = lf ? (size_t)(lf - block) : n;
		size_t len = stop - i;

		if (p->in_body && p->lines == 0)
			return i;
		if (len) {
			/* A line is blank if it is empty or a CR alone, also when a block ends inside it. */
			p->line_begun |= p->cr || len > 1 || block[i] != '\r';
			p->cr = true;
		}
		if (lf == NULL)
			return n;
		if (p->in_body)
			p->lines--;
		else if (!p->line_begun)
			p->in_body = true;
		p->line_begun = p->cr = false;
		i = stop + 1;
	}
	return n;
}

enum event
body_send_top(struct session *s, int fd, uint64_t size, uint64_t lines, uint64_t *octets)
{
	struct place place = { .lines = lines };
	struct crlf c;

	crlf_start(&c);
	for (uint64_t at = 0; at < size;) {
		ssize_t n = block_read(fd, at, size);
		size_t part;

		if (n < 0)
			return BROKEN;
		part = top_measure(&place, (size_t)n);
		if (block_send(s, &c, part))
			return BROKEN;
		if (part < (size_t)n)
			break;
		at += (uint64_t)n;
	}
	marker_send(s, &c);
	*octets = c.octets;
	return DONE;
}
