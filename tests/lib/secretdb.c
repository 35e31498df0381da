/* The values of secrets.cdb, octet by octet, and everything that is nearly one. */
#include "userdb.h"

#include <string.h>

#include "../check.h"

static bool
same(struct span a, const char *b)
{
	return a.len == strlen(b) && memcmp(a.p, b, a.len) == 0;
}

static struct span
run_of(uint8_t *room, uint8_t c, size_t n)
{
	memset(room, c, n);
	return (struct span){ room, n };
}

static const uint8_t NETWORK[] = "\150\0\0\0\0\0\0\0\0\0\0\377\377\12\0\0\0"; /* 104 bits: 10.0.0.0/8 */

/* A user with a verifier of each kind. */
static void
each_kind(struct wr *m)
{
	static uint8_t salt[16], keys[4][32], nonce[24], box[20];
	struct userdb_secret s = { USERDB_DISABLED, 4, { { 0 } } };
	struct userdb_verifier *v = s.verifiers;

	v[0] =
	    (struct userdb_verifier){ .kind = USERDB_PASSWORD, .mechanisms = USERDB_BY_ALL, .hash = span_of("$1$x") };
	v[1] = (struct userdb_verifier){ .kind = USERDB_SCRAM_SHA256,
					 .mechanisms = USERDB_BY_SCRAM_SHA256,
					 .iterations = 4096,
					 .salt = run_of(salt, 's', 16),
					 .stored = run_of(keys[0], 't', 32),
					 .server = run_of(keys[1], 'u', 32) };
	v[2] = (struct userdb_verifier){ .kind = USERDB_SCRAM_SHA1,
					 .mechanisms = USERDB_BY_SCRAM_SHA1,
					 .iterations = 1 << 24,
					 .salt = run_of(salt, 's', 1),
					 .stored = run_of(keys[2], 't', 20),
					 .server = run_of(keys[3], 'u', 20) };
	v[3] = (struct userdb_verifier){ .kind = USERDB_SHARED,
					 .mechanisms = USERDB_BY_APOP,
					 .created = 7,
					 .expires = 8,
					 .label = span_of("phone"),
					 .networks = { NETWORK, 17 },
					 .nonce = run_of(nonce, 'n', 24),
					 .box = run_of(box, 'b', 20) };
	userdb_secret_put(m, &s);
}

static void
test_one(void)
{
	static const uint8_t bytes[] = "\2\1\1\0\3\377\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\0\0\4$1$x";
	struct span in = { bytes, sizeof bytes - 1 };
	struct userdb_secret s = { USERDB_DISABLED, 1, { { 0 } } }, got = { .flags = 7 };
	struct wr m;

	s.verifiers[0] = (struct userdb_verifier){ .mechanisms = USERDB_BY_ALL, .created = 7, .hash = span_of("$1$x") };
	userdb_secret_put(&m, &s);
	CHECK_EQ(wr_span(&m).len, in.len);
	CHECK(memcmp(wr_span(&m).p, bytes, in.len) == 0);
	for (size_t n = 0; n < in.len; n++)
		CHECK_EQ(userdb_secret_get((struct span){ bytes, n }, &got), -1);
	CHECK_EQ(userdb_secret_get((struct span){ bytes, in.len + 1 }, &got), -1);
	CHECK_EQ(got.flags, 7);
	CHECK_EQ(userdb_secret_get(in, &got), 0);
	CHECK_EQ(got.flags, USERDB_DISABLED);
	CHECK(got.count == 1 && got.verifiers[0].created == 7 && got.verifiers[0].expires == 0);
	CHECK(same(got.verifiers[0].hash, "$1$x"));
}

