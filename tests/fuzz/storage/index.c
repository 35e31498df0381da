/* storage's index: any file, with a right sum if its first octet is odd, in a Maildir of three messages.  Whoever could
 * write that file could change the mail: it may tell what it likes, but not that a message is where there is none, nothing
 * above the Maildir, and no table that pop3d would not take.  u8 how, then the file; a trailer is put behind it, and
 * is right but for the bits SPOILT.
 * Then the index that storage writes of what it listed: the next session finds in it what was written. */
#define _GNU_SOURCE
#include "index.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chan.h"
#include "fuzz.h"
#include "maildir.h"
#include "message.h"
#include "sink.h"
#include "../../storage/ids.h"
#include "unique.h"

enum { FILES = 3, LAST_FD = 190, RECORD = RECORD_BYTES, ENTRY = 32, SPOILT = 0xc0 };

static char dir[DIR_ROOM];
static const char *const files[] = { "new/1700000001.a.host", "new/1700000002.b host",
				     "cur/1700000003.c.host,W=20:2,S" };

static void
text_put(const char *name, const void *bytes, size_t n)
{
	char path[DIR_ROOM + 100];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	(void)close(fd);
}

static void
dir_remove(void)
{
	static const char *const rest[] = { INDEX_NAME, INDEX_TEMPORARY, DISTRUST_NAME };
	char path[DIR_ROOM + 100];

	for (int i = 0; i < FILES + 3; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, i < FILES ? files[i] : rest[i - FILES]);
		(void)unlink(path);
	}
	for (int i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, i == 0 ? "new" : i == 1 ? "cur" : "");
		(void)rmdir(path);
	}
}

static void
dir_make(void)
{
	static bool there;
	char path[DIR_ROOM + 100];

	if (there)
		return;
	there = true;
	dir_temporary(dir, "index");
	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, i ? "cur" : "new");
		MUST(mkdir(path, 0700) == 0);
	}
	for (int i = 0; i < FILES; i++)
		text_put(files[i], "Subject: t\n\nbody\n", 17);
	(void)atexit(dir_remove);
}

/* The trailer that makes what is before it an index of these directories: storage/index.c has its form. */
static size_t
trailer_put(uint8_t *file, size_t len, uint8_t how)
{
	struct {
		uint64_t magic, count, octets, names, settled, believed;
		struct stamp stamp[2];
		uint64_t sum;
	} t = { .magic = 0x7361706f72743032, .settled = how >> 1 & 1 };
	struct sum sum;
	struct stat st;
	char path[DIR_ROOM + 100];

	t.magic ^= (how & SPOILT) == 0x40;
	t.count = how >> 4 & 3;
	if (len < t.count * (RECORD + ENTRY))
		t.count = len / (RECORD + ENTRY);
	t.names = len - t.count * (RECORD + ENTRY);
	if ((how & SPOILT) == 0x80)
		t.names = UINT64_MAX;
	t.octets = t.count * 20;
	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, i ? "cur" : "new");
		MUST(stat(path, &st) == 0);
		t.stamp[i] = (struct stamp){ st.st_dev, st.st_ino, st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
					     st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec };
	}
	memcpy(file + len, &t, sizeof t);
	len += sizeof t;
	sum_start(&sum);
	for (size_t at = 0; at < len - 8; at += SUM_UNIT)
		sum_add(&sum, file + at, len - 8 - at < SUM_UNIT ? len - 8 - at : SUM_UNIT);
	t.sum = sum_end(&sum);
	memcpy(file + len - 8, &t.sum, 8);
	return len;
}

static void
messages_look(struct maildir *d)
{
	enum gone why;
	struct stat st;

	for (size_t i = 0; i < d->list.n; i++) {
		int fd = message_open(d, i, &why);

		if (fd < 0) {
			MUST(why < GONE__MAX);
			continue;
		}
		/* A descriptor is of one of the three, whatever the index says. */
		MUST(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 17);
		MUST(d->list.m[i].where <= 1 && !strchr(message_name(&d->list, &d->list.m[i]), '/'));
		(void)close(fd);
	}
}

/* Below FD_INDEX nothing is free, as in storage. */
static void
descriptors_fill(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) < FD_INDEX)
		MUST(fd >= 0);
	(void)close(fd);
}

