/* Guesses at an account and from an address, on a clock of our own. */
#define _GNU_SOURCE
#include "guess.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../check.h"

static const uint8_t KEY[TABLE_KEY] = "thirty-two octets of the server";
static struct table t;
static uint64_t now = 1795579800000; /* milliseconds */

enum { LIMIT = 10, DAY = 86400000 };

static struct address
address(const char *text)
{
	struct address a = { { 0 } };

	if (*text)
		CHECK_EQ(address_read(span_of(text), &a), 0);
	return a;
}

static struct guess
enter(const char *user, const char *password, const char *from, uint32_t known)
{
	struct address a = address(from);
	struct guess g;

	guess_about(&g, &t, span_of(user), *from ? &a : NULL, known, LIMIT);
	guess_look(&g, now);
	if (!g.refused && strcmp(password, "right"))
		guess_wrong(&g, span_of(user), span_of(password), now);
	return g;
}

/* So many different wrong passwords; returns how many were heard. */
static int
wrong(const char *user, int n, const char *from, uint32_t known)
{
	static int number;
	char password[20];
	int heard = 0;

	for (int i = 0; i < n; i++) {
		(void)snprintf(password, sizeof password, "wrong%d", number++);
		heard += !enter(user, password, from, known).refused;
	}
	return heard;
}

static void
test_account(void)
{
	static const unsigned delays[LIMIT] = { 0, 0, 0, 0, 0, 1000, 2000, 4000, 8000, 8000 };
	char password[] = "a";
	struct guess g;

	for (int i = 0; i < LIMIT; i++, password[0]++) {
		g = enter("bob", password, "", 0);
		CHECK(!g.refused);
		CHECK_EQ(g.delay_ms, delays[i]);
	}
	CHECK(enter("bob", "right", "", 0).refused);
	CHECK_EQ(wrong("bob", 100, "", 0), 0); /* what is refused does not count: it would never end */
	CHECK(!enter("al", "x", "", 0).refused);
	now += GUESS_PERIOD_ACCOUNT;
	CHECK_EQ(wrong("bob", 100, "", 0), 1);
	now += 3 * GUESS_PERIOD_ACCOUNT;
	CHECK_EQ(wrong("bob", 100, "", 0), 3);
	now += DAY;
	CHECK_EQ(wrong("bob", 100, "", 0), LIMIT);
	now += DAY;
}

/* A client with an old password asks again and again: that is one guess. */
static void
test_same_again(void)
{
	struct guess g;

	for (int i = 0; i < 1000; i++) {
		g = enter("carol", "old", "192.0.2.77", 0);
		CHECK(!g.refused && g.delay_ms == 0);
	}
	CHECK_EQ(guess_level(&g, 0, now), 1);
	CHECK_EQ(guess_level(&g, 1, now), 1);
	CHECK_EQ(wrong("carol", 100, "", 0), LIMIT - 1);
	CHECK(enter("carol", "old", "", 0).refused); /* it is not a way past the limit */
	/* The same password at another account is a guess. */
	CHECK_EQ(guess_level(&g, 1, now), 1);
	(void)enter("dave", "old", "192.0.2.77", 0);
	CHECK_EQ(guess_level(&g, 1, now), 2);
	now += DAY;
}

static void
test_right(void)
{
	struct guess g;

	for (int i = 0; i < 100; i++) {
		g = enter("erin", "right", "192.0.2.78", 0);
		CHECK(!g.refused && g.delay_ms == 0);
	}
	CHECK_EQ(guess_level(&g, 0, now), 0);
	CHECK_EQ(guess_level(&g, 1, now), 0);
	CHECK_EQ(wrong("erin", 1000, "192.0.2.78", 0), LIMIT);
	/* One right guess does not wipe out the wrong ones, or an attacker's own account would. */
	now += GUESS_PERIOD_ACCOUNT;
	g = enter("erin", "right", "192.0.2.78", 0);
	CHECK(!g.refused);
	CHECK_EQ(wrong("erin", 100, "192.0.2.78", 0), 1);
	now += DAY;
}

/* A stranger closes the account for strangers alone. */
static void
test_known(void)
{
	CHECK_EQ(wrong("bob", 100, "198.51.100.1", 0), LIMIT);
	CHECK(enter("bob", "right", "198.51.100.2", 0).refused);
	CHECK(!enter("bob", "right", "192.0.2.1", 77).refused);
	/* Nor do neighbours at the same address keep him out; but he has a limit of his own. */
	for (int i = 0; i < 30; i++) {
		char user[20];

		(void)snprintf(user, sizeof user, "user%d", i);
		(void)wrong(user, 5, "192.0.2.1", 0);
	}
	CHECK(enter("nobody", "x", "192.0.2.1", 0).refused);
	CHECK_EQ(wrong("bob", 100, "192.0.2.1", 77), LIMIT);
	now += DAY;
}

