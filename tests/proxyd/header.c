/* The PROXY header: every form that proxies send, every way to get one wrong, and never an octet too much asked for. */
#include "header.h"

#include <string.h>

#include "check.h"

static struct proxied got;

/* Feed the parser as header_receive does; returns its last word, or HEADER_MORE when text ends first. */
static enum header
fed(const char *text, size_t len)
{
	size_t have = 0, want;
	enum header h;

	memset(&got, 0xff, sizeof got);
	while ((h = header_parse((struct span){ (const uint8_t *)text, have }, &want, &got)) == HEADER_MORE) {
		CHECK(want > 0);
		if (have + want > len)
			return HEADER_MORE;
		have += want;
	}
	if (h == HEADER_WHOLE)
		CHECK_EQ(have, len); /* what follows the header is not ours */
	return h;
}

#define FED(text) fed(text, sizeof text - 1)

static int
says(const char *remote, const char *local, int tls)
{
	char r[ADDRESS_TEXT_MAX], l[ADDRESS_TEXT_MAX];

	address_print(&got.remote, r);
	address_print(&got.local, l);
	return got.known && got.tls == tls && strcmp(r, remote) == 0 && strcmp(l, local) == 0;
}

static void
text(void)
{
	char longest[HEADER_TEXT_MAX + 20];
	static const char *const bad[] = {
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\nx",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 -2\r\n",
		"PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY TCP4 ::ffff:192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
		"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
		"PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY UNKNOWNS\r\n more",
		"PROXY \r\n           ",
		"PROXY  UNKNOWN\r\n",
		"proxy UNKNOWN\r\n",
		"GET / HTTP/1.1\r\n",
		"USER bob\r\nPASS",
	};

	CHECK_EQ(FED("PROXY TCP4 192.0.2.1 198.51.100.2 56324 110\r\n"), HEADER_WHOLE);
	CHECK(says("192.0.2.1", "198.51.100.2", 0));
	CHECK_EQ(FED("PROXY TCP6 2001:DB8::1 ::1 0 65535\r\n"), HEADER_WHOLE);
	CHECK(says("2001:db8::1", "::1", 0));
	CHECK_EQ(FED("PROXY UNKNOWN\r\n"), HEADER_WHOLE);
	CHECK(!got.known && !got.tls);
	CHECK_EQ(FED("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"), HEADER_WHOLE);
	CHECK(!got.known);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_EQ(fed(bad[i], strlen(bad[i])), HEADER_BAD);
	/* 107 octets are the longest, with their CRLF; one more is none. */
	memset(longest, 'x', sizeof longest);
	memcpy(longest, "PROXY UNKNOWN ", 14);
	memcpy(longest + HEADER_TEXT_MAX - 2, "\r\n", 2);
	CHECK_EQ(fed(longest, HEADER_TEXT_MAX), HEADER_WHOLE);
	longest[HEADER_TEXT_MAX - 2] = 'x';
	memcpy(longest + HEADER_TEXT_MAX - 1, "\r\n", 2);
	CHECK_EQ(fed(longest, sizeof longest), HEADER_BAD);
}

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define FOUR "\xc0\0\2\1\xc6\x33\x64\2\xdc\4\0\x6e"
#define SIX "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2\xdc\4\0\x6e"

static void
binary(void)
{
	static char big[HEADER_MAX + 2];

	CHECK_EQ(FED(SIGNATURE "\x21\x11\0\x0c" FOUR), HEADER_WHOLE);
	CHECK(says("192.0.2.1", "198.51.100.2", 0));
	CHECK_EQ(FED(SIGNATURE "\x21\x21\0\x24" SIX), HEADER_WHOLE);
	CHECK(says("2001:db8::1", "2001:db8::2", 0));
	/* TLVs: authority, then TLS; its first octet is a set of bits. */
	CHECK_EQ(FED(SIGNATURE "\x21\x11\0\x1a" FOUR "\2\0\3a.b"
			       "\x20\0\5\1\0\0\0\0"),
		 HEADER_WHOLE);
	CHECK(says("192.0.2.1", "198.51.100.2", 1));
	CHECK_EQ(FED(SIGNATURE "\x21\x11\0\x14" FOUR "\x20\0\5\6\0\0\0\0"), HEADER_WHOLE);
	CHECK(says("192.0.2.1", "198.51.100.2", 0));
	CHECK_EQ(FED(SIGNATURE "\x20\x11\0\x0c" FOUR), HEADER_WHOLE); /* LOCAL */
	CHECK(!got.known && !got.tls);
	CHECK_EQ(FED(SIGNATURE "\x20\0\0\0"), HEADER_WHOLE);
	CHECK(!got.known);
	CHECK_EQ(FED(SIGNATURE "\x21\0\0\2xx"), HEADER_WHOLE); /* a family that is none */
	CHECK(!got.known);
	CHECK_EQ(FED(SIGNATURE "\x21\x11\0\xb"
			       "01234567890"),
		 HEADER_BAD);
	CHECK_EQ(FED(SIGNATURE "\x21\x12\0\x0c" FOUR), HEADER_BAD);
	CHECK_EQ(FED(SIGNATURE "\x21\x41\0\x0c" FOUR), HEADER_BAD);
	CHECK_EQ(FED(SIGNATURE "\x22\x11\0\x0c" FOUR), HEADER_BAD);
	CHECK_EQ(FED(SIGNATURE "\x11\x11\0\x0c" FOUR), HEADER_BAD);
	CHECK_EQ(FED(SIGNATURE "\x21\x11\0\x0e" FOUR "\2\0"), HEADER_BAD);
	CHECK_EQ(FED(SIGNATURE "\x21\x11\0\x10" FOUR "\2\0\2x"), HEADER_BAD);
	CHECK_EQ(FED(SIGNATURE "\x21\x11\xff\xff" FOUR), HEADER_BAD);
	CHECK_EQ(FED(SIGNATURE "\x21\x11\0\x0c\xc0\0"), HEADER_MORE);
	/* The longest that is taken: one TLV fills it. */
	memcpy(big, SIGNATURE "\x21\x11\x0f\xf0" FOUR "\4\x0f\xe1", 31);
	CHECK_EQ(fed(big, HEADER_MAX), HEADER_WHOLE);
	CHECK(says("192.0.2.1", "198.51.100.2", 0));
	memcpy(big, SIGNATURE "\x21\x11\x0f\xf1" FOUR "\4\x0f\xe2", 31);
	CHECK_EQ(fed(big, HEADER_MAX + 1), HEADER_BAD);
}

/* A header that is not taken leaves nothing behind. */
static void
untouched(void)
{
	struct proxied p, before;
	size_t want;

	memset(&p, 0x55, sizeof p);
	before = p;
	CHECK_EQ(header_parse(span_of("PROXY TCP4 192.0.2.1 192.0.2.2 1 x\r\n"), &want, &p), HEADER_BAD);
	CHECK(memcmp(&p, &before, sizeof p) == 0);
}

int
main(void)
{
	text();
	binary();
	untouched();
	return check_end();
}
