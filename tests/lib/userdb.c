/* The values of both databases, octet by octet, and everything that is nearly one. */
#include "userdb.h"

#include <string.h>

#include "../check.h"

static bool
same(struct span a, const char *b)
{
	return a.len == strlen(b) && memcmp(a.p, b, a.len) == 0;
}

static void
test_user(void)
{
	static const uint8_t bytes[] = "\1\0\0\x13\x88\0\0\x13\x89\0\016/var/vmail/bob";
	struct span in = { bytes, sizeof bytes - 1 };
	struct userdb_user u = { 5000, 5001, span_of("/var/vmail/bob") }, got = { 7, 7, { NULL, 0 } };
	struct wr m;

	userdb_user_put(&m, &u);
	CHECK_EQ(wr_span(&m).len, in.len);
	CHECK(memcmp(wr_span(&m).p, bytes, in.len) == 0);
	for (size_t n = 0; n < in.len; n++)
		CHECK_EQ(userdb_user_get((struct span){ bytes, n }, &got), -1);
	CHECK_EQ(userdb_user_get((struct span){ bytes, in.len + 1 }, &got), -1);
	CHECK_EQ(got.uid, 7); /* untouched so far */
	CHECK_EQ(userdb_user_get(in, &got), 0);
	CHECK_EQ(got.uid, 5000);
	CHECK_EQ(got.gid, 5001);
	CHECK(same(got.maildrop, "/var/vmail/bob"));
}

static int
user_changed(size_t at, uint8_t to)
{
	struct userdb_user u = { 5000, 5001, span_of("/var/vmail/bob") };
	struct wr m;

	userdb_user_put(&m, &u);
	m.b[at] = to;
	return userdb_user_get(wr_span(&m), &u);
}

static void
test_user_damaged(void)
{
	uint8_t path[USERDB_MAILDROP_MAX + 1];
	struct userdb_user u = { 1, 1, { path, USERDB_MAILDROP_MAX } };
	struct wr m;

	CHECK_EQ(user_changed(0, 0), -1); /* version */
	CHECK_EQ(user_changed(0, 2), -1);
	CHECK_EQ(user_changed(9, 1), -1); /* length */
	CHECK_EQ(user_changed(10, 13), -1);
	CHECK_EQ(user_changed(11, 'v'), -1); /* not absolute */
	CHECK_EQ(user_changed(13, 0), -1);   /* a NUL */
	CHECK_EQ(user_changed(13, 'x'), 0);
	memset(path, '/', sizeof path);
	userdb_user_put(&m, &u);
	CHECK_EQ(wr_span(&m).len, USERDB_USER_MAX);
	CHECK_EQ(userdb_user_get(wr_span(&m), &u), 0);
	u.maildrop = (struct span){ path, USERDB_MAILDROP_MAX + 1 };
	userdb_user_put(&m, &u);
	CHECK_EQ(userdb_user_get(wr_span(&m), &u), -1);
	u.maildrop = span_of("");
	userdb_user_put(&m, &u);
	CHECK_EQ(userdb_user_get(wr_span(&m), &u), -1);
}

static void
test_secret(void)
{
	static const uint8_t bytes[] = "\1\1\0\4$1$x", off[] = "\1\2\0\4$1$x", nul[] = "\1\0\0\4$1\0x",
			     none[] = "\1\0\0\0";
	struct span in = { bytes, sizeof bytes - 1 };
	struct userdb_secret s = { USERDB_DISABLED, span_of("$1$x") }, got = { 7, { NULL, 0 } };
	uint8_t verifier[USERDB_VERIFIER_MAX];
	struct wr m;

	userdb_secret_put(&m, &s);
	CHECK_EQ(wr_span(&m).len, in.len);
	CHECK(memcmp(wr_span(&m).p, bytes, in.len) == 0);
	for (size_t n = 0; n < in.len; n++)
		CHECK_EQ(userdb_secret_get((struct span){ bytes, n }, &got), -1);
	CHECK_EQ(userdb_secret_get((struct span){ bytes, in.len + 1 }, &got), -1);
	CHECK_EQ(userdb_secret_get((struct span){ off, in.len }, &got), -1);
	CHECK_EQ(userdb_secret_get((struct span){ nul, in.len }, &got), -1);
	CHECK_EQ(userdb_secret_get((struct span){ none, 4 }, &got), -1);
	CHECK_EQ(got.flags, 7);
	CHECK_EQ(userdb_secret_get(in, &got), 0);
	CHECK_EQ(got.flags, USERDB_DISABLED);
	CHECK(same(got.verifier, "$1$x"));
	memset(verifier, 'v', sizeof verifier);
	s.verifier = (struct span){ verifier, sizeof verifier };
	userdb_secret_put(&m, &s);
	CHECK_EQ(wr_span(&m).len, USERDB_SECRET_MAX);
	CHECK_EQ(userdb_secret_get(wr_span(&m), &got), 0);
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

int
main(void)
{
	test_user();
	test_user_damaged();
	test_secret();
	test_schemes();
	test_argon2_cost();
	return check_end();
}
