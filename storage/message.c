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
#include "double.h"
#include "sandbox.h"

/* So that the octets of all messages have a sum. */
#define OCTETS_NAMED_MAX ((1ULL << 39) - 1)

/* The only way that this room's system call table allows. */
static int
file_open(const struct maildir *d, const struct message *m)
{
	int fd;

	do
		fd = (int)syscall(SYS_openat, d->sub[m->where], message_name(&d->list, m), OPEN_MESSAGE);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* What a name that has changed, or whose file has gone, makes of a system call; the second over NFS. */
static bool
is_gone(int error)
{
	return error == ENOENT || error == ESTALE;
}

static int64_t
change_time(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* Of a message that is believed, all that is known is what its directory told of it, and some tell other inodes than
 * fstat does: those of overlayfs, of file systems in user space.  There, as long as the directory still tells what it told,
 * nobody has put another message into its place.  Once that is known of a Maildir, a name has to do: to read the
 * directory for each of many messages would take for ever. */
static bool
is_believed(struct maildir *d, const struct message *m, const struct stat *st)
{
	if (st->st_ino == m->inode || d->inodes_vary)
		return true;
	d->inodes_vary = maildir_tells_same(d, m);
	return d->inodes_vary;
}

static bool
is_measured(struct maildir *d, const struct message *m, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || !m->measured)
		return false;
	if (m->believed)
		return is_believed(d, m, st);
	return st->st_ino == m->inode && (uint64_t)st->st_size == m->size && change_time(st) == m->changed;
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

static void
identity_take(struct message *m, const struct stat *st)
{
	m->inode = st->st_ino;
	m->size = (uint64_t)st->st_size;
	m->changed = change_time(st);
}

/* Through fd, or -1.  Returns 0, or -1 with errno; is_gone tells whether its name has changed or it has gone. */
static int
message_measure(struct maildir *d, struct message *m, int fd)
{
	struct stat st;
	int error = 0;

	if (fd < 0)
		fd = file_open(d, m);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st)) {
		error = errno;
	} else if (!S_ISREG(st.st_mode)) {
		error = EINVAL;
	} else {
		identity_take(m, &st);
		if (octets_count(fd, m->size, &m->octets))
			error = errno;
		d->counted++;
		d->counted_bytes += m->size;
		m->measured = error == 0;
	}
	(void)close(fd); /* only read from */
	errno = error;
	return error ? -1 : 0;
}

/* What is not shown still has its name: by its age it is found out whether another message may have that too.  What
 * cannot even be looked at counts as old as can be. */
static int
hidden_measure(const struct maildir *d, struct message *m)
{
	struct stat st;

	m->measured = true;
	if (fstatat(d->sub[m->where], message_name(&d->list, m), &st, AT_SYMLINK_NOFOLLOW) == 0) {
		identity_take(m, &st);
		m->measured = S_ISREG(st.st_mode);
	} else if (is_gone(errno)) {
		m->measured = false;
		return -1;
	}
	return 0;
}

static void
skip_log(const struct maildir *d, const struct message *m)
{
	warn("cannot read message %s/%s, it is left out: %s", m->where == NEW ? "new" : "cur",
	     message_name(&d->list, m), strerror(errno));
}

/* The octets that a deliverer wrote into the name, ",W=NUMBER" before the colon; false if it did not, or such a number
 * as no message has. */
static bool
octets_named(struct span base, uint64_t *octets)
{
	enum { WORD = 3 };
	const uint8_t *at = base.p, *end = base.p + base.len;

	while ((at = memchr(at, ',', (size_t)(end - at))) != NULL) {
		struct span rest = { at + WORD, 0 };

		if (end - at <= WORD)
			return false;
		if (at++[1] != 'W' || at[1] != '=')
			continue;
		while (rest.p + rest.len < end && rest.p[rest.len] != ',')
			rest.len++;
		return span_number(rest, OCTETS_NAMED_MAX, octets) == 0;
	}
	return false;
}

/* Names that others have too are counted: what tells such messages apart is not in the directory. */
static bool
message_believe(struct maildir *d, struct message *m)
{
	const struct list *l = &d->list;
	size_t i = (size_t)(m - l->m);

	if (!d->trusting || !m->regular || m->base_len > UID_MAX || !octets_named(message_base(l, m), &m->octets) ||
	    (i && message_same_base(l, m - 1, m)) || (i + 1 < l->n && message_same_base(l, m, m + 1)))
		return false;
	m->measured = m->believed = true;
	d->believed++;
	return true;
}

/* The messages that are measured next are open already, and the disk has been asked for all of them together. */
enum { AHEAD = 32, AHEAD_BYTES = 1 << 20 };
struct ahead {
	size_t next; /* message */
	int fd[AHEAD];
};

/* Open what comes behind message i, and return what is open of it, or -1: then it is opened in its turn. */
static int
ahead_take(struct ahead *a, struct maildir *d, size_t i)
{
	for (; a->next < d->list.n && a->next < i + AHEAD; a->next++) {
		struct message *m = &d->list.m[a->next];
		int *fd = &a->fd[a->next % AHEAD];

		*fd = -1;
		if (m->measured || m->missing || m->hidden || message_believe(d, m))
			continue;
		*fd = file_open(d, m);
		if (*fd >= 0)
			(void)posix_fadvise(*fd, 0, AHEAD_BYTES, POSIX_FADV_WILLNEED); /* advice */
	}
	return a->fd[i % AHEAD];
}

static void
ahead_end(const struct ahead *a, size_t i)
{
	for (; i < a->next; i++)
		if (a->fd[i % AHEAD] >= 0)
			(void)close(a->fd[i % AHEAD]); /* nothing was read */
}

