#define _GNU_SOURCE
#include "maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "msg.h"

enum { LOCK_PAUSE_MS = 50 };

int
maildir_open(struct maildir *d, const char *path)
{
	static const char *const names[SUBDIRECTORIES] = { "new", "cur" };
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	d->sub[NEW] = d->sub[CUR] = -1;
	d->fd = openat(AT_FDCWD, path, flags);
	if (d->fd < 0)
		return -1;
	for (int i = 0; i < SUBDIRECTORIES; i++) {
		d->sub[i] = openat(d->fd, names[i], flags);
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

void
list_free(struct list *l)
{
	free(l->m);
	free(l->names);
	*l = (struct list){ 0 };
}

static int
room_for(void **p, size_t *room, size_t need, size_t each)
{
	size_t more = *room ? *room * 2 : 256;
	void *q;

	if (need <= *room)
		return 0;
	while (more < need)
		more *= 2;
	q = realloc(*p, more * each);
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
	memcpy(l->names + l->names_len, name, len);
	*at = l->names_len;
	l->names_len += len;
	return 0;
}

/* The number at the start of a name is the second of its delivery, in every deliverer's names. */
static uint64_t
delivery_time(const char *name)
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
	struct message m = { .base_len = (uint16_t)base, .where = where };
	void *list = l->m;

	if (e->d_name[0] == '.' || base == 0 || is_trashed(e->d_name + base))
		return 0;
	if (e->d_type != DT_REG && e->d_type != DT_UNKNOWN)
		return 0;
	if (l->n >= MESSAGES_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	m.time = delivery_time(e->d_name);
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
	return n < 0 ? -1 : 0;
}

static const struct list *sorted; /* qsort passes nothing on */

static int
base_compare(const struct list *la, const struct message *a, const struct list *lb, const struct message *b)
{
	size_t len = a->base_len < b->base_len ? a->base_len : b->base_len;
	int c;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	c = memcmp(la->names + a->name, lb->names + b->name, len);
	return c ? c : (int)a->base_len - (int)b->base_len;
}

static int
message_compare(const void *va, const void *vb)
{
	const struct message *a = va, *b = vb;
	int c = base_compare(sorted, a, sorted, b);

	if (c == 0)
		c = (int)a->where - (int)b->where;
	return c ? c : strcmp(sorted->names + a->name, sorted->names + b->name);
}

int
maildir_list(const struct maildir *d, struct list *l)
{
	/* new first: a message that moves to cur meanwhile is seen twice, and then found to be one; never missed. */
	if (directory_read(d->sub[NEW], NEW, l) || directory_read(d->sub[CUR], CUR, l))
		return -1;
	sorted = l;
	if (l->n)
		qsort(l->m, l->n, sizeof *l->m, message_compare);
	sorted = NULL;
	return 0;
}

int
maildir_refresh(struct maildir *d)
{
	struct list now = { 0 };
	size_t j = 0;

	if (maildir_list(d, &now)) {
		list_free(&now);
		return -1;
	}
	for (size_t i = 0; i < d->list.n; i++) {
		struct message *m = &d->list.m[i];
		int c = 1;

		while (j < now.n && (c = base_compare(&now, &now.m[j], &d->list, m)) < 0)
			j++;
		m->missing = j == now.n || c != 0;
		if (m->missing)
			continue;
		m->where = now.m[j].where;
		if (strcmp(message_name(&now, &now.m[j]), message_name(&d->list, m)) != 0 &&
		    name_add(&d->list, message_name(&now, &now.m[j]), &m->name)) {
			list_free(&now);
			return -1;
		}
		/* Two messages of one base name keep their order; the last name serves all that are left. */
		if (j + 1 < now.n && base_compare(&now, &now.m[j + 1], &d->list, m) == 0)
			j++;
	}
	list_free(&now);
	return 0;
}
