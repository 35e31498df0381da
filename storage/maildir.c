#define _GNU_SOURCE
#include "maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "msg.h"
#include "sandbox.h"
#include "sort.h"

enum { LOCK_PAUSE_MS = 50, READINGS = 5, ROOM_FIRST = 4096, SORT_FEW = 64, NAMES_NEAR = 1 << 16 };

#define SETTLED_NS 20000000 /* two ticks of the slowest kernel clock that directories are stamped with */

int
maildir_open(struct maildir *d, const char *path)
{
	static const char *const names[SUBDIRECTORIES] = { "new", "cur" };

	d->sub[NEW] = d->sub[CUR] = d->index.fd = -1;
	d->fd = (int)syscall(SYS_openat, AT_FDCWD, path, OPEN_MAILDIR);
	if (d->fd < 0)
		return -1;
	for (int i = 0; i < SUBDIRECTORIES; i++) {
		d->sub[i] = (int)syscall(SYS_openat, d->fd, names[i], OPEN_MAILDIR);
		if (d->sub[i] < 0)
			return -1;
	}
	return 0;
}

int
maildir_lock(const struct maildir *d, int ms)
{
	const struct timespec pause = { 0, LOCK_PAUSE_MS * 1000000 };

	/* The directory itself is the lock file: nothing has to be written, on a full or read-only disk either. */
	while (flock(d->fd, LOCK_EX | LOCK_NB)) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || ms <= 0)
			return -1;
		(void)ppoll(NULL, 0, &pause, NULL); /* a shorter pause does no harm */
		ms -= LOCK_PAUSE_MS;
	}
	return 0;
}

const char *
message_name(const struct list *l, const struct message *m)
{
	return l->names + m->name;
}

struct span
message_base(const struct list *l, const struct message *m)
{
	return (struct span){ (const uint8_t *)l->names + m->name, m->base_len };
}

int
list_compare(const struct list *la, const struct message *a, const struct list *lb, const struct message *b)
{
	size_t len = a->base_len < b->base_len ? a->base_len : b->base_len;
	int c;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	c = memcmp(la->names + a->name, lb->names + b->name, len);
	return c ? c : (int)a->base_len - (int)b->base_len;
}

bool
message_same_base(const struct list *l, const struct message *a, const struct message *b)
{
	return list_compare(l, a, l, b) == 0;
}

void
list_free(struct list *l)
{
	memory_free(l->m, l->room, sizeof *l->m);
	memory_free(l->names, l->names_room, 1);
	*l = (struct list){ 0 };
}

static int
room_for(void **p, size_t *room, size_t need, size_t each)
{
	size_t more = *room ? *room * 2 : ROOM_FIRST;
	void *q;

	if (need <= *room)
		return 0;
	while (more < need)
		more *= 2;
	q = memory_grow(*p, *room, more, each);
	if (q == NULL)
		return -1;
	*p = q;
	*room = more;
	return 0;
}

static int
name_add(struct list *l, const char *name, size_t *at)
{
	size_t len = strlen(name) + 1;
	void *names = l->names;

	if (room_for(&names, &l->names_room, l->names_len + len, 1))
		return -1;
	l->names = names;
	memcpy(l->names + l->names_len, name, len); /* NOLINT: room_for has made room */
	*at = l->names_len;
	l->names_len += len;
	return 0;
}

uint64_t
message_time(const char *name)
{
	uint64_t t = 0;

	for (int i = 0; i < 18 && name[i] >= '0' && name[i] <= '9'; i++)
		t = t * 10 + (uint64_t)(name[i] - '0');
	return t;
}

/* Is name in ":2," form with the flag T? */
static bool
is_trashed(const char *info)
{
	return strncmp(info, ":2,", 3) == 0 && strchr(info + 3, 'T') != NULL;
}

