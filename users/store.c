#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compile.h"
#include "issuerfile.h"
#include "tell.h"

enum { TEXT_MAX = 1 << 28 };

/* Where the text really is: a link to it stays a link. */
static int
path_split(struct store *s, const char *path)
{
	char *real = realpath(path, NULL);
	const char *p = real ? real : path, *slash = strrchr(p, '/');
	struct span name = span_of(slash ? slash + 1 : p);
	struct span directory = { (const uint8_t *)p, slash ? (size_t)(slash - p) : 0 };
	int r = 0;

	if (slash == NULL)
		directory = span_of(".");
	else if (slash == p)
		directory = span_of("/");
	/* ".lock" and ".new" are put behind it. */
	if (name.len == 0 || name.len > 250 || span_copy(name, s->name, sizeof s->name) ||
	    span_copy(directory, s->directory, sizeof s->directory))
		r = tell(EXIT_USAGE, "%s is not the name of a file", path);
	free(real);
	return r;
}

/* The lock is on a file of its own: the text itself is replaced while it is held. */
static int
lock_take(struct store *s)
{
	char path[FRESH_PATH_MAX + 300];

	(void)snprintf(path, sizeof path, "%s/%s.lock", s->directory, s->name); /* fits, by the sizes of its parts */
	s->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return tell(EXIT_SYSTEM, "cannot open %s: %s", path, strerror(errno));
	while (flock(s->lock, LOCK_EX))
		if (errno != EINTR)
			return tell(EXIT_SYSTEM, "cannot lock %s: %s", path, strerror(errno));
	return 0;
}

static int
text_read(struct store *s, int fd)
{
	struct stat st;
	uint8_t *text;
	size_t len = 0;
	ssize_t n;

	if (fstat(fd, &st))
		return tell(EXIT_SYSTEM, "cannot look at %s: %s", s->file.path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > TEXT_MAX)
		return tell(EXIT_USAGE, "%s is not a regular file of at most 256 MiB", s->file.path);
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL)
		return tell(EXIT_SYSTEM, "cannot read %s: out of memory", s->file.path);
	s->file.text.p = text;
	while ((n = read(fd, text + len, (size_t)st.st_size + 1 - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return tell(EXIT_SYSTEM, "cannot read %s: %s", s->file.path, strerror(errno));
		len += n > 0 ? (size_t)n : 0;
		if (len > (size_t)st.st_size)
			return tell(EXIT_SYSTEM, "%s grows while it is read; try again", s->file.path);
	}
	s->file.text.len = len;
	return 0;
}

static int
text_open(struct store *s, enum store_mode mode)
{
	int fd = open(s->file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r = 0;

	if (fd >= 0) {
		r = text_read(s, fd);
		(void)close(fd); /* only read from */
		return r;
	}
	if (errno == ENOENT && (mode == STORE_CREATE || mode == STORE_READ_OR_EMPTY))
		return 0;
	if (errno == ENOENT)
		return tell(EXIT_USAGE, "there is no %s; make the first user with sallyport-user add", s->file.path);
	return tell(EXIT_SYSTEM, "cannot open %s: %s", s->file.path, strerror(errno));
}

int
store_open(struct store *s, const char *path, const char *data, enum store_mode mode)
{
	int r;

	*s = (struct store){ .data = data, .lock = -1, .file = { .path = path } };
	if ((r = path_split(s, path)) || (mode != STORE_READ && mode != STORE_READ_OR_EMPTY && (r = lock_take(s))) ||
	    (r = text_open(s, mode)))
		return r;
	if (userfile_parse(&s->file, stderr) == 0)
		return 0;
	if (s->file.errors == 0)
		return tell(EXIT_SYSTEM, "cannot read %s: out of memory", path);
	return tell(EXIT_USAGE, "%zu error%s in %s; nothing was changed", s->file.errors,
		    s->file.errors == 1 ? "" : "s", path);
}

/* All take their places.  A signal strikes before the first or after the last: a user who is disabled in the text and
 * not in the database is one whom nobody looks for. */
static int
places_take(struct store *s, struct fresh *text, bool with_text, struct compiled *c)
{
	static const int held[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	sigset_t hold, before;
	int r;

	(void)sigemptyset(&hold); /* none of these can fail with valid signals */
	for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
		(void)sigaddset(&hold, held[i]);
	(void)sigprocmask(SIG_BLOCK, &hold, &before);
	r = with_text ? fresh_rename(text) : 0;
	if (r == 0 && (r = compile_rename(c)) != 0)
		(void)tell(r, "the databases in %s may be older than %s; run sallyport-user compile", s->data,
			   s->file.path);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* Both databases from f, and text (if there is any) before them.  Nothing takes its place before all are whole. */
static int
databases_put(struct store *s, const struct userfile *f, bool with_text)
{
	struct fresh text = { .fd = -1 };
	struct compiled c;
	int r = compile_make(&c, f, s->data);

	if (r)
		return r;
	if (!with_text ||
	    ((r = fresh_begin(&text, s->directory, s->name)) == 0 &&
	     (r = fresh_write(&text, (const char *)f->text.p, f->text.len)) == 0 && (r = fresh_finish(&text)) == 0))
		r = places_take(s, &text, with_text, &c);
	if (r) {
		fresh_abandon(&text);
		compile_abandon(&c);
	}
	return r;
}

static int
all_put(struct store *s, struct userfile *f, bool with_text)
{
	static struct issuerfile issuers;
	int r = issuerfile_read(&issuers, s->directory, NULL);

	f->issuers = &issuers.issuers;
	if (r == 0)
		r = databases_put(s, f, with_text);
	f->issuers = NULL;
	issuerfile_free(&issuers);
	return r;
}

/* Whatever we write has mode 0600; an editor may have changed that. */
static void
mode_check(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)))
		(void)tell(0, "caution: others can use %s, which has verifiers in it; run chmod 600 %s", path, path);
}

int
store_put(struct store *s, const char *text, size_t len)
{
	struct userfile f = { .path = s->file.path, .text = { (const uint8_t *)text, len } };
	int r;

	if (text == NULL) {
		mode_check(s->file.path);
		return all_put(s, &s->file, false);
	}
	if (userfile_parse(&f, stderr))
		r = f.errors ? tell(EXIT_USAGE, "nothing was changed") : tell(EXIT_SYSTEM, "out of memory");
	else
		r = all_put(s, &f, true);
	userfile_free(&f);
	return r;
}

void
store_close(struct store *s)
{
	userfile_free(&s->file);
	free((void *)(uintptr_t)s->file.text.p);
	s->file.text = (struct span){ NULL, 0 };
	if (s->lock >= 0)
		(void)close(s->lock); /* which unlocks */
	s->lock = -1;
}
