/* The converter against a reference written in the plainest way, over every short message of awkward bytes and every
 * way to cut it in two; then over long ones, in buffers that end where the memory does. */
#define _GNU_SOURCE
#include "crlf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"
#include "newline.h"

static size_t
plain_convert(const uint8_t *in, size_t n, uint8_t *out, uint64_t *octets)
{
	size_t o = 0;

	*octets = 0;
	for (size_t i = 0; i < n; i++) {
		if (in[i] == '.' && (i == 0 || in[i - 1] == '\n'))
			out[o++] = '.';
		if (in[i] == '\n' && (i == 0 || in[i - 1] != '\r')) {
			out[o++] = '\r';
			++*octets;
		}
		out[o++] = in[i];
		++*octets;
	}
	if (n && in[n - 1] != '\n') {
		out[o++] = '\r';
		out[o++] = '\n';
		*octets += 2;
	}
	return o;
}

static void
compare(const uint8_t *in, size_t n, size_t cut)
{
	uint8_t want[64], got[64];
	uint64_t octets;
	size_t len = plain_convert(in, n, want, &octets), o;
	struct crlf c, count;

	crlf_start(&c);
	o = crlf_convert(&c, in, cut, got);
	CHECK(o <= 2 * cut);
	o += crlf_convert(&c, in + cut, n - cut, got + o);
	if (crlf_end(&c)) {
		memcpy(got + o, "\r\n", 2);
		o += 2;
	}
	CHECK(o == len && memcmp(got, want, len) == 0);
	CHECK(c.octets == octets);
	crlf_start(&count);
	crlf_count(&count, in, cut);
	crlf_count(&count, in + cut, n - cut);
	(void)crlf_end(&count);
	CHECK(count.octets == octets);
}

static const uint8_t bytes[] = { '\n', '\r', '.', 'x', 0 };

static void
short_messages(void)
{
	uint8_t message[6];

	for (size_t n = 0; n <= 6; n++) {
		size_t all = 1;

		for (size_t i = 0; i < n; i++)
			all *= sizeof bytes;
		for (size_t k = 0; k < all; k++) {
			size_t rest = k;

			for (size_t i = 0; i < n; i++, rest /= sizeof bytes)
				message[i] = bytes[rest % sizeof bytes];
			for (size_t cut = 0; cut <= n; cut++)
				compare(message, n, cut);
		}
	}
}

enum { PAGE = 4096, LONGEST = 1000 };

/* A page with nothing behind it, and nothing before it. */
static uint8_t *
page(void)
{
	uint8_t *p = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED && mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
	return p + PAGE;
}

/* Awkward bytes among many harmless ones: 1 of `rare`. */
static void
message_make(uint8_t *p, size_t n, int rare)
{
	for (size_t i = 0; i < n; i++)
		p[i] = rand() % rare ? (uint8_t)(rand() >> 8) : bytes[rand() % 4];
}

/* Every byte of both pages up to the end of the memory: one read or written too many is a crash. */
static void
compare_long(uint8_t *in, uint8_t *out, size_t n)
{
	static uint8_t want[2 * LONGEST + 2];
	uint64_t octets;
	size_t len = plain_convert(in, n, want, &octets), at = 0;
	struct crlf c, count;

	crlf_start(&c);
	crlf_start(&count);
	for (size_t from = 0; from < n;) {
		size_t part = rand() % 3 ? n - from : (size_t)rand() % (n - from + 1), got;
		uint8_t *to = out + PAGE - 2 * part;

		got = crlf_convert(&c, in + from, part, to);
		CHECK(got <= 2 * part && memcmp(to, want + at, got) == 0);
		crlf_count(&count, in + from, part);
		at += got;
		from += part;
	}
	CHECK(crlf_end(&c) == len - at && crlf_end(&count) == len - at);
	CHECK(c.octets == octets && count.octets == octets);
}

static void
long_messages(void)
{
	static const int rare[] = { 1, 2, 5, 20, 70, 500 };
	uint8_t *in = page(), *out = page();

	for (int round = 0; round < 60000; round++) {
		size_t n = (size_t)rand() % (LONGEST + 1);
		uint8_t *message = in + PAGE - n;

		message_make(message, n, rare[round % 6]);
		compare_long(message, out, n);
	}
}

/* Where the line ends are, and how many lack a CR: as the plain version says. */
static void
blocks(void)
{
	uint8_t *p = page() + PAGE - NEWLINE_BLOCK - 1;

	for (int round = 0; round < 100000; round++) {
		message_make(p, NEWLINE_BLOCK + 1, 1 + round % 9);
		CHECK(newline_bits(p + 1) == newline_bits_plain(p + 1));
		CHECK_EQ(newline_bare(p + 1), newline_bare_plain(p + 1));
	}
	memset(p, '\n', NEWLINE_BLOCK + 1);
	CHECK(newline_bits(p + 1) == UINT64_MAX);
	CHECK_EQ(newline_bare(p + 1), NEWLINE_BLOCK);
}

int
main(void)
{
	srand(1);
	short_messages();
	blocks();
	long_messages();
	return check_end();
}
