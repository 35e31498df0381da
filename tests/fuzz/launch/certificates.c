/* POP3_TLS as any directory: what root makes of its names.  Of each entry u8 kind and a name up to NUL: a directory, or a
 * file in the one before it; the mode of a file is in the kind.  What is opened is a pair, and nobody else can read its
 * key. */
#define _GNU_SOURCE
#include "certificates.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

enum { ENTRIES = 170, LAST_FD = 190 };

static char dir[DIR_ROOM];
static int top = -1;

static void
dir_remove(void)
{
	(void)rmdir(dir);
}

static void
emptied(int fd)
{
	DIR *d = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *e;

	MUST(d != NULL);
	while ((e = readdir(d)) != NULL) {
		int inner;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || unlinkat(fd, e->d_name, 0) == 0)
			continue;
		inner = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		MUST(inner >= 0);
		emptied(inner);
		MUST(close(inner) == 0 && unlinkat(fd, e->d_name, AT_REMOVEDIR) == 0);
	}
	(void)closedir(d);
}

/* Names as they are in a directory, with the six that mean something in short. */
static bool
name_next(struct take *t, char name[260])
{
	static const char *const known[] = { "fullchain.pem",       "privkey.pem",       "ocsp.der",
					     "fullchain-ecdsa.pem", "privkey-ecdsa.pem", "ocsp-ecdsa.der" };
	size_t n = 0;

	if (t->len && t->p[0] >= 1 && t->p[0] <= 6) {
		(void)snprintf(name, 260, "%s", known[take_u8(t) - 1]);
		return true;
	}
	while (t->len && *t->p && n < 255)
		name[n++] = (char)take_u8(t);
	(void)take_u8(t);
	name[n] = '\0';
	return n && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void
directory_fill(struct take *t)
{
	int in = top;

	for (unsigned i = 0; t->len && i < ENTRIES; i++) {
		uint8_t kind = take_u8(t);
		char name[260];
		int fd;

		if (!name_next(t, name))
			continue;
		if (kind & 1) {
			if (mkdirat(top, name, 0700))
				continue;
			if (in != top)
				(void)close(in);
			in = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			MUST(in >= 0);
		} else if (kind & 2) {
			if (mkfifoat(in, name, 0600))
				continue;
		} else {
			fd = openat(in, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
			MUST(fd < 0 || (fchmod(fd, kind & 4 ? 0644 : kind & 8 ? 0640 : 0600) == 0 && close(fd) == 0));
		}
	}
	if (in != top)
		(void)close(in);
}

static void
opened_check(const struct certificates *c)
{
	struct stat st;

	MUST(c->count <= KEYS_MAX && c->public_count <= 1 + 2 * KEYS_MAX && c->public_count >= c->count);
	for (unsigned i = 0; i < c->count; i++) {
		MUST(c->name[i][0] && !strchr(c->name[i], ':') && !strchr(c->name[i], '/'));
		MUST(fstat(c->key[i], &st) == 0 && S_ISREG(st.st_mode) && !(st.st_mode & 07));
		MUST(fstat(c->chain[i], &st) == 0 && S_ISREG(st.st_mode));
		MUST(i == 0 || strcmp(c->name[i - 1], "default") == 0 || strcmp(c->name[i - 1], c->name[i]) <= 0);
	}
	for (unsigned i = 1; i < c->public_count; i++)
		MUST(c->public_files[i - 1] < c->public_files[i]);
}

/* It is the same while nothing changes, and another when a file comes that is served. */
static void
mark_check(const char *authorities)
{
	uint64_t mark = certificates_mark(dir, authorities);
	int fd = openat(top, "ocsp-ecdsa.der", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0) {
		MUST(certificates_mark(dir, authorities) == mark);
		return;
	}
	MUST(close(fd) == 0 && certificates_mark(dir, authorities) != mark);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct certificates c;
	struct take t = { data, size };
	uint8_t how = take_u8(&t);
	char authorities[DIR_ROOM + 20];

	if (top < 0) {
		int fd;

		dir_temporary(dir, "certificates");
		(void)atexit(dir_remove);
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		top = fcntl(fd, F_DUPFD_CLOEXEC, LAST_FD + 1);
		MUST(fd >= 0 && top > LAST_FD && close(fd) == 0);
	}
	directory_fill(&t);
	memset(&c, 0, sizeof c);
	(void)snprintf(authorities, sizeof authorities, "%s", how & 1 ? "any" : "-");
	if (how & 2)
		(void)snprintf(authorities, sizeof authorities, "%s/%s", dir, how & 4 ? "fullchain.pem" : "none");
	if (!REFUSED_IS_FINE()) {
		certificates_open(&c, dir, authorities);
		opened_check(&c);
		certificates_close(&c);
	}
	(void)syscall(SYS_close_range, 3, LAST_FD, 0); /* who refuses closes nothing */
	mark_check(authorities);
	emptied(top);
	return 0;
}