static int
spray(const char *before, const char *after, int addresses, int each)
{
	char from[60], user[20];
	static int number;
	int heard = 0;

	for (int i = 0; i < addresses; i++)
		for (int k = 0; k < each; k++) {
			(void)snprintf(from, sizeof from, "%s%x%s", before, (unsigned)i, after);
			(void)snprintf(user, sizeof user, "u%d", number++);
			heard += wrong(user, 1, from, 0);
		}
	return heard;
}

static void
test_blocks(void)
{
	CHECK_EQ(spray("203.0.113.", "", 1, 200), LIMIT * GUESS_BLOCK_FACTOR);
	CHECK_EQ(spray("203.0.113.1", "", 1, 1), 1);
	/* Every address of 64 bits is the same one. */
	CHECK_EQ(spray("2001:db8:1:1::", "", 100, 2), LIMIT * GUESS_BLOCK_FACTOR);
	/* Blocks of 64 bits in one of 48. */
	CHECK_EQ(spray("2001:db8:2:", "::1", 100, 4), LIMIT * GUESS_LARGE_FACTOR);
	CHECK_EQ(spray("2001:db8:3:", "::1", 10, 4), 40);
	/* Behind a proxy of this machine everybody is the same address: nobody is. */
	CHECK_EQ(spray("127.0.0.", "", 1, 500), 500);
	for (int i = 0; i < 500; i++)
		CHECK(!enter("v", "the same", "::1", 0).refused);
	now += DAY;
}

static void
test_clock(void)
{
	CHECK_EQ(wrong("frank", 100, "", 0), LIMIT);
	now -= 10 * (uint64_t)DAY; /* set back: no more than the limit's own time is left */
	CHECK_EQ(wrong("frank", 100, "", 0), 0);
	now += GUESS_PERIOD_ACCOUNT;
	CHECK(wrong("frank", 100, "", 0) <= 1);
	now += (uint64_t)LIMIT * GUESS_PERIOD_ACCOUNT;
	CHECK(wrong("frank", 100, "", 0) >= 0);
	now += 11 * (uint64_t)DAY;
	CHECK_EQ(wrong("frank", 100, "", 0), LIMIT);
}

static void
test_clear(void)
{
	struct guess g;

	now += DAY;
	CHECK_EQ(wrong("bob", 100, "", 0), LIMIT);
	guess_about(&g, &t, span_of("bob"), NULL, 0, LIMIT);
	CHECK_EQ(guess_level(&g, 0, now), LIMIT);
	CHECK_EQ(guess_clear(&g, 0), 0);
	CHECK_EQ(guess_level(&g, 0, now), 0);
	CHECK_EQ(wrong("bob", 100, "", 0), LIMIT);
}

/* Judged at once, before any of them was counted: each counts, and the account is closed for as many periods. */
static void
test_at_once(void)
{
	struct guess g[20];

	now += DAY;
	for (int i = 0; i < 20; i++) {
		guess_about(&g[i], &t, span_of("grace"), NULL, 0, LIMIT);
		guess_look(&g[i], now);
		CHECK(!g[i].refused);
	}
	for (int i = 0; i < 20; i++) {
		char password[2] = { (char)('a' + i), '\0' };

		guess_wrong(&g[i], span_of("grace"), span_of(password), now);
	}
	CHECK_EQ(guess_level(&g[0], 0, now), 20);
	now += 10 * (uint64_t)GUESS_PERIOD_ACCOUNT;
	CHECK(enter("grace", "right", "", 0).refused);
	now += GUESS_PERIOD_ACCOUNT;
	CHECK(!enter("grace", "right", "", 0).refused);
	/* But not for ever. */
	for (int i = 0; i < 1000; i++)
		guess_wrong(&g[0], span_of("grace"), span_of(""), now);
	CHECK(guess_level(&g[0], 0, now) <= LIMIT * GUESS_DEBT_FACTOR);
}

/* Without a table everything is heard, and nothing breaks. */
static void
test_no_table(void)
{
	struct table none = { -1, 8, KEY };
	struct guess g;

	guess_about(&g, &none, span_of("bob"), NULL, 0, LIMIT);
	guess_look(&g, now);
	guess_wrong(&g, span_of("bob"), span_of("x"), now);
	CHECK(!g.refused && g.delay_ms == 0);
}

int
main(void)
{
	char path[] = "/tmp/test-guess-XXXXXX";
	int fd = mkstemp(path);

	(void)unlink(path);
	CHECK(sodium_init() >= 0 && ftruncate(fd, (off_t)table_size(16384)) == 0 && table_open(&t, fd, KEY) == 0);
	test_account();
	test_same_again();
	test_right();
	test_known();
	test_blocks();
	test_clock();
	test_clear();
	test_at_once();
	test_no_table();
	return check_end();
}
