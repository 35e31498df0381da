/* The value of secrets.cdb that says whose tokens are believed, octet by octet, and everything that is nearly one. */
#include "issuers.h"

#include <string.h>

#include "../check.h"

static bool
same(struct span a, const char *b)
{
	return a.len == strlen(b) && memcmp(a.p, b, a.len) == 0;
}

static uint8_t octets[1024];

static struct span
run_of(size_t n)
{
	return (struct span){ octets, n };
}

/* Two issuers with a key of each kind. */
static struct issuers *
each_kind(void)
{
	static struct issuers s;

	memset(octets, 'k', sizeof octets);
	s = (struct issuers){ .count = 2 };
	s.keys[0] = (struct issuer_key){ ISSUER_RS256, span_of("one"), run_of(256), span_of("\1\1") };
	s.keys[1] = (struct issuer_key){ .algorithm = ISSUER_ES256, .kid = span_of("two"), .key = run_of(64) };
	s.keys[2] = (struct issuer_key){ .algorithm = ISSUER_EDDSA, .key = run_of(32) };
	s.issuers[0] = (struct issuer){ .name = span_of("https://one"),
					.claim = span_of("email"),
					.scope = span_of("mail"),
					.audience_count = 2,
					.audiences = { span_of("a"), span_of("b") },
					.key_count = 2,
					.keys = s.keys };
	s.issuers[1] = (struct issuer){ .name = span_of("https://two"),
					.claim = span_of("sub"),
					.audience_count = 1,
					.audiences = { span_of("c") },
					.key_count = 1,
					.keys = s.keys + 2 };
	return &s;
}

static int
again(struct issuers *in, struct issuers *out)
{
	static struct wr m;

	issuers_put(&m, in);
	return issuers_get(wr_span(&m), out);
}

static void
test_as_written(void)
{
	static const uint8_t head[] = "\1\2\0\13https://one\0\5email\0\4mail\2\0\1a\0\1b\2\0\0\3one\1\0kkk";
	static const uint8_t tail[] =
	    "k\0\13https://two\0\3sub\0\0\1\0\1c\1\2\0\0\0\40kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
	static struct issuers s;
	static struct wr m, n;

	issuers_put(&m, each_kind());
	CHECK(memcmp(m.b, head, sizeof head - 1) == 0);
	CHECK(memcmp(m.b + m.len - (sizeof tail - 1), tail, sizeof tail - 1) == 0);
	CHECK_EQ(issuers_get(wr_span(&m), &s), 0);
	CHECK_EQ(s.count, 2);
	CHECK(same(s.issuers[0].name, "https://one") && same(s.issuers[0].claim, "email"));
	CHECK(same(s.issuers[0].scope, "mail") && same(s.issuers[0].audiences[1], "b"));
	CHECK_EQ(s.issuers[0].keys[0].key.len, 256);
	CHECK(same(s.issuers[0].keys[0].exponent, "\1\1") && same(s.issuers[0].keys[1].kid, "two"));
	CHECK(same(s.issuers[1].name, "https://two") && s.issuers[1].scope.len == 0);
	CHECK_EQ(s.issuers[1].keys[0].algorithm, ISSUER_EDDSA);
	issuers_put(&n, &s);
	CHECK(n.len == m.len && memcmp(n.b, m.b, m.len) == 0);
}

static void
test_cut_anywhere(void)
{
	static struct issuers s;
	static struct wr m;

	issuers_put(&m, each_kind());
	for (size_t n = 0; n < m.len; n++)
		CHECK_EQ(issuers_get((struct span){ m.b, n }, &s), -1);
	m.b[m.len] = 0;
	CHECK_EQ(issuers_get((struct span){ m.b, m.len + 1 }, &s), -1);
	m.b[0] = 2;
	CHECK_EQ(issuers_get((struct span){ m.b, m.len }, &s), -1);
}

/* Each field with something that it cannot have. */
static void
test_bounds(void)
{
	struct issuers *s, out;
	struct span zero = { (const uint8_t *)"\0\1", 2 };

#define REFUSED(change)                                                                                                \
	do {                                                                                                           \
		s = each_kind();                                                                                       \
		(change);                                                                                              \
		CHECK_EQ(again(s, &out), -1);                                                                          \
	} while (0)
	REFUSED(s->count = 0);
	REFUSED(s->count = ISSUERS_MAX + 1);
	REFUSED(s->issuers[0].name.len = 0);
	REFUSED(s->issuers[0].name = run_of(256));
	REFUSED(s->issuers[0].claim.len = 0);
	REFUSED(s->issuers[0].scope = run_of(256));
	REFUSED(s->issuers[0].audience_count = 0);
	REFUSED(s->issuers[0].audiences[0].len = 0);
	REFUSED(s->issuers[0].key_count = 0);
	REFUSED(s->keys[0].kid = run_of(256));
	REFUSED(s->keys[0].key = run_of(255));
	REFUSED(s->keys[0].exponent = zero);
	REFUSED(s->keys[0].exponent.len = 0);
	REFUSED(s->keys[0].exponent = run_of(5));
	REFUSED(s->keys[0].algorithm = ISSUER_ALGORITHM__MAX);
	REFUSED(s->keys[1].key = run_of(63));
	REFUSED(s->keys[2].key = run_of(33));
#undef REFUSED
	s = each_kind();
	CHECK_EQ(again(s, &out), 0);
}

/* No more keys than there is room for, whoever has them. */
static void
test_number_of_keys(void)
{
	static struct issuers s, out;

	for (uint8_t i = 0; i < 2; i++)
		s.issuers[i] = (struct issuer){ .name = span_of("n"),
						.claim = span_of("c"),
						.audience_count = 1,
						.audiences = { span_of("a") },
						.key_count = 16,
						.keys = s.keys + 16 * i };
	for (int i = 0; i < ISSUER_KEYS_MAX; i++)
		s.keys[i] = (struct issuer_key){ .algorithm = ISSUER_EDDSA, .key = run_of(32) };
	s.count = 2;
	CHECK_EQ(again(&s, &out), 0);
	s.issuers[1].keys = s.keys;
	s.issuers[1].key_count = 17;
	CHECK_EQ(again(&s, &out), -1);
}

int
main(void)
{
	test_as_written();
	test_cut_anywhere();
	test_bounds();
	test_number_of_keys();
	return check_end();
}
