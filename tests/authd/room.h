/* room: authd without its box, for tests of whole attempts: what launch gives it, in a child. */
#ifndef ROOM_H
#define ROOM_H

#include <cdb.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../check.h"
#include "attempt.h"

static char slots_path[] = "/tmp/test-attempt-XXXXXX";
static struct span facts; /* of TLS; none */
static char mechanisms[] = "4095";
static char host[] = "-";
static char stamp[] = "<1896.697170952@dbc.mtview.ca.us>"; /* of RFC 1939 */
static uint8_t shared_key[USERDB_SHARED_KEY_BYTES + 1];    /* and how much of it is in the file */
static size_t shared_key_len = USERDB_SHARED_KEY_BYTES;

static inline int
file_of(const void *bytes, size_t len)
{
	char path[] = "/tmp/test-attempt-XXXXXX";
	int fd = mkstemp(path);

	(void)unlink(path);
	if (len)
		CHECK_EQ(write(fd, bytes, len), (ssize_t)len);
	(void)lseek(fd, 0, SEEK_SET);
	return fd;
}

static inline void
value_add(struct cdb_make *cdb, struct span name, const struct userdb_secret *s)
{
	struct wr m;

	userdb_secret_put(&m, s);
	CHECK_EQ(cdb_make_add(cdb, name.p, (unsigned)name.len, wr_span(&m).p, (unsigned)wr_span(&m).len), 0);
}

/* A secrets.cdb of what fill adds, and of a server secret of NULs. */
static inline int
database_of(void (*fill)(struct cdb_make *))
{
	static const uint8_t server[USERDB_SERVER_BYTES];
	int fd = file_of(NULL, 0);
	struct cdb_make cdb;
	struct wr m;

	CHECK_EQ(cdb_make_start(&cdb, fd), 0);
	fill(&cdb);
	userdb_server_put(&m, server);
	CHECK_EQ(cdb_make_add(&cdb, "", 1, m.b, (unsigned)m.len), 0);
	CHECK_EQ(cdb_make_finish(&cdb), 0);
	return fd;
}

/* In a child: put each descriptor where authd expects it, and read the arguments. */
static inline void
room_settle(struct attempt *a, int ctl, int verdict, int log, int secrets)
{
	char *argv[] = { "authd",   "77.1", "203.0.113.9", "192.0.2.1", "landlock", "2",   "1",   mechanisms,
			 "private", host,   "0",           "exact,-,-", "own",      "any", stamp, NULL };
	int fds[] = { log,
		      ctl,
		      secrets,
		      verdict,
		      open(slots_path, O_RDWR),
		      file_of(shared_key, shared_key_len),
		      file_of(facts.p, facts.len) };

	for (int i = 0; i < 7; i++)
		fds[i] = fcntl(fds[i], F_DUPFD, 50);
	for (int i = 0; i < 7; i++)
		(void)dup2(fds[i], FD_LOG + i);
	(void)close_range(FD_FACTS + 1, ~0U, 0);
	attempt_args(a, 15, argv);
}

/* The end of the child: nothing secret may be left. */
static inline void __attribute__((noreturn)) room_leave(const struct attempt *a)
{
	for (size_t i = 0; i < sizeof a->secret; i++)
		if (((const uint8_t *)&a->secret)[i])
			_exit(99);
	_exit(0);
}

#endif
