/* Lines with colons: which line is a name's, and which none. */
#define _GNU_SOURCE
#include "colons.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static struct colons c;

static int
file_of(const char *text, size_t len)
{
	int fd = memfd_create("colons", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	return fd;
}

static enum colons_result
find(const char *text, const char *name, unsigned fields)
{
	int fd = file_of(text, strlen(text));
	enum colons_result r = colons_find(fd, span_of(name), fields, &c);

	CHECK_EQ(lseek(fd, 0, SEEK_CUR), strlen(text)); /* it does not move what others share */
	(void)close(fd);
	return r;
}

static bool
field_is(unsigned i, const char *text)
{
	return c.fields[i].len == strlen(text) && memcmp(c.fields[i].p, text, c.fields[i].len) == 0;
}

/* A line at every place of the blocks that are read, behind one of every length. */
static void
places(void)
{
	static char text[3 * sizeof c.block];

	for (size_t before = 0; before < sizeof text - 200; before += before < 1100 ? 1 : 257) {
		size_t line = before < 1100 ? before : 61, n = 0;
		int fd;

		while (n + line + 1 <= before + 1) {
			memset(text + n, 'x', line);
			text[n + line] = '\n';
			n += line + 1;
		}
		memcpy(text + n, "bob:1:2\nlast:3:4\n", 17);
		fd = file_of(text, n + 17);
		CHECK(colons_find(fd, span_of("bob"), 3, &c) == COLONS_FOUND && field_is(1, "1") && field_is(2, "2"));
		CHECK(colons_find(fd, span_of("last"), 3, &c) == COLONS_FOUND && field_is(2, "4"));
		CHECK(colons_find(fd, span_of("las"), 3, &c) == COLONS_NONE);
		(void)close(fd);
	}
}

/* The longest line, one longer, and much longer ones; none of them in parts. */
static void
long_lines(void)
{
	static char text[5 * sizeof c.block];

	for (size_t n = COLONS_LINE_MAX - 2; n < 4 * sizeof c.block; n += n < COLONS_LINE_MAX + 3 ? 1 : 509) {
		int fd;

		memset(text, 'x', n);
		memcpy(text, "bob:", 4);
		memcpy(text + n - 6, ":eve:x", 6);
		memcpy(text + n, "\nal:1:2\n", 8);
		fd = file_of(text, n + 8);
		CHECK_EQ(colons_find(fd, span_of("bob"), 4, &c), n <= COLONS_LINE_MAX ? COLONS_FOUND : COLONS_NONE);
		CHECK_EQ(colons_find(fd, span_of("al"), 3, &c), COLONS_FOUND);
		for (size_t i = 0; i < 6; i++)
			CHECK_EQ(colons_find(fd, (struct span){ (const uint8_t *)"xxxxxx", i + 1 }, 1, &c),
				 COLONS_NONE);
		CHECK_EQ(colons_find(fd, span_of("eve"), 2, &c), COLONS_NONE);
		(void)close(fd);
	}
}

int
main(void)
{
	int pipes[2];

	CHECK_EQ(find("bob:x:1\n", "bob", 3), COLONS_FOUND);
	CHECK(field_is(0, "bob") && field_is(1, "x") && field_is(2, "1"));
	CHECK_EQ(find("bob::\n", "bob", 3), COLONS_FOUND);
	CHECK(field_is(1, "") && field_is(2, ""));
	CHECK_EQ(find("bob\n", "bob", 1), COLONS_FOUND);
	CHECK_EQ(find("bob:x\n", "bob", 3), COLONS_MALFORMED);
	CHECK_EQ(find("bob:x:1:\n", "bob", 3), COLONS_MALFORMED);
	CHECK_EQ(find("bob:x:1\nbob:y:2\n", "bob", 3), COLONS_FOUND);
	CHECK(field_is(1, "x"));
	CHECK_EQ(find("bob:x\nbob:y:2\n", "bob", 3), COLONS_MALFORMED); /* the first one counts, even so */
	CHECK_EQ(find("bob:x:1", "bob", 3), COLONS_NONE);               /* it may not be written to its end */
	CHECK_EQ(find(" bob:x:1\n#bob:x:1\nBob:x:1\nbobby:x:1\nbo:x:1\n:x:1\n", "bob", 3), COLONS_NONE);
	CHECK_EQ(find(":x:1\n", "", 3), COLONS_NONE);
	CHECK_EQ(find("", "bob", 3), COLONS_NONE);
	CHECK_EQ(find("\n\n\nbob:x:1\n", "bob", 3), COLONS_FOUND);
	CHECK_EQ(find("bob:x:1\n", "bob:x", 2), COLONS_NONE);
	CHECK_EQ(find("eve:x:1\nbob:x:1\n", "1\nbob", 3), COLONS_NONE);
	{
		int fd = file_of("bob:\0:1\n", 8);

		CHECK_EQ(colons_find(fd, span_of("bob"), 3, &c), COLONS_MALFORMED);
		(void)close(fd);
	}
	CHECK_EQ(colons_find(-1, span_of("bob"), 3, &c), COLONS_FAILED);
	CHECK(pipe(pipes) == 0 && colons_find(pipes[0], span_of("bob"), 3, &c) == COLONS_FAILED);
	places();
	long_lines();
	return check_end();
}
