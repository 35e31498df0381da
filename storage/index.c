#define _GNU_SOURCE
#include "index.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "maildir.h"
#include "memory.h"
#include "sandbox.h"
#include "sink.h"
#include "table.h"
#include "unique.h"

/* Not every second is too many: some file systems stamp directories with no more than that, and FAT with two. */
#define SETTLED_NS 2500000000LL

enum {
	WORTH_MESSAGES = 256,    /* fewer are measured sooner than an index is written */
	WORTH_BYTES = 8 << 20,   /* unless they are as large as this */
	WORTH_COUNTED = 64,      /* so many were measured now: write although the directories are too young */
	WHOLE_NAME = 1,          /* flag of an entry: the table does not have the name */
	BELIEVED = 2,            /* another: its octets are what its name tells */
	WINDOW_BYTES = 16 << 10, /* of the file that are read at one time */
};

/* All integers in this file are the machine's own: it never leaves it.  On another kind of machine the magic differs. */
static const uint64_t magic = 0x7361706f72743032;

struct entry {
	uint64_t inode, size;
	int64_t changed;
	uint32_t name; /* offset of a NUL-terminated text: what follows the unique-id in the name, or the whole name */
	uint16_t base_len;
	uint8_t where, flags;
};

struct trailer {
	uint64_t magic, count, octets, names, settled, believed;
	struct stamp stamp[SUBDIRECTORIES];
	uint64_t sum; /* of everything before it */
};

enum { ENTRY_BYTES = sizeof(struct entry) };
_Static_assert(sizeof(struct entry) == 32 && sizeof(struct trailer) == 120, "no padding");

static int64_t
nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int
stamp_take(int fd, struct stamp *s)
{
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	*s = (struct stamp){ st.st_dev, st.st_ino, nanoseconds(st.st_mtim), nanoseconds(st.st_ctim) };
	return 0;
}

/* Look at both directories, and whether what happens to them from now on will change their times. */
static int
stamps_now(struct maildir *d)
{
	struct index *x = &d->index;
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail */
	x->settled = true;
	for (int i = 0; i < SUBDIRECTORIES; i++) {
		if (stamp_take(d->sub[i], &x->now[i]))
			return -1;
		x->settled &= nanoseconds(t) - x->now[i].modified >= SETTLED_NS &&
			      nanoseconds(t) - x->now[i].changed >= SETTLED_NS;
	}
	return 0;
}

/* Exactly n bytes from offset at; false when they cannot be had. */
static bool
bytes_read(int fd, uint64_t at, void *to, size_t n)
{
	uint8_t *p = to;

	if (lseek(fd, (off_t)at, SEEK_SET) < 0)
		return false;
	while (n) {
		ssize_t got = read(fd, p, n);

		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		p += got > 0 ? got : 0;
		n -= got > 0 ? (size_t)got : 0;
	}
	return true;
}

static uint64_t
entries_at(const struct index *x)
{
	return (uint64_t)x->count * RECORD_BYTES;
}

static uint64_t
names_at(const struct index *x)
{
	return entries_at(x) + (uint64_t)x->count * ENTRY_BYTES;
}

/* Is the file as it was written? */
static bool
sum_is_right(int fd, uint64_t size, uint64_t wanted)
{
	static uint8_t block[1 << 17];
	struct sum sum;

	sum_start(&sum);
	for (uint64_t at = 0; at < size;) {
		size_t n = size - at < sizeof block ? (size_t)(size - at) : sizeof block;

		if (!bytes_read(fd, at, block, n))
			return false;
		sum_add(&sum, block, n);
		at += n;
	}
	return sum_end(&sum) == wanted;
}

static bool
trailer_is_right(struct index *x, uint64_t size, struct trailer *t)
{
	if (!bytes_read(x->fd, size - sizeof *t, t, sizeof *t) || t->magic != magic || t->count > MESSAGES_MAX ||
	    t->names > size)
		return false;
	x->count = (uint32_t)t->count;
	x->octets = t->octets;
	x->names = t->names;
	return names_at(x) + x->names + sizeof *t == size && sum_is_right(x->fd, size - sizeof t->sum, t->sum);
}

/* A file of this user's that nobody else can write. */
static bool
file_is_ours(const struct maildir *d, int fd, uint64_t *size)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != d->uid || st.st_mode & 022)
		return false;
	*size = (uint64_t)st.st_size;
	return *size >= sizeof(struct trailer);
}

void
index_close(struct index *x)
{
	if (x->fd >= 0)
		(void)close(x->fd); /* only read from */
	x->fd = -1;
	x->fresh = false;
}

void
index_open(struct maildir *d)
{
	struct index *x = &d->index;
	struct trailer t;
	uint64_t size;

	x->fd = -1;
	x->fresh = false;
	if (stamps_now(d))
		return;
	x->fd = (int)syscall(SYS_openat, d->fd, INDEX_NAME, OPEN_MESSAGE);
	if (x->fd < 0)
		return;
	if (file_is_ours(d, x->fd, &size) && trailer_is_right(x, size, &t))
		x->fresh =
		    t.settled == 1 && (t.believed == 0 || d->trusting) && memcmp(t.stamp, x->now, sizeof x->now) == 0;
	else
		index_close(x);
}