static int
entry_add(struct list *l, uint8_t where, const struct dirent64 *e)
{
	size_t base = strcspn(e->d_name, ":");
	struct message m = {
		.base_len = (uint16_t)base, .where = where, .inode = e->d_ino, .regular = e->d_type == DT_REG
	};
	void *list = l->m;

	if (e->d_name[0] == '.' || base == 0)
		return 0;
	if (e->d_type != DT_REG && e->d_type != DT_UNKNOWN)
		return 0;
	if (l->n >= MESSAGES_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	m.time = message_time(e->d_name);
	m.hidden = is_trashed(e->d_name + base);
	if (name_add(l, e->d_name, &m.name) || room_for(&list, &l->room, l->n + 1, sizeof m))
		return -1;
	l->m = list;
	l->m[l->n++] = m; /* NOLINT: room_for has made room */
	return 0;
}

/* getdents64 itself: libc's readdir allocates, and tells no more. */
static int
directory_read(int fd, uint8_t where, struct list *l)
{
	static _Alignas(struct dirent64) char b[1 << 16];
	long n;

	if (lseek(fd, 0, SEEK_SET))
		return -1;
	while ((n = syscall(SYS_getdents64, fd, b, sizeof b)) > 0)
		for (long at = 0; at < n;) {
			const struct dirent64 *e = (const struct dirent64 *)(const void *)(b + at);

			if (entry_add(l, where, e))
				return -1;
			at += e->d_reclen;
		}
	/* ENOENT: the directory itself has been removed. */
	return n < 0 && errno != ENOENT ? -1 : 0;
}

static int
message_compare(const void *va, const void *vb, const void *list)
{
	const struct message *a = va, *b = vb;
	const struct list *l = list;
	int c = list_compare(l, a, l, b);

	if (c == 0 && a->changed != b->changed)
		c = a->changed < b->changed ? -1 : 1;
	if (c == 0 && a->inode != b->inode)
		c = a->inode < b->inode ? -1 : 1;
	if (c == 0)
		c = (int)a->where - (int)b->where;
	if (c == 0)
		c = strcmp(message_name(l, a), message_name(l, b));
	return c ? c : a->name < b->name ? -1 : 1;
}

/* A message's time, and its place in the list. */
struct key {
	uint64_t time;
	uint32_t at;
};

/* Sort by time, byte by byte from the least one, without a comparison; those of one time keep their order.
 * Returns the one of the two arrays that is sorted. */
static struct key *
keys_sort(struct key *from, struct key *to, size_t n)
{
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t start[257] = { 0 };
		struct key *old = from;

		for (size_t i = 0; i < n; i++)
			start[(from[i].time >> shift & 255) + 1]++;
		if (start[(from[0].time >> shift & 255) + 1] == n)
			continue; /* all have the same */
		for (size_t b = 1; b < 256; b++)
			start[b] += start[b - 1];
		for (size_t i = 0; i < n; i++)
			to[start[from[i].time >> shift & 255]++] = from[i];
		from = to;
		to = old;
	}
	return from;
}

/* Move each message to where the sorted keys want it, in place: round each ring of those that take each other's. */
static void
messages_move(struct message *m, struct key *sorted, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct message first = m[i];
		size_t to = i;

		while (sorted[to].at != i) {
			size_t from = sorted[to].at;

			m[to] = m[from];
			sorted[to].at = (uint32_t)to;
			to = from;
		}
		m[to] = first;
		sorted[to].at = (uint32_t)to;
	}
}

/* Most messages have a second of their own: only those of the same one are compared.  False: there is no memory. */
static bool
list_sort_fast(struct list *l)
{
	struct key *keys = memory_get(2 * l->n, sizeof *keys);
	struct message *m = l->m;

	if (keys == NULL)
		return false;
	for (size_t i = 0; i < l->n; i++)
		keys[i] = (struct key){ m[i].time, (uint32_t)i };
	messages_move(m, keys_sort(keys, keys + l->n, l->n), l->n);
	memory_free(keys, 2 * l->n, sizeof *keys);
	for (size_t i = 0, end; i < l->n; i = end) {
		for (end = i + 1; end < l->n && m[end].time == m[i].time;)
			end++;
		if (end > i + 1)
			sort(m + i, end - i, sizeof *m, message_compare, l);
	}
	return true;
}