/* A process reads one index, and remembers what it read last: nothing may be left of the input before. */
static void
windows_empty(void)
{
	struct maildir none = { .index = { .fd = open("/dev/null", O_RDONLY | O_CLOEXEC) } };

	MUST(none.index.fd >= 0);
	index_merge(&none);
	MUST(none.index.fd < 0);
}

/* Write the index of what was listed, and read it again. */
static void
index_again(struct maildir *d)
{
	struct maildir next = *d;
	uint64_t octets, all = 0;

	(void)index_is_worth(d);
	descriptors_fill();
	MUST(index_write(d, &octets) == 0 && d->index.count == d->list.n && d->index.octets == octets);
	next.index = (struct index){ .fd = -1 };
	next.list = (struct list){ 0 };
	index_open(&next);
	MUST(next.index.fd >= 0 && next.index.count == d->list.n && next.index.octets == octets);
	/* As if the directories had been at rest for long. */
	next.index.fresh = true;
	MUST(index_list(&next) == 0 && index_messages(&next) == 0);
	for (size_t i = 0; i < d->list.n; i++) {
		const struct message *a = &d->list.m[i], *b = &next.list.m[i];

		MUST(strcmp(message_name(&d->list, a), message_name(&next.list, b)) == 0);
		MUST(a->inode == b->inode && a->octets == b->octets && a->where == b->where);
		MUST(a->believed == b->believed && (a->believed || (a->size == b->size && a->changed == b->changed)));
		all += a->octets;
	}
	MUST(all == octets);
	list_free(&next.list);
	index_close(&next.index);

	/* As if one had been added: what is known of the others is not measured again. */
	index_open(&next);
	next.index.fresh = false;
	MUST(maildir_list(&next, &next.list) == 0);
	index_merge(&next);
	MUST(next.list.n == d->list.n && next.index.fd < 0);
	for (size_t i = 0; i < d->list.n; i++) {
		const struct message *a = &d->list.m[i], *b = &next.list.m[i];

		MUST(b->measured != a->believed && (a->believed || (a->octets == b->octets && a->inode == b->inode)));
	}
	list_free(&next.list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	uint8_t how = take_u8(&t), *file;
	struct maildir d = { .fd = -1, .sub = { -1, -1 }, .uid = getuid() };
	struct unique *ids;
	size_t len = t.len;

	dir_make();
	windows_empty();
	file = malloc(len + 200);
	MUST(file != NULL);
	if (len)
		memcpy(file, t.p, len);
	text_put(INDEX_NAME, file, how & 1 ? trailer_put(file, len, how) : len);
	MUST(maildir_open(&d, dir) == 0);
	MUST(fchmodat(d.fd, INDEX_NAME, (how & SPOILT) == SPOILT ? 0620 : 0600, 0) == 0);
	(void)unlinkat(d.fd, DISTRUST_NAME, 0);
	if (how & 4)
		MUST(index_distrust(&d) == 0);
	d.trusting = how & 8;
	index_trust(&d);
	MUST(d.trusting == ((how & 12) == 8));
	if (!REFUSED_IS_FINE()) {
		index_open(&d);
		/* Our trailer is the one that storage writes, or this target would look at nothing. */
		MUST(d.index.fd < 0 ? (how & 1) == 0 || how & SPOILT : how & 1 ? !(how & SPOILT) : len >= 120);
		if (d.index.fresh) {
			MUST(index_list(&d) == 0 && d.list.n <= MESSAGES_MAX);
		} else {
			MUST(maildir_list(&d, &d.list) == 0 && d.list.n == FILES);
			index_merge(&d);
			MUST(messages_measure(&d) == 0 && d.list.n == FILES);
			ids = calloc(d.list.n, sizeof *ids);
			MUST(ids != NULL && ids_all(&d.list, ids) == 0);
			free(ids);
			index_again(&d);
		}
		messages_look(&d);
		(void)index_messages(&d);
	}
	index_close(&d.index);
	list_free(&d.list);
	(void)syscall(SYS_close_range, FD_CTL, LAST_FD, 0);
	free(file);
	return 0;
}
