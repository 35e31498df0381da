#define _GNU_SOURCE
#include "tables.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fresh.h"
#include "tell.h"

enum { GUESS_RECORDS = 16384 }; /* with room to spare that is 4 MiB, of which a file system stores what is used */

static int
path_of(const char *data, const char *name, char path[FRESH_PATH_MAX])
{
	if ((size_t)snprintf(path, FRESH_PATH_MAX, "%s/%s", data, name) >= FRESH_PATH_MAX)
		return tell(EXIT_USAGE, "the name of %s is too long", data);
	return 0;
}

/* A file of that many zeros, if there is none.  It is never replaced here: that would forget locks and counts. */
static int
file_make(const char *data, const char *name, uint64_t size)
{
	struct fresh file = { .fd = -1 };
	char path[FRESH_PATH_MAX];
	int r = path_of(data, name, path);

	if (r || access(path, F_OK) == 0)
		return r;
	r = fresh_begin(&file, data, name);
	if (r == 0 && ftruncate(file.fd, (off_t)size))
		r = tell(EXIT_SYSTEM, "cannot write %s: %s", path, strerror(errno));
	if (r || (r = fresh_finish(&file)) || (r = fresh_rename(&file)))
		fresh_abandon(&file);
	return r;
}

struct copy {
	const struct record_of_table *of;
};

static bool
put(struct record_of_table *r, void *with)
{
	*r = *((const struct copy *)with)->of;
	return true;
}

/* All records of the old table, in their places in a larger one. */
static int
table_copy(const struct table *old, const struct table *new)
{
	struct record_of_table r;
	int got;

	for (uint64_t i = 0; (got = table_nth(old, i, &r)) >= 0; i++) {
		struct copy copy = { &r };

		if (got && table_change(new, r.tag, put, &copy))
			return -1;
	}
	return 0;
}

/* A login in the moment of the rename is not remembered: that is all that is lost. */
static int
logins_grow(const char *data, uint64_t size, int old_fd, const uint8_t server[USERDB_SERVER_BYTES])
{
	struct fresh file = { .fd = -1 };
	struct table old, new;
	int r = fresh_begin(&file, data, "logins");

	if (r == 0 && (ftruncate(file.fd, (off_t)size) || table_open(&new, file.fd, server) ||
		       (table_open(&old, old_fd, server) == 0 && table_copy(&old, &new))))
		r = tell(EXIT_SYSTEM, "cannot write %s: %s", file.temporary, strerror(errno));
	if (r || (r = fresh_finish(&file)) || (r = fresh_rename(&file)))
		fresh_abandon(&file);
	return r;
}

static int
logins_make(const char *data, size_t users, const uint8_t server[USERDB_SERVER_BYTES])
{
	uint64_t size = table_size(users);
	char path[FRESH_PATH_MAX];
	struct stat st;
	int r = path_of(data, "logins", path), fd;

	if (r || (r = file_make(data, "logins", size)))
		return r;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		r = tell(EXIT_SYSTEM, "cannot open %s: %s", path, strerror(errno));
	else if ((uint64_t)st.st_size < size / 2) /* still half of the room to spare */
		r = logins_grow(data, size, fd, server);
	if (fd >= 0)
		(void)close(fd); /* only read from */
	return r;
}

int
tables_make(const char *data, size_t users, const uint8_t server[USERDB_SERVER_BYTES])
{
	int r = file_make(data, "slots", 0);

	if (r == 0)
		r = file_make(data, "sessions", 0);
	if (r == 0)
		r = file_make(data, "guesses", table_size(GUESS_RECORDS));
	return r ? r : logins_make(data, users, server);
}

bool
server_secret_read(const char *data, uint8_t server[USERDB_SERVER_BYTES])
{
	uint8_t value[USERDB_SERVER_BYTES + 16];
	char path[FRESH_PATH_MAX];
	unsigned len = 0;
	int fd = -1;
	bool found;

	if ((size_t)snprintf(path, sizeof path, "%s/secrets.cdb", data) < sizeof path)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	found = fd >= 0 && cdb_seek(fd, userdb_server_key.p, (unsigned)userdb_server_key.len, &len) > 0 &&
		len <= sizeof value && cdb_bread(fd, value, (int)len) == 0 &&
		userdb_server_get((struct span){ value, len }, server) == 0;
	if (fd >= 0)
		(void)close(fd); /* only read from */
	sodium_memzero(value, sizeof value);
	return found;
}

int
tables_open(const char *data, const char *name, struct table *t, uint8_t server[USERDB_SERVER_BYTES], int *fd)
{
	char path[FRESH_PATH_MAX];
	int r = path_of(data, name, path);

	*fd = -1;
	if (r)
		return r;
	if (!server_secret_read(data, server))
		return tell(EXIT_SYSTEM, "cannot read %s/secrets.cdb: run sallyport-user compile", data);
	*fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return tell(EXIT_SYSTEM, "cannot open %s: %s; run sallyport-user compile", path, strerror(errno));
	return table_open(t, *fd, server)
		   ? tell(EXIT_SYSTEM, "%s is too short: remove it, and run sallyport-user compile", path)
		   : 0;
}