void
list_sort(struct list *l)
{
	size_t i = 1;

	while (i < l->n && message_compare(&l->m[i - 1], &l->m[i], l) < 0)
		i++;
	if (i < l->n && (l->n < SORT_FEW || !list_sort_fast(l)))
		sort(l->m, l->n, sizeof *l->m, message_compare, l);
}

/* When were new and cur last changed? */
static int
stamps_take(const struct maildir *d, struct timespec stamp[SUBDIRECTORIES])
{
	struct stat st;

	for (int i = 0; i < SUBDIRECTORIES; i++) {
		if (fstat(d->sub[i], &st))
			return -1;
		stamp[i] = st.st_mtim;
	}
	return 0;
}

/* Did nothing change between these stamps?  One that is younger than a tick of the kernel's clock cannot tell. */
static bool
stamps_settled(const struct timespec before[SUBDIRECTORIES], const struct timespec after[SUBDIRECTORIES])
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	for (int i = 0; i < SUBDIRECTORIES; i++) {
		int64_t age = (int64_t)(now.tv_sec - after[i].tv_sec) * 1000000000 + now.tv_nsec - after[i].tv_nsec;

		if (before[i].tv_sec != after[i].tv_sec || before[i].tv_nsec != after[i].tv_nsec ||
		    (age >= 0 && age < SETTLED_NS))
			return false;
	}
	return true;
}

/* Read both directories once.  A name that changes meanwhile may be seen twice, or not at all (readdir(3)): *settled is
 * false when that is possible, and what is not in the list may be there all the same. */
static int
directories_read(const struct maildir *d, struct list *l, bool *settled)
{
	struct timespec before[SUBDIRECTORIES], after[SUBDIRECTORIES];

	/* new first: a message that moves to cur meanwhile is seen twice, and then found to be one. */
	if (stamps_take(d, before) || directory_read(d->sub[NEW], NEW, l) || directory_read(d->sub[CUR], CUR, l) ||
	    stamps_take(d, after))
		return -1;
	*settled = stamps_settled(before, after);
	return 0;
}

/* Put the names in the order of the messages: what goes through them from now on does not leap about in more memory than
 * is near to a processor.  Without memory for it they stay as they are. */
static void
names_order(struct list *l)
{
	char *names = l->names_len > NAMES_NEAR ? memory_get(l->names_room, 1) : NULL;
	size_t len = 0;

	if (names == NULL)
		return;
	for (size_t i = 0; i < l->n; i++) {
		const char *name = message_name(l, &l->m[i]);
		size_t n = strlen(name) + 1;

		memcpy(names + len, name, n);
		l->m[i].name = len;
		len += n;
	}
	memory_free(l->names, l->names_room, 1);
	l->names = names;
	l->names_len = len;
}

int
maildir_list(const struct maildir *d, struct list *l)
{
	bool settled = false;
	size_t kept = 0;

	for (int times = 0; times < READINGS && !settled; times++)
		if (directories_read(d, l, &settled))
			return -1;
	list_sort(l);
	for (size_t i = 0; i < l->n; i++) {
		if (kept && l->m[kept - 1].time == l->m[i].time && l->m[kept - 1].where == l->m[i].where &&
		    strcmp(message_name(l, &l->m[kept - 1]), message_name(l, &l->m[i])) == 0)
			kept--; /* read again: the later one */
		l->m[kept++] = l->m[i];
	}
	l->n = kept;
	names_order(l);
	return 0;
}

