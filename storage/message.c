#define _GNU_SOURCE
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crlf.h"
#include "die.h"

/* The only way that this room's system call table allows; the raw call, because some libcs add flags. */
static int
file_open(const struct maildir *d, const struct message *m)
{
	return (int)syscall(SYS_openat, d->sub[m->where], message_name(&d->list, m),
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* How often a name may change under our hands before we give up. */
enum { RENAMES = 5, NAME_ROOM = 300 };

/* Not every libc has renameat2: this is the kernel's. */
enum { NO_REPLACE = 1 };

static int64_t
change_time(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static bool
is_measured(const struct message *m, const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_ino == m->inode && (uint64_t)st->st_size == m->size &&
	       change_time(st) == m->changed;
}

static int
octets_count(int fd, uint64_t size, uint64_t *octets)
{
	static uint8_t block[1 << 16];
	struct crlf c;
	uint64_t left = size;

	crlf_start(&c);
	while (left) {
		ssize_t n = read(fd, block, left < sizeof block ? (size_t)left : sizeof block);

		if (n == 0)
			errno = EIO; /* it shrinks while we read */
		if (n == 0 || (n < 0 && errno != EINTR))
			return -1;
		if (n > 0)
			crlf_count(&c, block, (size_t)n);
		left -= n > 0 ? (uint64_t)n : 0;
	}
	(void)crlf_end(&c);
	*octets = c.octets;
	return 0;
}

/* Returns 0, or -1 with errno; ENOENT alone means that its name has changed or it has gone. */
static int
message_measure(const struct maildir *d, struct message *m)
{
	int fd = file_open(d, m), error = 0;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st)) {
		error = errno;
	} else if (!S_ISREG(st.st_mode)) {
		error = EINVAL;
	} else {
		m->inode = st.st_ino;
		m->size = (uint64_t)st.st_size;
		m->changed = change_time(&st);
		if (octets_count(fd, m->size, &m->octets))
			error = errno;
	}
	(void)close(fd); /* only read from */
	errno = error;
	return error ? -1 : 0;
}

static void
skip_log(const struct maildir *d, const struct message *m)
{
	warn("cannot read message %s/%s, it is left out: %s", m->where == NEW ? "new" : "cur",
	     message_name(&d->list, m), strerror(errno));
}

int
messages_measure(struct maildir *d, bool last_try)
{
	struct list *l = &d->list;
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct message m = l->m[i];

		if (message_measure(d, &m)) {
			if (errno == ENOENT && !last_try)
				return 1;
			if (errno == ENOMEM || errno == EMFILE || errno == ENFILE)
				return -1;
			if (errno != ENOENT)
				skip_log(d, &m);
			continue;
		}
		/* Seen in new and, a moment later, in cur: one message. */
		if (kept && l->m[kept - 1].inode == m.inode && l->m[kept - 1].base_len == m.base_len &&
		    memcmp(message_name(l, &l->m[kept - 1]), message_name(l, &m), m.base_len) == 0)
			continue;
		l->m[kept++] = m;
	}
	l->n = kept;
	return 0;
}

int
message_open(struct maildir *d, size_t i, enum gone *why)
{
	const struct message *m = &d->list.m[i];
	struct stat st;
	int fd;

	for (int times = 0;; times++) {
		fd = file_open(d, m);
		if (fd >= 0 || (errno != ENOENT && errno != ESTALE) || times == RENAMES)
			break;
		if (maildir_refresh(d))
			break;
		if (m->missing) {
			*why = GONE_REMOVED;
			return -1;
		}
	}
	if (fd < 0) {
		*why = errno == ELOOP || errno == ENXIO ? GONE_CHANGED : errno == ENOENT ? GONE_REMOVED : GONE_FAILED;
		return -1;
	}
	if (fstat(fd, &st) == 0 && is_measured(m, &st))
		return fd;
	(void)close(fd); /* only looked at */
	*why = GONE_CHANGED;
	return -1;
}

int
message_remove(struct maildir *d, size_t i)
{
	const struct message *m = &d->list.m[i];
	struct stat st;

	for (int times = 0; times <= RENAMES; times++) {
		const char *name = message_name(&d->list, m);

		if (fstatat(d->sub[m->where], name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			/* Another program put another message into its place: that one nobody has asked to remove. */
			if (!is_measured(m, &st)) {
				errno = EEXIST;
				return -1;
			}
			if (unlinkat(d->sub[m->where], name, 0) == 0)
				return 0;
		}
		if (errno != ENOENT)
			return -1;
		if (m->missing)
			return 0;
		if (maildir_refresh(d))
			return -1;
	}
	errno = EBUSY;
	return -1;
}

int
message_move(struct maildir *d, size_t i)
{
	const struct message *m = &d->list.m[i];
	char to[NAME_ROOM];

	for (int times = 0; times <= RENAMES && !m->missing && m->where == NEW; times++) {
		const char *name = message_name(&d->list, m);

		if (snprintf(to, sizeof to, "%.*s:2,", (int)m->base_len, name) >= (int)sizeof to) {
			errno = ENAMETOOLONG;
			return -1;
		}
		/* Never over another message: both would be one then. */
		if (syscall(SYS_renameat2, d->sub[NEW], name, d->sub[CUR], to, NO_REPLACE) == 0)
			return 0;
		if (errno != ENOENT || maildir_refresh(d))
			return -1;
	}
	return 0;
}