static void
test_each_kind(void)
{
	struct userdb_secret got;
	const struct userdb_verifier *v = got.verifiers;
	struct wr m;

	each_kind(&m);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), 0);
	CHECK_EQ(got.count, 4);
	CHECK(v[0].kind == USERDB_PASSWORD && same(v[0].hash, "$1$x"));
	CHECK(v[1].kind == USERDB_SCRAM_SHA256 && v[1].iterations == 4096 && v[1].salt.len == 16);
	CHECK(v[1].stored.len == 32 && v[1].stored.p[31] == 't' && v[1].server.len == 32 && v[1].server.p[0] == 'u');
	CHECK(v[2].kind == USERDB_SCRAM_SHA1 && v[2].salt.len == 1 && v[2].stored.len == 20 && v[2].server.len == 20);
	CHECK(v[3].kind == USERDB_SHARED && same(v[3].label, "phone") && v[3].nonce.len == 24 && v[3].box.len == 20);
	CHECK(v[3].created == 7 && v[3].expires == 8 && v[3].networks.len == 17);
	CHECK(userdb_main(&got, USERDB_PASSWORD) == &v[0]);
	CHECK(userdb_main(&got, USERDB_SCRAM_SHA1) == &v[2]);
	CHECK(userdb_main(&got, USERDB_SHARED) == NULL); /* it has a label */
	for (size_t n = 0; n < m.len; n++)
		CHECK_EQ(userdb_secret_get((struct span){ m.b, n }, &got), -1);
}

/* One octet of each_kind's changed. */
static int
changed(size_t at, uint8_t to)
{
	struct userdb_secret got;
	struct wr m;

	each_kind(&m);
	m.b[at] = to;
	return userdb_secret_get(wr_span(&m), &got);
}

static void
test_damaged(void)
{
	enum { FIRST = 3, SECOND = FIRST + 1 + 2 + 8 + 8 + 2 + 2 + 2 + 4 };

	CHECK_EQ(changed(0, 1), -1); /* version */
	CHECK_EQ(changed(1, 2), -1); /* an unknown flag */
	CHECK_EQ(changed(1, 0), 0);
	CHECK_EQ(changed(2, 0), -1); /* count */
	CHECK_EQ(changed(2, 3), -1);
	CHECK_EQ(changed(2, 17), -1);
	CHECK_EQ(changed(FIRST, USERDB_KIND__MAX), -1);
	CHECK_EQ(changed(FIRST + 1, 7), -1);    /* an unknown mechanism */
	CHECK_EQ(changed(FIRST + 1, 0x80), -1); /* the same */
	CHECK_EQ(changed(FIRST + 1, 0), 0);
	CHECK_EQ(changed(FIRST + 2, 1), 0);
	CHECK_EQ(changed(SECOND + 2, 0), -1);       /* none */
	CHECK_EQ(changed(SECOND - 4, 0), -1);       /* a NUL in a hash */
	CHECK_EQ(changed(SECOND + 23 + 2, 15), -1); /* iterations 3840 */
	CHECK_EQ(changed(SECOND + 23 + 0, 2), -1);  /* and more than 1 << 24 */
	CHECK_EQ(changed(SECOND + 23 + 1, 2), 0);
}

static void
test_bounds(void)
{
	static uint8_t large[600], networks[9 * 17];
	struct userdb_secret s = { .count = 1 }, got;
	struct userdb_verifier *v = &s.verifiers[0];
	struct wr m;

	*v = (struct userdb_verifier){ .mechanisms = 1, .hash = run_of(large, 'v', USERDB_VERIFIER_MAX) };
	userdb_secret_put(&m, &s);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), 0);
	v->hash.len++;
	userdb_secret_put(&m, &s);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), -1);
	v->hash = span_of("$1$x");
	v->label = (struct span){ large, USERDB_LABEL_MAX + 1 };
	userdb_secret_put(&m, &s);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), -1);
	v->label.len--;
	v->networks = (struct span){ networks, 8 * 17 };
	userdb_secret_put(&m, &s);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), 0);
	v->networks.len++;
	userdb_secret_put(&m, &s);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), -1);
	v->networks.len = 9 * 17;
	userdb_secret_put(&m, &s);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), -1);
	v->networks.len = 17;
	networks[0] = 129;
	userdb_secret_put(&m, &s);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), -1);
	/* Too much for one value is found by whoever writes it. */
	s.count = USERDB_VERIFIERS_MAX;
	for (int i = 0; i < USERDB_VERIFIERS_MAX; i++)
		s.verifiers[i] = (struct userdb_verifier){ .mechanisms = 1,
							   .label = { large, USERDB_LABEL_MAX },
							   .networks = { large, 8 * 17 },
							   .hash = { large, USERDB_VERIFIER_MAX } };
	userdb_secret_put(&m, &s);
	CHECK_EQ(wr_span(&m).len, 0);
}

