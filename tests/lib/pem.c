/* PEM: what openssl and certbot write, and every way to be damaged. */
#include "pem.h"

#include <string.h>

#include "check.h"

static uint8_t out[64];
static struct pem block;

static int
next(const char *text)
{
	struct span s = span_of(text);

	memset(out, 0xaa, sizeof out);
	return pem_next(&s, &block, out, 9);
}

#define BEGIN "-----BEGIN X-----\n"
#define END "-----END X-----\n"

static void
good(void)
{
	struct span two = span_of("text\n" BEGIN "YWJj\nZGVm\n" END "more\n-----BEGIN LONG NAME-----\r\nYQ==\r\n"
				  "-----END LONG NAME-----");

	CHECK_EQ(pem_next(&two, &block, out, sizeof out), 1);
	CHECK(block.len == 6 && memcmp(out, "abcdef", 6) == 0);
	CHECK(block.label.len == 1 && block.label.p[0] == 'X');
	CHECK_EQ(pem_next(&two, &block, out, sizeof out), 1);
	CHECK(block.len == 1 && out[0] == 'a');
	CHECK(block.label.len == 9 && memcmp(block.label.p, "LONG NAME", 9) == 0);
	CHECK_EQ(pem_next(&two, &block, out, sizeof out), 0);
	CHECK_EQ(next(BEGIN END), 1);
	CHECK_EQ((long long)block.len, 0);
	CHECK_EQ(next(BEGIN "YWI=\n" END), 1);
	CHECK(block.len == 2 && out[2] == 0xaa);
	CHECK_EQ(next(BEGIN "YW\nJj\n" END), 1); /* lines may be of any length */
	CHECK_EQ(next(BEGIN "MDEyMzQ1Njc4\n" END), 1);
	CHECK(block.len == 9 && out[9] == 0xaa);
	CHECK_EQ(next(BEGIN "////\n" END), 1);
	CHECK(out[0] == 0xff && out[2] == 0xff);
	CHECK_EQ(next(BEGIN "++++\n" END), 1);
	CHECK(out[0] == 0xfb && out[2] == 0xbe);
}

static void
bad(void)
{
	CHECK_EQ(next(""), 0);
	CHECK_EQ(next("no armour\n"), 0);
	CHECK_EQ(next(BEGIN "YWJj\n"), -1); /* no end */
	CHECK_EQ(next(BEGIN "YWJj"), -1);
	CHECK_EQ(next(BEGIN "YWJj\n-----END Y-----\n"), -1); /* another's end */
	CHECK_EQ(next(BEGIN "YWJ\n" END), -1);               /* a digit is missing */
	CHECK_EQ(next(BEGIN "YW==YWJj\n" END), -1);          /* more after the padding */
	CHECK_EQ(next(BEGIN "Y===\n" END), -1);
	CHECK_EQ(next(BEGIN "====\n" END), -1);
	CHECK_EQ(next(BEGIN "YW Jj\n" END), -1); /* no base64 */
	CHECK_EQ(next(BEGIN "Proc-Type: 4,ENCRYPTED\n\nYWJj\n" END), -1);
	CHECK_EQ(next(BEGIN "MDEyMzQ1Njc4OQ==\n" END), -1); /* does not fit */
	CHECK(out[9] == 0xaa);
	CHECK_EQ(next("-----BEGIN -----\n"), 0);
}

int
main(void)
{
	good();
	bad();
	return check_end();
}
