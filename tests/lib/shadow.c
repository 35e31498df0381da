/* shadow(5): until when a password is accepted. */
#include "shadow.h"

#include <string.h>

#include "check.h"

enum { WRONG = -1 };
enum { DAY = SHADOW_DAY };

static struct shadow s;

/* When it ends, by hash, last change, maximum age, days of inactivity and the account's end. */
static long long
ends(const char *hash, const char *changed, const char *max, const char *inactive, const char *expire)
{
	const struct span fields[SHADOW_FIELDS] = { span_of("bob"),    span_of(hash),   span_of(changed),
						    span_of("x"),      span_of(max),    span_of("x"),
						    span_of(inactive), span_of(expire), span_of("x") };

	return shadow_read(fields, &s) ? WRONG : (long long)s.expires;
}

static bool
hash_is(const char *field, bool locked, const char *hash)
{
	return ends(field, "", "", "", "") == 0 && s.locked == locked && s.hash.len == strlen(hash) &&
	       memcmp(s.hash.p, hash, s.hash.len) == 0;
}

int
main(void)
{
	CHECK(hash_is("$6$x", false, "$6$x"));
	CHECK(hash_is("!$6$x", true, "$6$x"));
	CHECK(hash_is("!!$6$x", true, "$6$x"));
	CHECK(hash_is("*!$6$x", true, "$6$x"));
	CHECK(hash_is("!", true, "") && hash_is("*", true, "") && hash_is("", true, ""));
	CHECK_EQ(ends("x", "", "", "", ""), 0);
	CHECK_EQ(ends("x", "100", "", "", ""), 0);
	CHECK_EQ(ends("x", "", "30", "7", ""), 0); /* without a day of change there is no age */
	CHECK_EQ(ends("x", "100", "", "7", ""), 0);
	CHECK_EQ(ends("x", "100", "30", "", ""), 131LL * DAY);
	CHECK_EQ(ends("x", "100", "30", "0", ""), 131LL * DAY);
	CHECK_EQ(ends("x", "100", "30", "7", ""), 138LL * DAY);
	CHECK_EQ(ends("x", "100", "0", "", ""), 101LL * DAY);
	CHECK_EQ(ends("x", "0", "", "", ""), 1); /* to be changed at the next login */
	CHECK_EQ(ends("x", "0", "99999", "", ""), 1);
	CHECK_EQ(ends("x", "", "", "", "120"), 120LL * DAY);
	CHECK_EQ(ends("x", "", "", "", "0"), 1);
	CHECK_EQ(ends("x", "100", "30", "7", "120"), 120LL * DAY);
	CHECK_EQ(ends("x", "100", "30", "7", "200"), 138LL * DAY);
	CHECK_EQ(ends("x", "0", "", "", "200"), 1);
	CHECK_EQ(ends("x", "19000", "99999", "7", ""), 0);
	CHECK_EQ(ends("x", "19000", "10000", "", ""), 0);
	CHECK_EQ(ends("x", "19000", "99999", "7", "20000"), 20000LL * DAY);
	CHECK_EQ(ends("x", "10000000", "9999", "10000000", ""), 20010000LL * DAY);
	CHECK_EQ(ends("x", "10000001", "", "", ""), WRONG);
	CHECK_EQ(ends("x", "x", "", "", ""), WRONG);
	CHECK_EQ(ends("x", "", "-1", "", ""), WRONG);
	CHECK_EQ(ends("x", "", "", " ", ""), WRONG);
	CHECK_EQ(ends("x", "", "", "", "1x"), WRONG);
	CHECK(s.expires == 20010000ULL * DAY); /* written on success alone */
	return check_end();
}
