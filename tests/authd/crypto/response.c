/* What clients send with a token, and what is nearly that. */
#include "response.h"

#include <string.h>

#include "../../check.h"

static struct bearer b;

static int
rfc(const char *text)
{
	return bearer_rfc_get(span_of(text), &b);
}

static int
old(const char *text)
{
	return bearer_old_get(span_of(text), &b);
}

static bool
is(const char *name, const char *token)
{
	return b.name_len == strlen(name) && memcmp(b.name, name, b.name_len) == 0 && b.token.len == strlen(token) &&
	       memcmp(b.token.p, token, b.token.len) == 0;
}

/* RFC 7628 section 4.1, and what curl, mpop and gsasl send. */
static void
test_rfc(void)
{
	CHECK_EQ(rfc("n,a=user@example.com,\1host=server.example.com\1port=143\1"
		     "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1"),
		 0);
	CHECK(is("user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="));
	CHECK_EQ(rfc("n,a=bob,\1auth=Bearer t\1\1"), 0);
	CHECK(is("bob", "t"));
	CHECK_EQ(rfc("y,a=bob,\1auth=bearer  t\1host=h\1\1"), 0);
	CHECK(is("bob", "t"));
	CHECK_EQ(rfc("n,a=b=2Co=3Db,\1auth=Bearer t\1\1"), 0);
	CHECK(is("b,o=b", "t"));
	CHECK_EQ(rfc("n,a=bob,\1auth=Bearer a.b=c\1x=\1y=a=b\1\1"), 0);
	CHECK(is("bob", "a.b=c"));
	CHECK_EQ(rfc("n,a=bob,\1user=eve\1auth=Bearer t\1\1"), 0); /* another key, which says nothing */
	CHECK(is("bob", "t"));
}

static void
test_rfc_refused(void)
{
	static const char *const bad[] = {
		"",
		"n",
		"n,",
		"n,,",
		"\1",
		"n,a=bob",
		"n,a=bob,",
		"n,a=bob,\1",
		"n,a=bob,\1\1",
		"n,a=bob,\1\1\1",
		"n,,\1auth=Bearer t\1\1",                   /* nobody named */
		"n,a=,\1auth=Bearer t\1\1",                 /* the same */
		"p=tls-exporter,a=bob,\1auth=Bearer t\1\1", /* bound to TLS */
		"F,n,a=bob,\1auth=Bearer t\1\1",
		"n,bob,\1auth=Bearer t\1\1",
		"N,a=bob,\1auth=Bearer t\1\1",
		"n,a=b=2cb,\1auth=Bearer t\1\1",
		"n,a=b=,\1auth=Bearer t\1\1",
		"n,a=b=3,\1auth=Bearer t\1\1",
		"n,a=bob,auth=Bearer t\1\1",
		"n,a=bob,\1auth=Bearer t\1",
		"n,a=bob,\1auth=Bearer t",
		"n,a=bob,\1auth=Bearer t\1\1\1",
		"n,a=bob,\1auth=Bearer t\1\1x",
		"n,a=bob,\1auth=Bearer t\1\1x=y\1\1",
		"n,a=bob,\1auth=Bearer t\1auth=Bearer t\1\1", /* twice */
		"n,a=bob,\1auth=Basic t\1\1",
		"n,a=bob,\1auth=Bearer\1\1",
		"n,a=bob,\1auth=Bearer \1\1",
		"n,a=bob,\1auth=\1\1",
		"n,a=bob,\1auth\1\1",
		"n,a=bob,\1host=h\1\1",
		"user=bob\1auth=Bearer t\1\1",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_EQ(rfc(bad[i]), -1);
	CHECK_EQ(bearer_rfc_get((struct span){ (const uint8_t *)"n,a=b\0b,\1auth=Bearer t\1\1", 24 }, &b), -1);
}

static void
test_old(void)
{
	static const char *const bad[] = {
		"",
		"\1\1",
		"user=bob\1\1",
		"auth=Bearer t\1\1",
		"user=\1auth=Bearer t\1\1",
		"user=bob\1auth=Bearer t\1",
		"user=bob\1auth=Bearer t\1\1\1",
		"user=bob\1user=bob\1auth=Bearer t\1\1",
		"user=bob\1auth=Bearer t\1auth=Bearer t\1\1",
		"user=bob\1auth=Bearer \1\1",
		"user=bob\1auth=t\1\1",
		"n,a=bob,\1auth=Bearer t\1\1",
		"\1user=bob\1auth=Bearer t\1\1",
	};

	CHECK_EQ(old("user=someuser@example.com\1auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\1\1"), 0);
	CHECK(is("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"));
	CHECK_EQ(old("auth=Bearer t\1user=b=2C\1\1"), 0); /* as it stands */
	CHECK(is("b=2C", "t"));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_EQ(old(bad[i]), -1);
}

static void
test_length_of_names(void)
{
	char text[600];

	(void)snprintf(text, sizeof text, "n,a=%0255d,\1auth=Bearer t\1\1", 1);
	CHECK_EQ(rfc(text), 0);
	CHECK_EQ(b.name_len, USER_MAX);
	(void)snprintf(text, sizeof text, "n,a=%0256d,\1auth=Bearer t\1\1", 1);
	CHECK_EQ(rfc(text), -1);
	(void)snprintf(text, sizeof text, "user=%0255d\1auth=Bearer t\1\1", 1);
	CHECK_EQ(old(text), 0);
	(void)snprintf(text, sizeof text, "user=%0256d\1auth=Bearer t\1\1", 1);
	CHECK_EQ(old(text), -1);
}

int
main(void)
{
	test_rfc();
	test_rfc_refused();
	test_old();
	test_length_of_names();
	return check_end();
}