int
index_list(struct maildir *d)
{
	struct list *l = &d->list;

	/* Pages of it that nobody looks at are never there. */
	l->m = memory_get(d->index.count, sizeof *l->m);
	l->n = l->m ? d->index.count : 0;
	l->room = l->n;
	return l->m ? 0 : -1;
}

/* A part of the file as it was read last: neighbours are asked for together. */
struct window {
	uint64_t at;
	size_t n;
	uint8_t b[WINDOW_BYTES];
};

static struct window of_records, of_entries, of_names;

/* n bytes from offset at, NULL if they cannot be had. */
static const uint8_t *
window_get(struct window *w, int fd, uint64_t at, size_t n, uint64_t end)
{
	if (at + n > end)
		return NULL;
	if (w->n == 0 || at < w->at || at + n > w->at + w->n) {
		w->n = end - at < sizeof w->b ? (size_t)(end - at) : sizeof w->b;
		w->at = at;
		if (!bytes_read(fd, at, w->b, w->n)) {
			w->n = 0;
			return NULL;
		}
	}
	return w->b + (at - w->at);
}

static void
windows_forget(void)
{
	of_records.n = of_entries.n = of_names.n = 0;
}

/* The name of an entry, as a directory could have it. */
static int
name_of(const struct index *x, const struct entry *e, const struct record *r, char name[NAME_ROOM])
{
	uint64_t start = names_at(x), end = start + x->names, at = start + e->name;
	size_t room = end > at && end - at < NAME_ROOM ? (size_t)(end - at) : NAME_ROOM, len, uid = 0;
	const uint8_t *p = at < end ? window_get(&of_names, x->fd, at, room, end) : NULL;

	if (p == NULL || memchr(p, '\0', room) == NULL)
		return -1;
	len = strlen((const char *)p);
	if (!(e->flags & WHOLE_NAME))
		uid = r->uid.len;
	if (uid + len >= NAME_ROOM || e->base_len == 0 || e->base_len > uid + len)
		return -1;
	memcpy(name, r->uid.p, uid);
	memcpy(name + uid, p, len + 1);
	return name[0] == '.' || strchr(name, '/') || strcspn(name, ":") != e->base_len ? -1 : 0;
}

static int
message_read(const struct index *x, size_t i, struct message *m, char name[NAME_ROOM])
{
	const uint8_t *p = window_get(&of_records, x->fd, (uint64_t)i * RECORD_BYTES, RECORD_BYTES, entries_at(x));
	struct record r;
	struct entry e;

	if (p == NULL || record_get(p, &r))
		return -1;
	p = window_get(&of_entries, x->fd, entries_at(x) + (uint64_t)i * ENTRY_BYTES, ENTRY_BYTES, names_at(x));
	if (p == NULL)
		return -1;
	memcpy(&e, p, sizeof e);
	if (e.where >= SUBDIRECTORIES || name_of(x, &e, &r, name))
		return -1;
	*m = (struct message){ .base_len = e.base_len,
			       .where = e.where,
			       .measured = true,
			       .believed = e.flags & BELIEVED,
			       .time = message_time(name),
			       .inode = e.inode,
			       .size = e.size,
			       .octets = r.octets,
			       .changed = e.changed };
	return 0;
}

int
index_message(struct maildir *d, size_t i)
{
	char name[NAME_ROOM];
	struct message m;

	if (d->index.fd < 0 || d->list.m[i].measured)
		return 0;
	if (message_read(&d->index, i, &m, name)) {
		/* It was whole at the login: somebody writes into it. */
		warn("cannot read message %zu from the index", i + 1);
		index_remove(d);
		errno = EIO;
		return -1;
	}
	if (list_rename(&d->list, &m, name))
		return -1;
	d->list.m[i] = m;
	return 0;
}

int
index_messages(struct maildir *d)
{
	for (size_t i = 0; d->index.fresh && i < d->list.n; i++)
		if (index_message(d, i))
			return -1;
	return 0;
}

void
index_merge(struct maildir *d)
{
	struct list known = { 0 };
	struct index *x = &d->index;
	char name[NAME_ROOM];
	size_t j = 0;

	if (x->fd < 0)
		return;
	/* Both are sorted; an index that is not finds less, and nothing wrong. */
	for (size_t i = 0; i < x->count; i++) {
		struct message m;
		size_t k;

		known.names_len = 0;
		if (message_read(x, i, &m, name) || list_rename(&known, &m, name))
			break;
		while (j < d->list.n && list_compare(&d->list, &d->list.m[j], &known, &m) < 0)
			j++;
		for (k = j; k < d->list.n && list_compare(&d->list, &d->list.m[k], &known, &m) == 0; k++) {
			struct message *is = &d->list.m[k];

			if (is->inode != m.inode || is->hidden || m.believed)
				continue;
			is->size = m.size;
			is->octets = m.octets;
			is->changed = m.changed;
			is->measured = true;
		}
	}
	list_free(&known);
	index_close(x);
	windows_forget();
}