static void
test_applies(void)
{
	struct userdb_verifier v = { .mechanisms = USERDB_BY_PLAIN | USERDB_BY_APOP };
	struct address in, out, six;

	CHECK(!address_read(span_of("10.9.8.7"), &in) && !address_read(span_of("11.0.0.1"), &out) &&
	      !address_read(span_of("2001:db8::1"), &six));
	CHECK(userdb_verifier_applies(&v, USERDB_BY_PLAIN, NULL, 1000));
	CHECK(!userdb_verifier_applies(&v, USERDB_BY_PASS, NULL, 1000));
	v.expires = 1000;
	CHECK(userdb_verifier_applies(&v, USERDB_BY_APOP, NULL, 999));
	CHECK(!userdb_verifier_applies(&v, USERDB_BY_APOP, NULL, 1000));
	v.networks = (struct span){ NETWORK, 17 };
	CHECK(userdb_verifier_applies(&v, USERDB_BY_APOP, &in, 999));
	CHECK(!userdb_verifier_applies(&v, USERDB_BY_APOP, &out, 999));
	CHECK(!userdb_verifier_applies(&v, USERDB_BY_APOP, &six, 999));
	CHECK(
	    !userdb_verifier_applies(&v, USERDB_BY_APOP, NULL, 999)); /* an address that nobody knows is none of them */
}

static void
test_server(void)
{
	uint8_t secret[USERDB_SERVER_BYTES], got[USERDB_SERVER_BYTES];
	struct wr m;

	memset(secret, 's', sizeof secret);
	userdb_server_put(&m, secret);
	CHECK_EQ(m.len, 1 + 2 + 32);
	CHECK(memcmp(m.b, "\2\0\40s", 4) == 0);
	CHECK_EQ(userdb_server_get(wr_span(&m), got), 0);
	CHECK(memcmp(secret, got, sizeof got) == 0);
	for (size_t n = 0; n < m.len; n++)
		CHECK_EQ(userdb_server_get((struct span){ m.b, n }, got), -1);
	m.b[0] = 1;
	CHECK_EQ(userdb_server_get(wr_span(&m), got), -1);
	CHECK(userdb_server_key.len == 1 && userdb_server_key.p[0] == 0);
}

static const char *
scheme(const char *verifier)
{
	const struct userdb_scheme *s = userdb_scheme_of(span_of(verifier));

	return s ? s->name : "none";
}

static void
test_schemes(void)
{
	CHECK(!strcmp(scheme("$argon2id$v=19$m=8,t=1,p=1$a$b"), "argon2id"));
	CHECK(!strcmp(scheme("$argon2i$v=19$m=8,t=3,p=1$a$b"), "argon2i"));
	CHECK(!strcmp(scheme("$argon2d$v=19$m=8,t=3,p=1$a$b"), "none"));
	CHECK(!strcmp(scheme("$y$j9T$x"), "yescrypt"));
	CHECK(!strcmp(scheme("$gy$j9T$x"), "gost-yescrypt"));
	CHECK(!strcmp(scheme("$7$x"), "scrypt"));
	CHECK(!strcmp(scheme("$2b$10$x"), "bcrypt"));
	CHECK(!strcmp(scheme("$2x$10$x"), "none"));
	CHECK(!strcmp(scheme("$6$x"), "sha512crypt"));
	CHECK(!strcmp(scheme("$5$x"), "sha256crypt"));
	CHECK(!strcmp(scheme("$1$x"), "md5crypt"));
	CHECK(!strcmp(scheme("$1$"), "none"));
	CHECK(!strcmp(scheme("$3$$0bc9"), "none"));
	CHECK(!strcmp(scheme("ab01FAX.bQRSU"), "none")); /* DES: eight characters */
	CHECK(!strcmp(scheme("_J9..ye0b0Y"), "none"));
	CHECK(!strcmp(scheme("open"), "none")); /* a password in clear is never a verifier */
	CHECK(!strcmp(scheme("*"), "none"));
	CHECK(!strcmp(scheme(""), "none"));
}