bool
maildir_tells_same(const struct maildir *d, const struct message *m)
{
	struct list now = { 0 };
	bool same = false;

	if (directory_read(d->sub[m->where], m->where, &now) == 0)
		for (size_t i = 0; i < now.n && !same; i++)
			same = now.m[i].inode == m->inode &&
			       strcmp(message_name(&now, &now.m[i]), message_name(&d->list, m)) == 0;
	list_free(&now);
	return same;
}

int
list_rename(struct list *l, struct message *m, const char *name)
{
	if (name_add(l, name, &m->name))
		return -1;
	m->base_len = (uint16_t)strcspn(name, ":");
	return 0;
}

/* Of those in now from first on that have the base name of m: the one that was read last of those that have its inode
 * too; if none has (directory entries of some file systems tell other ones), the first.  NULL: there is none. */
static const struct message *
successor(const struct list *now, size_t first, const struct list *l, const struct message *m)
{
	const struct message *found = NULL;
	bool exact = false;

	for (size_t i = first; i < now->n && list_compare(now, &now->m[i], l, m) == 0; i++) {
		bool same = now->m[i].inode == m->inode;

		/* A name that was read later stands further behind. */
		if (found == NULL || (same && (!exact || now->m[i].name > found->name)))
			found = &now->m[i];
		exact |= same;
	}
	return found;
}

/* Take over the names of those of our messages that are in now.  Returns how many were in no reading, or -1 with errno and
 * nothing changed. */
static int64_t
names_adopt(struct list *l, struct list *now, bool first_reading)
{
	void *names = now->names;
	int64_t missing = 0;
	size_t j = 0, room;

	/* Room for every old name too, so that nothing can fail when names are half exchanged. */
	if (room_for(&names, &now->names_room, now->names_len + l->names_len, 1))
		return -1;
	now->names = names;
	for (size_t i = 0; i < l->n; i++) {
		struct message *m = &l->m[i];
		const struct message *is;
		size_t at;

		while (j < now->n && list_compare(now, &now->m[j], l, m) < 0)
			j++;
		is = successor(now, j, l, m);
		m->missing = is == NULL && (first_reading || m->missing);
		missing += m->missing;
		if (is) {
			m->name = is->name;
			m->where = is->where;
		} else if (name_add(now, message_name(l, m), &at) == 0) {
			m->name = at;
		}
	}
	/* now takes the old ones, to be freed with it. */
	names = l->names;
	room = l->names_room;
	l->names = now->names;
	l->names_len = now->names_len;
	l->names_room = now->names_room;
	now->names = names;
	now->names_room = room;
	return missing;
}

int
maildir_refresh(struct maildir *d)
{
	int64_t missing = 1;
	bool settled = false;

	if (index_messages(d))
		return -1;
	/* Again until all are found, or the rest cannot have been overlooked. */
	for (int times = 0; times < READINGS && missing > 0 && !settled; times++) {
		struct list now = { 0 };

		missing = directories_read(d, &now, &settled);
		list_sort(&now);
		if (missing == 0)
			missing = names_adopt(&d->list, &now, times == 0);
		list_free(&now);
	}
	return missing < 0 ? -1 : 0;
}

/* Not every libc has renameat2: this is the kernel's. */
enum { NO_REPLACE = 1 };

int
maildir_rename(const struct maildir *d, enum subdirectory from, const char *old, enum subdirectory to, const char *new)
{
	struct stat st;

	int done;

	do
		done = (int)syscall(SYS_renameat2, d->sub[from], old, d->sub[to], new, NO_REPLACE);
	while (done && errno == EINTR);
	if (done == 0)
		return 0;
	/* NFS cannot promise that nothing is replaced: there we look first. */
	if (errno != EINVAL)
		return -1;
	if (fstatat(d->sub[to], new, &st, AT_SYMLINK_NOFOLLOW) == 0)
		errno = EEXIST;
	else if (errno == ENOENT)
		return (int)syscall(SYS_renameat2, d->sub[from], old, d->sub[to], new, 0);
	return -1;
}