/* Returns 0, or -1 with errno: one for which is_gone, or one that the next message would meet too. */
static int
message_look(struct maildir *d, struct message *m, int fd)
{
	if (!m->hidden) {
		if (message_measure(d, m, fd) == 0)
			return 0;
		if (is_gone(errno) || errno == ENOMEM || errno == EMFILE || errno == ENFILE)
			return -1;
		skip_log(d, m);
		m->hidden = true;
		d->incomplete = true;
	}
	return hidden_measure(d, m);
}

/* Look at all that are neither measured nor missing.  Returns how many have vanished from under their names, or -1 with
 * errno when nothing can be measured now. */
static int64_t
list_measure(struct maildir *d)
{
	struct ahead ahead = { .next = 0 };
	int64_t vanished = 0;

	for (size_t i = 0; i < d->list.n; i++) {
		struct message *m = &d->list.m[i];
		int fd = ahead_take(&ahead, d, i);

		if (m->measured || m->missing || message_look(d, m, fd) == 0)
			continue;
		if (!is_gone(errno)) {
			ahead_end(&ahead, i + 1);
			return -1;
		}
		vanished++;
	}
	return vanished;
}

/* Keep what was measured, each once. */
static void
list_tidy(struct list *l)
{
	size_t kept = 0;

	list_sort(l);
	for (size_t i = 0; i < l->n; i++) {
		/* Seen in new and, a moment later, in cur: one message. */
		bool again =
		    kept && l->m[kept - 1].inode == l->m[i].inode && message_same_base(l, &l->m[kept - 1], &l->m[i]);

		if (l->m[i].measured && !again)
			l->m[kept++] = l->m[i];
	}
	l->n = kept;
}

int
messages_measure(struct maildir *d)
{
	struct list *l = &d->list;
	int64_t vanished = list_measure(d);
	size_t kept = 0;

	/* Renamed since it was listed, or gone: only those are looked for again. */
	for (int times = 0; vanished > 0 && times < RENAMES; times++)
		vanished = maildir_refresh(d) ? -1 : list_measure(d);
	if (vanished < 0)
		return -1;
	d->incomplete |= vanished > 0;
	list_tidy(l);
	doubles_part(d);
	for (size_t i = 0; i < l->n; i++)
		if (!l->m[i].hidden)
			l->m[kept++] = l->m[i];
	l->n = kept;
	return 0;
}

/* What was believed is counted before it is handed over: nothing is sent that LIST does not say.  Returns 0, or -1 and
 * why. */
static int
believed_verify(struct maildir *d, struct message *m, int fd, const struct stat *st, enum gone *why)
{
	uint64_t octets;

	if (octets_count(fd, (uint64_t)st->st_size, &octets)) {
		*why = GONE_FAILED;
		return -1;
	}
	if (octets == m->octets) {
		identity_take(m, st);
		m->believed = false;
		return 0;
	}
	warn("the name of message %s/%s tells %llu octets, and it has %llu: names in this Maildir are not believed any "
	     "more",
	     m->where == NEW ? "new" : "cur", message_name(&d->list, m), (unsigned long long)m->octets,
	     (unsigned long long)octets);
	if (index_distrust(d))
		warn("cannot make the file " DISTRUST_NAME ", so the next session believes them again: %s",
		     strerror(errno));
	index_remove(d);
	*why = GONE_CHANGED;
	return -1;
}

int
message_open(struct maildir *d, size_t i, enum gone *why)
{
	struct message *m = &d->list.m[i];
	struct stat st;
	int fd;

	if (index_message(d, i)) {
		*why = GONE_FAILED;
		return -1;
	}
	for (int times = 0;; times++) {
		fd = file_open(d, m);
		if (fd >= 0 || !is_gone(errno) || times == RENAMES)
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
	if (fstat(fd, &st) == 0 && is_measured(d, m, &st)) {
		if (!m->believed || believed_verify(d, m, fd, &st, why) == 0)
			return fd;
		(void)close(fd); /* only read from */
		return -1;
	}
	(void)close(fd); /* only looked at */
	/* It was changed in place, which no directory tells: the next session must measure again. */
	index_remove(d);
	*why = GONE_CHANGED;
	return -1;
}

int
message_remove(struct maildir *d, size_t i)
{
	struct message *m = &d->list.m[i];
	struct stat st;

	if (index_message(d, i))
		return -1;
	m->linked = false;
	for (int times = 0; times <= RENAMES; times++) {
		const char *name = message_name(&d->list, m);

		if (m->missing)
			return 0;
		if (fstatat(d->sub[m->where], name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			/* Another program put another message into its place: that one nobody has asked to remove. */
			if (!is_measured(d, m, &st)) {
				errno = EEXIST;
				return -1;
			}
			if (unlinkat(d->sub[m->where], name, 0) == 0) {
				m->linked = st.st_nlink > 1;
				return 0;
			}
		}
		if (errno == EINTR)
			continue;
		if (!is_gone(errno) || maildir_refresh(d))
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

	if (index_message(d, i))
		return -1;
	for (int times = 0; times <= RENAMES; times++) {
		const char *name = message_name(&d->list, m);

		if (m->missing || m->where != NEW)
			return 0;

		/* Flags that it has in new already, where it should have none, stay. */
		if (snprintf(to, sizeof to, "%s%s", name, name[m->base_len] ? "" : ":2,") >= (int)sizeof to) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (maildir_rename(d, NEW, name, CUR, to) == 0)
			return 0;
		if (errno != EINTR && (!is_gone(errno) || maildir_refresh(d)))
			return -1;
	}
	errno = EBUSY;
	return -1;
}
