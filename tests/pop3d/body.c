/* Bodies: whole messages, tops, and what is not whole. */
#define _GNU_SOURCE
#include "body.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string.h>

#include "check.h"

static struct session s;

static int
message(const char *text, size_t n)
{
	int fd = memfd_create("message", 0);

	CHECK(fd >= 0 && write(fd, text, n) == (ssize_t)n);
	return fd;
}

static int
sent(const char *text, size_t n)
{
	return s.waiting == n && memcmp(s.reply, text, n) == 0;
}

static enum event
retr(const char *text, uint64_t size, uint64_t octets)
{
	int fd = message(text, strlen(text));
	enum event e;

	s.waiting = 0;
	e = body_send(&s, fd, size, octets);
	(void)close(fd);
	return e;
}

/* The top of a message, also with blank bytes before it so that every part of it lies across a block's end once. */
static int
top_is(const char *text, uint64_t lines, const char *want)
{
	uint64_t octets;
	int ok = 1;

	for (size_t at = 0; at <= strlen(text) + 1; at++) {
		size_t pad = at ? (size_t)BLOCK_BYTES - at : 0, n = pad + strlen(text);
		char *whole = malloc(n + 1), *expected = malloc(pad + strlen(want) + 1);
		int fd;

		memset(whole, 'x', pad);
		memcpy(whole + pad, text, strlen(text) + 1);
		memset(expected, 'x', pad);
		memcpy(expected + pad, want, strlen(want) + 1);
		/* The padding is a part of the first line, which must not be blank then. */
		if (pad == 0 || (text[0] != '\n' && text[0] != '\r' && text[0] != '.' && text[0])) {
			fd = message(whole, n);
			s.waiting = 0;
			ok &= body_send_top(&s, fd, n, lines, &octets) == DONE;
			ok &= sent(expected, strlen(expected));
			(void)close(fd);
		}
		free(whole);
		free(expected);
	}
	return ok;
}

int
main(void)
{
	s.idle = s.limit = 600;
	CHECK(retr("a\n.b\r\n.\nc", 10, 15) == BROKEN); /* longer than it is: a read comes up short */
	CHECK(retr("a\n.b\r\n.\nc", 9, 14) == BROKEN && !strstr((char *)s.reply, "\r\n.\r\n")); /* other octets */
	CHECK(retr("a\n.b\r\n.\nc", 9, 13) == DONE && sent("a\r\n..b\r\n..\r\nc\r\n.\r\n", 18));
	CHECK(retr("", 0, 0) == DONE && sent(".\r\n", 3));
	CHECK(retr("\n", 1, 2) == DONE && sent("\r\n.\r\n", 5));
	CHECK(retr("x\r", 2, 4) == DONE && sent("x\r\r\n.\r\n", 7));

	CHECK(top_is("A: b\nC: d\n\n1\n2\n3\n", 0, "A: b\r\nC: d\r\n\r\n.\r\n"));
	CHECK(top_is("A: b\nC: d\n\n1\n2\n3\n", 2, "A: b\r\nC: d\r\n\r\n1\r\n2\r\n.\r\n"));
	CHECK(top_is("A: b\nC: d\n\n1\n2\n3\n", 3, "A: b\r\nC: d\r\n\r\n1\r\n2\r\n3\r\n.\r\n"));
	CHECK(top_is("A: b\nC: d\n\n1\n2\n3\n", UINT64_MAX, "A: b\r\nC: d\r\n\r\n1\r\n2\r\n3\r\n.\r\n"));
	CHECK(top_is("A: b\r\n\r\n1\r\n2\r\n", 1, "A: b\r\n\r\n1\r\n.\r\n"));
	CHECK(top_is("A: b\n\n\n\nx\n", 1, "A: b\r\n\r\n\r\n.\r\n"));
	CHECK(top_is("A: b\n\n.1\n.", 2, "A: b\r\n\r\n..1\r\n..\r\n.\r\n"));
	CHECK(top_is("A: b\nno body", 0, "A: b\r\nno body\r\n.\r\n"));
	CHECK(top_is("\nbody\nmore\n", 1, "\r\nbody\r\n.\r\n"));
	CHECK(top_is("\r\nbody\nmore\n", 0, "\r\n.\r\n"));
	CHECK(top_is("A: b\n\rx\n\n1\n", 0, "A: b\r\n\rx\r\n\r\n.\r\n")); /* CR and more is no blank line */
	CHECK(top_is("", 5, ".\r\n"));
	return check_end();
}
