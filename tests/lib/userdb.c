/* The values of users.cdb, octet by octet, and everything that is nearly one. */
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

int
main(void)
{
	test_user();
	test_user_damaged();
	return check_end();
}
