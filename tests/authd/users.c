/* Names in a database made by libcdb, and databases that are not quite one. */
#define _GNU_SOURCE
#include "users.h"

#include <cdb.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../check.h"

static void
secret_add(struct cdb_make *cdb, const char *name, uint8_t flags, const char *verifier)
{
	struct wr m;

	userdb_secret_put(&m, &(struct userdb_secret){ flags, 1, { { .mechanisms = 1, .hash = span_of(verifier) } } });
	CHECK_EQ(cdb_make_add(cdb, name, (unsigned)strlen(name), wr_span(&m).p, (unsigned)wr_span(&m).len), 0);
}

/* A database without a name in the file system. */
static int
database(bool decoy, bool server, off_t cut)
{
	static const uint8_t secret[USERDB_SERVER_BYTES] = "thirty-two octets of the server";
	struct wr m;

	char path[] = "/tmp/test-users-XXXXXX";
	static uint8_t large[USERDB_SECRET_MAX + 1] = { 2 };
	struct cdb_make cdb;
	int fd = mkstemp(path);

	(void)unlink(path);
	CHECK_EQ(cdb_make_start(&cdb, fd), 0);
	if (decoy)
		secret_add(&cdb, "", 0, "$decoy");
	userdb_server_put(&m, secret);
	if (server)
		CHECK_EQ(cdb_make_add(&cdb, "", 1, m.b, (unsigned)m.len), 0); /* the key of one NUL */
	secret_add(&cdb, "bob", 0, "$bob");
	secret_add(&cdb, "eve", USERDB_DISABLED, "$eve");
	CHECK_EQ(cdb_make_add(&cdb, "damaged", 7, "\1\0\0\1x", 5), 0);
	CHECK_EQ(cdb_make_add(&cdb, "large", 5, large, sizeof large), 0);
	CHECK_EQ(cdb_make_finish(&cdb), 0);
	if (cut)
		CHECK_EQ(ftruncate(fd, cut), 0);
	return fd;
}

static enum users_result
find(int fd, const char *name, struct secret *s, struct users *found)
{
	enum users_result r = users_find(fd, span_of(name), s, found);

	CHECK_EQ(fcntl(fd, F_GETFD), -1); /* closed, whatever the outcome */
	return r;
}

static bool
is(const struct users *found, uint8_t flags, const char *verifier)
{
	struct span hash = found->user.verifiers[0].hash;

	return found->user.flags == flags && found->user.count == 1 && hash.len == strlen(verifier) &&
	       memcmp(hash.p, verifier, hash.len) == 0;
}

int
main(void)
{
	static struct secret s;
	static struct users found;

	CHECK_EQ(find(database(true, true, 0), "bob", &s, &found), USERS_KNOWN);
	CHECK(is(&found, 0, "$bob"));
	CHECK(found.user.verifiers[0].hash.p > s.value && found.user.verifiers[0].hash.p < s.value + sizeof s.value);
	CHECK(found.decoy.verifiers[0].hash.len == 6 && memcmp(found.decoy.verifiers[0].hash.p, "$decoy", 6) == 0);
	CHECK(memcmp(s.server, "thirty-two octets of the server", USERDB_SERVER_BYTES) == 0);
	CHECK_EQ(find(database(true, true, 0), "eve", &s, &found), USERS_KNOWN);
	CHECK(is(&found, USERDB_DISABLED, "$eve"));
	CHECK_EQ(find(database(true, true, 0), "Bob", &s, &found), USERS_UNKNOWN);
	CHECK(is(&found, 0, "$decoy"));
	CHECK_EQ(find(database(true, true, 0), "bobb", &s, &found), USERS_UNKNOWN);
	CHECK_EQ(find(database(true, true, 0), "damaged", &s, &found), USERS_DAMAGED);
	CHECK_EQ(find(database(true, true, 0), "large", &s, &found), USERS_DAMAGED);
	CHECK_EQ(find(database(false, true, 0), "bob", &s, &found), USERS_DAMAGED);
	CHECK_EQ(find(database(false, true, 0), "nobody", &s, &found), USERS_DAMAGED);
	CHECK_EQ(find(database(true, false, 0), "bob", &s, &found), USERS_DAMAGED);
	CHECK_EQ(find(database(true, true, 2048), "bob", &s, &found), USERS_FAILED);
	CHECK_EQ(find(database(true, true, 2060), "bob", &s, &found), USERS_FAILED);
	CHECK_EQ(find(database(true, true, 1), "bob", &s, &found), USERS_FAILED);
	CHECK_EQ(find(open("/dev/null", O_RDONLY), "bob", &s, &found), USERS_FAILED);
	CHECK_EQ(find(-1, "bob", &s, &found), USERS_FAILED);
	return check_end();
}
