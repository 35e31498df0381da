#include "line.h"

#include <string.h>

#include "check.h"

static struct line l;
static struct span got;
static const char long_text[600];
static size_t max = LINE_MAX_OCTETS;

static void
feed(const char *text, size_t n)
{
	size_t room;
	uint8_t *to = line_room(&l, &room);

	CHECK(n <= room);
	memcpy(to, text, n);
	line_add(&l, n);
}

static int
next_is(const char *want)
{
	return line_next(&l, max, &got) == LINE_WHOLE && got.len == strlen(want) && memcmp(got.p, want, got.len) == 0;
}

static void
ends(void)
{
	feed("NOOP\r\nSTAT\nQU", 13);
	CHECK(next_is("NOOP"));
	CHECK(next_is("STAT"));
	CHECK_EQ(line_next(&l, max, &got), LINE_NONE);
	feed("IT\r", 3);
	CHECK_EQ(line_next(&l, max, &got), LINE_NONE);
	feed("\n\n", 2);
	CHECK(next_is("QUIT"));
	CHECK(next_is(""));
	feed("a\rb\r\r\n", 6);
	CHECK(next_is("a\rb\r"));
}

/* A line of n octets with its CRLF, given in pieces of so many bytes. */
static enum line_result
long_line(size_t n, size_t piece)
{
	static char text[100000];
	enum line_result r = LINE_NONE;

	memset(text, 'x', n);
	memcpy(text + n - 2, "\r\n", 2);
	for (size_t at = 0; at < n; at += piece) {
		feed(text + at, n - at < piece ? n - at : piece);
		r = line_next(&l, max, &got);
		if (at + piece < n)
			CHECK_EQ(r, LINE_NONE);
	}
	return r;
}

int
main(void)
{
	ends();
	CHECK_EQ(long_line(LINE_MAX_OCTETS, 3), LINE_WHOLE);
	CHECK_EQ(got.len, LINE_MAX_OCTETS - 2);
	CHECK_EQ(long_line(LINE_MAX_OCTETS + 1, 3), LINE_TOO_LONG);
	CHECK_EQ(long_line(LINE_MAX_OCTETS + 1, 4000), LINE_TOO_LONG);
	CHECK_EQ(long_line(99999, 4000), LINE_TOO_LONG);
	CHECK_EQ(long_line(99999, 1), LINE_TOO_LONG);
	feed("QUIT\r\n", 6); /* in step again */
	CHECK(next_is("QUIT"));
	max = LINE_RESPONSE;
	CHECK_EQ(long_line(LINE_RESPONSE, 4000), LINE_WHOLE);
	CHECK_EQ(got.len, LINE_RESPONSE - 2);
	CHECK_EQ(long_line(LINE_RESPONSE + 1, 4000), LINE_TOO_LONG);
	feed("QUIT\r\nxxxx", 10);
	CHECK(next_is("QUIT"));
	/* A line that the larger bound let in is refused by the smaller one, and skipped to its end. */
	feed(long_text, 600);
	CHECK_EQ(line_next(&l, max, &got), LINE_NONE);
	max = LINE_MAX_OCTETS;
	CHECK_EQ(line_next(&l, max, &got), LINE_NONE);
	feed("\r\nQUIT\r\n", 8);
	CHECK_EQ(line_next(&l, max, &got), LINE_TOO_LONG);
	CHECK(next_is("QUIT"));
	feed("auth x", 6);
	CHECK(line_begins(&l, "AUTH ") && !line_begins(&l, "AUTH y") && !line_begins(&l, "AUTH xx"));
	feed("\r\n", 2);
	CHECK(next_is("auth x") && !line_begins(&l, "A"));
	return check_end();
}
