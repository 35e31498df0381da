/* The index: what it tells is what a fresh count tells, however it was damaged; and when it must not be believed. */
#define _GNU_SOURCE
#include "index.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chan.h"
#include "check.h"
#include "ids.h"
#include "maildir.h"
#include "memory.h"
#include "message.h"
#include "table.h"
#include "unique.h"

enum { MESSAGES = 300, FILE_MAX = 1 << 17, MUTATIONS = 10000 };

static char path[] = "/tmp/sallyport-index-XXXXXX";
static uint8_t whole[FILE_MAX], right[FILE_MAX];
static size_t whole_len, right_len;

static void
put(const char *name, const void *data, size_t n)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	(void)close(fd);
}

static void
message(const char *name, int lines)
{
	char b[4000] = "Subject: x\n\n";

	for (int i = 0; i < lines; i++)
		strcat(b, i % 7 ? "some text\n" : ".\r\n");
	put(name, b, strlen(b));
}

static void
opened(struct maildir *d)
{
	*d = (struct maildir){ .uid = getuid() };
	CHECK_EQ(maildir_open(d, path), 0);
	CHECK_EQ(d->fd, FD_PLACE + 1);
	index_open(d);
}

static void
closed(struct maildir *d)
{
	index_close(&d->index);
	list_free(&d->list);
	(void)close(d->fd);
	(void)close(d->sub[NEW]);
	(void)close(d->sub[CUR]);
}

/* As storage does it without a fresh index. */
static void
listed(struct maildir *d)
{
	CHECK_EQ(maildir_list(d, &d->list), 0);
	index_merge(d);
	CHECK_EQ(messages_measure(d), 0);
}

/* Both directories were changed long ago. */
static void
settle(void)
{
	const struct timespec old[2] = { { 1700000000, 5 }, { 1700000000, 5 } };

	CHECK(utimensat(AT_FDCWD, "new", old, 0) == 0 && utimensat(AT_FDCWD, "cur", old, 0) == 0);
}

/* The times of change cannot be set: take it that they were as old. */
static void
written(void)
{
	struct maildir d;
	uint64_t octets;

	opened(&d);
	listed(&d);
	d.index.settled = true;
	CHECK_EQ(index_write(&d, &octets), 0);
	closed(&d);
}

/* What a session is told: names, sizes, octets, unique-ids, in their order. */
static size_t
told(struct maildir *d, uint8_t *to)
{
	struct unique *ids = memory_get(d->list.n + 1, sizeof *ids);
	size_t n = 0;

	CHECK_EQ(index_messages(d), 0);
	CHECK_EQ(ids_all(&d->list, ids), 0);
	for (size_t i = 0; i < d->list.n; i++) {
		const struct message *m = &d->list.m[i];

		n += (size_t)sprintf((char *)to + n, "%u %s %llu %llu %s\n", m->where, message_name(&d->list, m),
				     (unsigned long long)m->size, (unsigned long long)m->octets, ids[i].id);
	}
	memory_free(ids, d->list.n + 1, sizeof *ids);
	return n;
}

/* The table that pop3d would read is the one that the list makes. */
static void
table_checked(const struct maildir *d)
{
	uint8_t b[RECORD_BYTES];
	struct record r;

	for (size_t i = 0; i < d->list.n; i++) {
		CHECK(pread(d->index.fd, b, sizeof b, (off_t)(i * RECORD_BYTES)) == RECORD_BYTES);
		CHECK(record_get(b, &r) == 0 && r.octets == d->list.m[i].octets);
	}
}

static void
compared(bool fresh)
{
	static uint8_t now[FILE_MAX];
	struct maildir d;
	size_t n;

	opened(&d);
	CHECK_EQ(d.index.fresh, fresh);
	if (d.index.fresh)
		CHECK_EQ(index_list(&d), 0);
	else
		listed(&d);
	n = told(&d, now);
	CHECK(n == right_len && memcmp(now, right, n) == 0);
	if (d.index.fresh)
		table_checked(&d);
	closed(&d);
}

static void
counted_afresh(void)
{
	struct maildir d;

	(void)unlink(INDEX_NAME);
	opened(&d);
	CHECK(d.index.fd < 0);
	listed(&d);
	right_len = told(&d, right);
	closed(&d);
}

static void
whole_read(void)
{
	int fd = open(INDEX_NAME, O_RDONLY);
	ssize_t n = read(fd, whole, sizeof whole);

	whole_len = n > 0 ? (size_t)n : 0;
	CHECK(fd >= 0 && whole_len > MESSAGES * (size_t)RECORD_BYTES && whole_len < FILE_MAX);
	(void)close(fd);
}

/* One random damage; returns how long the file is then. */
static size_t
damage(uint8_t *b)
{
	size_t n = whole_len, at = (size_t)rand() % n, len = 1 + (size_t)rand() % 200, to;

	memcpy(b, whole, n);
	if (at + len > n)
		len = n - at;
	to = (size_t)rand() % (n - len + 1);
	switch (rand() % 7) {
	case 0:
		b[at] ^= (uint8_t)(1 << rand() % 8);
		break;
	case 1:
		b[at] = (uint8_t)rand();
		break;
	case 2:
		memset(b + at, rand() % 2 ? 0 : 255, len);
		break;
	case 3:
		memmove(b + to, b + at, len);
		break;
	case 4:
		return at;
	case 5:
		memset(b + n, rand(), len);
		return n + len;
	default:
		/* The trailer: what everything depends on. */
		b[n - 1 - (size_t)rand() % 112] = (uint8_t)rand();
	}
	return n;
}