bool
index_is_worth(const struct maildir *d)
{
	bool large = d->counted_bytes >= WORTH_BYTES;

	if (d->list.n < WORTH_MESSAGES && !large)
		return false;
	return large || d->counted >= WORTH_COUNTED || (d->index.settled && !d->incomplete);
}

/* Then the record has the beginning of the name already. */
static bool
is_start(struct span id, const char *name)
{
	return id.p == (const uint8_t *)name;
}

static void
entries_put(struct sink *s, const struct list *l, const struct unique_ids *ids)
{
	uint32_t at = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct message *m = &l->m[i];
		const char *name = message_name(l, m);
		struct span id = unique_of(ids, l, i);
		bool whole = !is_start(id, name);
		const struct entry e = { m->inode,
					 m->size,
					 m->changed,
					 at,
					 m->base_len,
					 m->where,
					 (uint8_t)((whole ? WHOLE_NAME : 0) | (m->believed ? BELIEVED : 0)) };

		sink_put(s, &e, sizeof e);
		at += (uint32_t)strlen(name) + 1 - (whole ? 0 : (uint32_t)id.len);
	}
}

static uint64_t
names_put(struct sink *s, const struct list *l, const struct unique_ids *ids)
{
	uint64_t all = 0;

	for (size_t i = 0; i < l->n; i++) {
		const char *name = message_name(l, &l->m[i]);
		struct span id = unique_of(ids, l, i);
		size_t from = is_start(id, name) ? id.len : 0, len = strlen(name) + 1 - from;

		sink_put(s, name + from, len);
		all += len;
	}
	return all;
}

/* Returns 0 when the whole file has been written. */
static int
whole_put(const struct maildir *d, const struct unique_ids *ids, uint64_t *octets)
{
	static struct sink s;
	struct trailer t = { .magic = magic, .count = d->list.n, .settled = d->index.settled && !d->incomplete };

	sink_start(&s, FD_INDEX);
	*octets = 0;
	records_put(&s, &d->list, ids, octets);
	entries_put(&s, &d->list, ids);
	t.names = names_put(&s, &d->list, ids);
	t.octets = *octets;
	t.believed = d->believed;
	memcpy(t.stamp, d->index.now, sizeof t.stamp);
	sink_put(&s, &t, offsetof(struct trailer, sum));
	if (t.names > UINT32_MAX || sink_flush(&s))
		return -1;
	t.sum = sum_end(&s.sum);
	sink_put(&s, &t.sum, sizeof t.sum);
	return sink_flush(&s);
}

/* Only a new file can be opened so (lib/sandbox.c), and only FD_INDEX be written: the lowest that is free. */
static bool
file_make(const struct maildir *d)
{
	int fd;

	(void)unlinkat(d->fd, INDEX_TEMPORARY, 0); /* what a session left that was killed */
	fd = (int)syscall(SYS_openat, d->fd, INDEX_TEMPORARY, OPEN_INDEX, OPEN_INDEX_MODE);
	if (fd == FD_INDEX)
		return true;
	if (fd >= 0)
		(void)close(fd);
	return false;
}

int
index_write(struct maildir *d, uint64_t *octets)
{
	struct unique_ids ids;
	int fd = -1;

	/* A full disk, a quota, a file system that cannot be written: then there is no index, and nothing else is amiss. */
	if (unique_list(&d->list, &ids) == 0 && file_make(d)) {
		bool whole = whole_put(d, &ids, octets) == 0;

		if (close(FD_INDEX) == 0 && whole &&
		    syscall(SYS_renameat2, d->fd, INDEX_TEMPORARY, d->fd, INDEX_NAME, 0) == 0)
			fd = (int)syscall(SYS_openat, d->fd, INDEX_NAME, OPEN_MESSAGE);
		else
			(void)unlinkat(d->fd, INDEX_TEMPORARY, 0); /* the next session does it otherwise */
	}
	unique_free(&ids);
	d->index.fd = fd;
	d->index.count = (uint32_t)d->list.n;
	d->index.octets = *octets;
	return fd < 0 ? -1 : 0;
}

void
index_trust(struct maildir *d)
{
	struct stat st;

	/* What cannot be looked at is not believed either. */
	if (d->trusting && (fstatat(d->fd, DISTRUST_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT))
		d->trusting = false;
}

int
index_distrust(struct maildir *d)
{
	int fd = (int)syscall(SYS_openat, d->fd, DISTRUST_NAME, OPEN_INDEX, OPEN_INDEX_MODE);

	if (fd < 0 && errno != EEXIST)
		return -1;
	if (fd >= 0)
		(void)close(fd); /* nothing was written */
	d->trusting = false;
	return 0;
}

void
index_remove(struct maildir *d)
{
	(void)unlinkat(d->fd, INDEX_NAME, 0); /* if it cannot be removed, the next session finds what this one found */
}
