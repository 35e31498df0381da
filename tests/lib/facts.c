/* What is written is read again, and nothing that is one octet off. */
#include <string.h>

#include "../check.h"
#include "msg.h"

static uint8_t b[FACTS_BYTES];

static int
get(struct facts *f)
{
	return facts_get((struct span){ b, sizeof b }, f);
}

static struct facts
whole(void)
{
	struct facts f = { .flags = FACTS_EXPORTER | FACTS_CERTIFICATE, .version = 0x0304 };

	memset(f.exporter, 'e', sizeof f.exporter);
	memset(f.fingerprint, 'f', sizeof f.fingerprint);
	f.cipher = span_of("TLS_AES_256_GCM_SHA384");
	f.server_name = span_of("pop.example.org");
	f.identity = span_of("bob");
	return f;
}

static bool
is(struct span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

static void
test_round_trip(void)
{
	struct facts f = whole(), back;
	char longest[USER_MAX + 1] = "";

	facts_put(b, &f);
	CHECK_EQ(get(&back), 0);
	CHECK(back.flags == f.flags && back.version == 0x0304 && !memcmp(back.exporter, f.exporter, EXPORTER_BYTES));
	CHECK(!memcmp(back.fingerprint, f.fingerprint, FINGERPRINT_BYTES));
	CHECK(is(back.cipher, "TLS_AES_256_GCM_SHA384") && is(back.server_name, "pop.example.org"));
	CHECK(is(back.identity, "bob"));
	memset(longest, 'x', USER_MAX);
	f.server_name = f.identity = span_of(longest);
	f.cipher = (struct span){ f.identity.p, CIPHER_MAX };
	facts_put(b, &f);
	CHECK_EQ(get(&back), 0);
	CHECK(is(back.identity, longest) && is(back.server_name, longest) && back.cipher.len == CIPHER_MAX);
}

/* Each octet of the form itself: the first three, the version, and the padding. */
static void
test_text(void)
{
	struct facts f = whole();
	struct facts_text t;

	facts_text_of(&t, &f);
	CHECK(t.version == f.version && strlen(t.cipher) == f.cipher.len &&
	      strlen(t.server_name) == f.server_name.len && memcmp(t.cipher, f.cipher.p, f.cipher.len) == 0 &&
	      memcmp(t.server_name, f.server_name.p, f.server_name.len) == 0);
	CHECK(strcmp(tls_version_name(0x0303), "TLSv1.2") == 0 && strcmp(tls_version_name(0x0304), "TLSv1.3") == 0 &&
	      strcmp(tls_version_name(0x0302), "-") == 0 && strcmp(tls_version_name(0), "-") == 0);
}

static void
test_each_octet(void)
{
	struct facts f = whole(), back;
	size_t refused = 0;

	facts_put(b, &f);
	for (size_t i = 0; i < sizeof b; i++) {
		b[i] ^= 0x80;
		refused += get(&back) != 0;
		b[i] ^= 0x80;
	}
	/* Taken: 64 octets of exporter and fingerprint, 3 of the identity, which may be UTF-8. */
	CHECK_EQ(refused, FACTS_BYTES - 64 - 3);
	CHECK_EQ(facts_get((struct span){ b, sizeof b - 1 }, &back), -1);
	CHECK_EQ(facts_get((struct span){ b, 0 }, &back), -1);
}

static int
with_flags(uint8_t flags, struct facts f)
{
	struct facts back;

	f.flags = flags;
	facts_put(b, &f);
	return get(&back);
}

static void
test_flags(void)
{
	struct facts f = whole();

	CHECK_EQ(with_flags(0, f), -1);
	CHECK_EQ(with_flags(FACTS_CERTIFICATE, f), -1); /* an exporter that is none */
	CHECK_EQ(with_flags(FACTS_EXPORTER, f), -1);    /* a certificate that is none */
	memset(f.exporter, 0, sizeof f.exporter);
	CHECK_EQ(with_flags(FACTS_CERTIFICATE, f), 0);
	memset(f.fingerprint, 0, sizeof f.fingerprint);
	CHECK_EQ(with_flags(0, f), -1); /* an identity without a certificate */
	f.identity.len = 0;
	CHECK_EQ(with_flags(0, f), 0);
	f.identity = (struct span){ (const uint8_t *)"b\0b", 3 };
	CHECK_EQ(with_flags(FACTS_CERTIFICATE, f), -1);
	f.identity.len = 0;
	f.version = 0x0302;
	CHECK_EQ(with_flags(0, f), -1);
	f.version = 0x0303;
	CHECK_EQ(with_flags(0, f), 0);
	f.cipher.len = 0;
	CHECK_EQ(with_flags(0, f), -1);
}

int
main(void)
{
	test_round_trip();
	test_text();
	test_each_octet();
	test_flags();
	return check_end();
}
