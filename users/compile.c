#define _GNU_SOURCE
#include "compile.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash.h"
#include "tell.h"
#include "userdb.h"

/* How much of a verifier says its scheme and cost, so that equal beginnings mean equal work. */
static size_t
cost_length(struct span v)
{
	const struct userdb_scheme *scheme = userdb_scheme_of(v);
	size_t dollars = 2, n = 0;

	if (strcmp(scheme->prefix, "$7$") == 0)
		return v.len < 14 ? v.len : 14; /* "$7$", then N, r and p as 1, 5 and 5 letters */
	if (scheme->argon2)
		dollars = 4;
	else if (scheme->prefix[1] == '2' || strstr(scheme->prefix, "y$"))
		dollars = 3;
	else if (v.len > 10 && memcmp(v.p + 3, "rounds=", 7) == 0)
		dollars = 3;
	while (n < v.len && dollars)
		dollars -= v.p[n++] == '$';
	return n;
}

enum { KINDS_MAX = 64 }; /* more kinds than this in one file are not counted */

struct span
compile_usual(const struct userfile *f)
{
	struct {
		struct span verifier;
		size_t length, users;
	} kinds[KINDS_MAX];
	size_t count = 0, best = 0;

	for (size_t i = 0; i < f->count; i++) {
		struct span v = f->users[i].verifier;
		size_t length = cost_length(v), k = 0;

		while (k < count && (kinds[k].length != length || memcmp(kinds[k].verifier.p, v.p, length)))
			k++;
		if (k == KINDS_MAX)
			continue;
		if (k == count) {
			kinds[k].verifier = v;
			kinds[k].length = length;
			kinds[count++].users = 0;
		}
		kinds[k].users++;
		if (kinds[k].users > kinds[best].users)
			best = k;
	}
	return count ? kinds[best].verifier : (struct span){ NULL, 0 };
}

static int
cdb_add(struct cdb_make *cdb, struct span key, const struct wr *value)
{
	struct span v = wr_span(value);

	if (v.len == 0)
		return -1;
	return cdb_make_add(cdb, key.p, (unsigned)key.len, v.p, (unsigned)v.len);
}

static int
users_fill(struct cdb_make *cdb, const struct userfile *f)
{
	struct wr m;

	for (size_t i = 0; i < f->count; i++) {
		const struct user *u = &f->users[i];

		userdb_user_put(&m, &(struct userdb_user){ u->uid_number, u->gid_number, u->maildrop });
		if (cdb_add(cdb, u->name, &m))
			return -1;
	}
	return 0;
}

static int
secrets_fill(struct cdb_make *cdb, const struct userfile *f)
{
	char decoy[USERDB_VERIFIER_MAX + 1];
	struct wr m;

	if (hash_decoy(compile_usual(f), decoy))
		return -1;
	userdb_secret_put(&m, &(struct userdb_secret){ 0, span_of(decoy) });
	if (cdb_add(cdb, span_of(""), &m))
		return -1;
	for (size_t i = 0; i < f->count; i++) {
		const struct user *u = &f->users[i];
		uint8_t flags = u->disabled ? USERDB_DISABLED : 0;

		userdb_secret_put(&m, &(struct userdb_secret){ flags, u->verifier });
		if (cdb_add(cdb, u->name, &m))
			return -1;
	}
	return 0;
}

static int
database_make(struct fresh *file, const struct userfile *f, const char *data, const char *name,
	      int (*fill)(struct cdb_make *, const struct userfile *))
{
	struct cdb_make cdb;
	int r = fresh_begin(file, data, name);

	if (r)
		return r;
	if (cdb_make_start(&cdb, file->fd))
		return tell(EXIT_SYSTEM, "cannot write %s: %s", file->temporary, strerror(errno));
	r = fill(&cdb, f);
	/* cdb_make_finish also frees what cdb_make_start took, so it is called in any case. */
	if (cdb_make_finish(&cdb) || r)
		return tell(EXIT_SYSTEM, "cannot write %s: %s", file->temporary, strerror(errno ? errno : ENOMEM));
	return fresh_finish(file);
}

/* authd locks bytes of it; it stays empty, and is never replaced: that would forget the locks. */
static int
slots_make(const char *data)
{
	char path[FRESH_PATH_MAX];
	struct stat st;
	int fd, bad;

	if ((size_t)snprintf(path, sizeof path, "%s/slots", data) >= sizeof path)
		return tell(EXIT_USAGE, "the name of %s is too long", data);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? 0 : tell(EXIT_SYSTEM, "cannot create %s: %s", path, strerror(errno));
	bad = geteuid() == 0 && (stat(data, &st) || fchown(fd, st.st_uid, st.st_gid));
	(void)close(fd); /* nothing was written */
	return bad ? tell(EXIT_SYSTEM, "cannot change the owner of %s: %s", path, strerror(errno)) : 0;
}

int
compile_make(struct compiled *c, const struct userfile *f, const char *data)
{
	int r;

	c->secrets.fd = c->users.fd = -1;
	if ((r = database_make(&c->secrets, f, data, "secrets.cdb", secrets_fill)) ||
	    (r = database_make(&c->users, f, data, "users.cdb", users_fill)) || (r = slots_make(data)))
		compile_abandon(c);
	return r;
}

int
compile_rename(struct compiled *c)
{
	int r = fresh_rename(&c->secrets);

	if (r == 0)
		r = fresh_rename(&c->users);
	compile_abandon(c);
	return r;
}

void
compile_abandon(struct compiled *c)
{
	fresh_abandon(&c->secrets);
	fresh_abandon(&c->users);
}