static void
test_argon2_cost(void)
{
	uint64_t kib = 1, passes = 2;

	CHECK_EQ(userdb_argon2_cost(span_of("$argon2id$v=19$m=19456,t=2,p=1$a$b"), &kib, &passes), 0);
	CHECK_EQ(kib, 19456);
	CHECK_EQ(passes, 2);
	CHECK_EQ(userdb_argon2_cost(span_of("$argon2id$v=19$m=1048577,t=2,p=1$a$b"), &kib, &passes), -1);
	CHECK_EQ(userdb_argon2_cost(span_of("$argon2id$v=19$m=8,t=1025,p=1$a$b"), &kib, &passes), -1);
	CHECK_EQ(userdb_argon2_cost(span_of("$argon2id$v=19$t=2,m=8,p=1$a$b"), &kib, &passes), -1);
	CHECK_EQ(userdb_argon2_cost(span_of("$argon2id$v=19$m=-8,t=1,p=1$a$b"), &kib, &passes), -1);
	CHECK_EQ(userdb_argon2_cost(span_of("$argon2id$v=19$m="), &kib, &passes), -1);
	CHECK_EQ(userdb_argon2_cost(span_of("$argon2id$v=19"), &kib, &passes), -1);
	CHECK_EQ(userdb_argon2_cost(span_of("$6$v$m=8,t=1,p=1$a"), &kib, &passes), -1);
	CHECK_EQ(kib, 19456);
}

/* Certificates: each kind has its length, and the key of an owner is no user's name. */
static void
test_certificates(void)
{
	static const char digest[] = "0123456789abcdef0123456789abcdef";
	struct userdb_secret s = { 0, 2, { { .kind = USERDB_FINGERPRINT }, { .kind = USERDB_CERTIFIED } } }, got;
	uint8_t octets[USERDB_OWNER_KEY_MAX];
	struct span key, user;
	struct wr m;

	s.verifiers[0].mechanisms = s.verifiers[1].mechanisms = USERDB_BY_EXTERNAL;
	s.verifiers[0].certificate = span_of(digest);
	s.verifiers[1].certificate = span_of("bob@example.org");
	userdb_secret_put(&m, &s);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), 0);
	CHECK(same(got.verifiers[0].certificate, digest) && same(got.verifiers[1].certificate, "bob@example.org"));
	s.verifiers[0].certificate.len--;
	userdb_secret_put(&m, &s);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), -1);
	s.verifiers[0].certificate.len++;
	s.verifiers[1].certificate = span_of("");
	userdb_secret_put(&m, &s);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), -1);
	s.verifiers[1].certificate = (struct span){ (const uint8_t *)"a\0b", 3 };
	userdb_secret_put(&m, &s);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), -1);
	key = userdb_owner_key(USERDB_FINGERPRINT, span_of(digest), octets);
	CHECK(key.len == 34 && key.p[0] == 0 && key.p[1] == USERDB_FINGERPRINT && memcmp(key.p + 2, digest, 32) == 0);
	userdb_owner_put(&m, span_of("bob"));
	CHECK(userdb_owner_get(wr_span(&m), &user) == 0 && same(user, "bob"));
	for (size_t n = 0; n < m.len; n++)
		CHECK_EQ(userdb_owner_get((struct span){ m.b, n }, &user), -1);
}

int
main(void)
{
	test_one();
	test_each_kind();
	test_damaged();
	test_bounds();
	test_applies();
	test_server();
	test_schemes();
	test_argon2_cost();
	test_certificates();
	return check_end();
}