static void
mutations(void)
{
	static uint8_t b[FILE_MAX + 200];
	int believed = 0;

	whole_read();
	for (int round = 0; round < MUTATIONS; round++) {
		size_t n = damage(b);
		bool same = n == whole_len && memcmp(b, whole, n) == 0;
		struct maildir d;

		CHECK_EQ(unlink(INDEX_NAME), 0); /* a file that is cut to nothing first is flushed at close */
		put(INDEX_NAME, b, n);
		opened(&d);
		believed += (d.index.fd >= 0) != same;
		closed(&d);
		if (round % 50 == 0)
			compared(same);
	}
	CHECK_EQ(believed, 0);
	CHECK_EQ(unlink(INDEX_NAME), 0);
	put(INDEX_NAME, whole, whole_len);
	compared(true);
}

/* Deliveries, removals, renames, other files under an old name: listed anew, and only what is new is measured. */
static void
changes(void)
{
	struct maildir d;

	message("new/1800000001.n.host", 3);
	CHECK_EQ(unlink("new/1700000005.m.host"), 0);
	CHECK_EQ(rename("new/1700000008.m.host", "cur/1700000008.m.host:2,S"), 0);
	message("tmp.1", 9);
	CHECK_EQ(rename("tmp.1", "new/1700000007.m.host"), 0);
	settle();
	opened(&d);
	CHECK(d.index.fd >= 0 && !d.index.fresh);
	listed(&d);
	CHECK_EQ(d.list.n, MESSAGES);
	CHECK_EQ(d.counted, 2);
	right_len = told(&d, right);
	closed(&d);
	put("index.kept", "", 0);
	CHECK_EQ(rename(INDEX_NAME, "index.kept"), 0);
	compared(false);
	CHECK_EQ(rename("index.kept", INDEX_NAME), 0);
	compared(false);
}

/* Directories that changed just now may change again and show no other time. */
static void
youth(void)
{
	struct maildir d;
	uint64_t octets;

	message("new/1800000002.n.host", 1);
	opened(&d);
	CHECK(!d.index.settled);
	listed(&d);
	CHECK_EQ(index_write(&d, &octets), 0);
	closed(&d);
	opened(&d);
	CHECK(d.index.fd >= 0 && !d.index.fresh);
	closed(&d);
	CHECK_EQ(unlink("new/1800000002.n.host"), 0);
}

/* A file changed in place shows in no directory: it is refused when it is asked for, and the index is gone. */
static void
in_place(void)
{
	struct maildir d;
	enum gone why;
	int fd;

	settle();
	written();
	opened(&d);
	CHECK(d.index.fresh && index_list(&d) == 0);
	fd = message_open(&d, 20, &why);
	CHECK(fd >= 0 && d.list.m[20].measured && !d.list.m[21].measured);
	(void)close(fd);
	CHECK_EQ(index_message(&d, 30), 0);
	CHECK_EQ(chdir(d.list.m[30].where == NEW ? "new" : "cur"), 0);
	message(message_name(&d.list, &d.list.m[30]), 11);
	CHECK_EQ(chdir(path), 0);
	CHECK(message_open(&d, 30, &why) == -1 && why == GONE_CHANGED);
	CHECK(access(INDEX_NAME, F_OK) == -1);
	closed(&d);
	counted_afresh();
}

/* A file that another could have written, a link, a fifo: not believed, and nothing hangs. */
static void
strangers(void)
{
	struct maildir d;

	settle();
	written();
	CHECK_EQ(chmod(INDEX_NAME, 0620), 0);
	opened(&d);
	CHECK(d.index.fd < 0);
	closed(&d);
	CHECK(chmod(INDEX_NAME, 0600) == 0 && rename(INDEX_NAME, "elsewhere") == 0);
	CHECK_EQ(symlink("elsewhere", INDEX_NAME), 0);
	compared(false);
	CHECK(unlink(INDEX_NAME) == 0 && mkfifo(INDEX_NAME, 0600) == 0);
	compared(false);
	CHECK(unlink(INDEX_NAME) == 0 && mkdir(INDEX_NAME, 0700) == 0);
	compared(false);
	CHECK_EQ(rmdir(INDEX_NAME), 0);
	if (getuid() == 0) {
		CHECK_EQ(rename("elsewhere", INDEX_NAME), 0);
		CHECK_EQ(chown(INDEX_NAME, 1, 1), 0);
		opened(&d);
		CHECK(d.index.fd < 0);
		closed(&d);
	}
}

int
main(void)
{
	char name[100], command[100];

	srand(1);
	/* Descriptors are where storage has them: what it opens comes behind FD_PLACE, and FD_INDEX is the next. */
	while (open("/dev/null", O_RDWR) < FD_PLACE)
		;
	CHECK(mkdtemp(path) != NULL && chdir(path) == 0);
	CHECK(mkdir("new", 0700) == 0 && mkdir("cur", 0700) == 0);
	for (int i = 0; i < MESSAGES; i++) {
		(void)sprintf(name, i % 3 ? "new/17000%05d.m.host" : "cur/17000%05d.m.host:2,S", i);
		message(name, i % 50);
	}
	message("cur/1700000400.a name that is no unique-id:2,", 4);
	CHECK_EQ(unlink("new/1700000001.m.host"), 0);
	counted_afresh();
	settle();
	written();
	compared(true);
	mutations();
	changes();
	youth();
	in_place();
	strangers();
	CHECK_EQ(chdir("/"), 0);
	(void)sprintf(command, "rm -r %s", path);
	CHECK_EQ(system(command), 0);
	return check_end();
}
