/* What is a message of a SCRAM client, and what is not. */
#include "scramtext.h"

#include <string.h>

#include "../../check.h"

static struct scram_first first;
static struct scram_final final;

static bool
is(struct span s, const char *text)
{
	return s.len == strlen(text) && (s.len == 0 || memcmp(s.p, text, s.len) == 0);
}

static int
first_of(const char *text)
{
	return scram_first_read(span_of(text), &first);
}

static void
test_first(void)
{
	CHECK_EQ(first_of("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"), 0);
	CHECK(first.flag == 'n' && is(first.binding, "") && is(first.header, "n,,"));
	CHECK(is(first.bare, "n=user,r=fyko+d2lbbFgONRv9qkxdawL") && is(first.nonce, "fyko+d2lbbFgONRv9qkxdawL"));
	CHECK(first.authzid_len == 0 && first.name_len == 4 && memcmp(first.name, "user", 4) == 0);
	CHECK_EQ(first_of("y,a=us=2Cer,n=a=3Db=2C,r=x,e=1,Z=two"), 0);
	CHECK(first.flag == 'y' && is(first.header, "y,a=us=2Cer,") && is(first.nonce, "x"));
	CHECK(first.authzid_len == 5 && memcmp(first.authzid, "us,er", 5) == 0);
	CHECK(first.name_len == 4 && memcmp(first.name, "a=b,", 4) == 0);
	CHECK_EQ(first_of("p=tls-exporter,,n=u\xc3\xa9,r=!~"), 0);
	CHECK(first.flag == 'p' && is(first.binding, "tls-exporter") && first.name_len == 3);
	CHECK_EQ(first_of("p=tls-server-end-point.9,,n=u,r=x"), 0);
}

static void
test_first_bad(void)
{
	static const char *const bad[] = {
		"",
		"n",
		"n,",
		"n,,",
		"n,,n=user",
		"n,,n=user,",
		"n,,n=user,r=",
		"n,,n=,r=x",
		"n,,r=x,n=user",
		"n,,n=user,s=x",
		"N,,n=user,r=x",
		"z,,n=user,r=x",
		",,n=user,r=x",
		"nn,,n=user,r=x",
		"p,,n=user,r=x",
		"p=,,n=user,r=x",
		"p=a b,,n=user,r=x",
		"p=a=b,,n=user,r=x",
		"n,user,n=user,r=x",
		"n,a=,n=user,r=x",
		"n,n=user,r=x",
		/* what must be understood and is not (RFC 5802 section 5.1) */
		"n,,m=ext,n=user,r=x",
		"n,,n=user,r=x,m=ext",
		/* names */
		"n,,n=us=er,r=x",
		"n,,n=user=,r=x",
		"n,,n=user=2,r=x",
		"n,,n=user=2c,r=x",
		"n,,n=user=00,r=x",
		"n,,n=\xff,r=x",
		"n,a=\xc3,n=user,r=x",
		"n,a==2c,n=user,r=x",
		/* nonces */
		"n,,n=user,r=a b",
		"n,,n=user,r=\x7f",
		"n,,n=user,r=\xc3\xa9",
		"n,,n=user,r=\t",
		/* what follows */
		"n,,n=user,r=x,",
		"n,,n=user,r=x,e",
		"n,,n=user,r=x,e=",
		"n,,n=user,r=x,1=2",
		"n,,n=user,r=x,ee=2",
		"n,,n=user,r=x,,e=1",
	};
	static char text[SCRAM_FIRST_MAX + 2];
	size_t n;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_EQ(first_of(bad[i]), -1);
		if (check_failed)
			printf("%s\n", bad[i]);
	}
	CHECK_EQ(scram_first_read((struct span){ (const uint8_t *)"n,,n=u\0r,r=x", 12 }, &first), -1);
	n = (size_t)snprintf(text, sizeof text, "n,,n=%0*d,r=x", USER_MAX, 7);
	CHECK_EQ(scram_first_read((struct span){ (uint8_t *)text, n }, &first), 0);
	n = (size_t)snprintf(text, sizeof text, "n,,n=%0*d,r=x", USER_MAX + 1, 7);
	CHECK_EQ(scram_first_read((struct span){ (uint8_t *)text, n }, &first), -1);
	n = (size_t)snprintf(text, sizeof text, "n,,n=u,r=%0*d", SCRAM_NONCE_MAX, 7);
	CHECK_EQ(scram_first_read((struct span){ (uint8_t *)text, n }, &first), 0);
	n = (size_t)snprintf(text, sizeof text, "n,,n=u,r=%0*d", SCRAM_NONCE_MAX + 1, 7);
	CHECK_EQ(scram_first_read((struct span){ (uint8_t *)text, n }, &first), -1);
	n = (size_t)snprintf(text, sizeof text, "n,,n=u,r=x,e=%0*d", SCRAM_FIRST_MAX - 13, 7);
	CHECK_EQ(scram_first_read((struct span){ (uint8_t *)text, n }, &first), 0);
	n = (size_t)snprintf(text, sizeof text, "n,,n=u,r=x,e=%0*d", SCRAM_FIRST_MAX - 12, 7);
	CHECK_EQ(scram_first_read((struct span){ (uint8_t *)text, n }, &first), -1);
}

static void
test_final(void)
{
	static const char *const bad[] = {
		"",
		",",
		"p=cA==",
		"c=biws,r=x",
		"c=biws,r=x,",
		"c=biws,r=x,p=",
		"c=biws,r=x,p",
		"c=biws,p=cA==",
		"r=x,c=biws,p=cA==",
		"c=biws,r=,p=cA==",
		"c=,r=x,p=cA==",
		"c=biws,r=x,p=cA==,e=1",
		"c=biws,r=x,m=1,p=cA==",
		"c=biws,r=x,,p=cA==",
		"c=biws,r=x,e,p=cA==",
		"c=biws,r=x y,p=cA==",
		"c=biws,r=x,q=cA==",
		"c=biws,x=x,p=cA==",
	};

	CHECK_EQ(scram_final_read(span_of("c=biws,r=x,p=cA=="), &final), 0);
	CHECK(is(final.binding, "biws") && is(final.nonce, "x") && is(final.before, "c=biws,r=x") &&
	      is(final.proof, "cA=="));
	CHECK_EQ(scram_final_read(span_of("c=biws,r=x,e=1,f=p=2,p=cA=="), &final), 0);
	CHECK(is(final.before, "c=biws,r=x,e=1,f=p=2"));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_EQ(scram_final_read(span_of(bad[i]), &final), -1);
}

int
main(void)
{
	test_first();
	test_first_bad();
	test_final();
	return check_end();
}
