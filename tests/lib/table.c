/* A table that many use: found again, full, damaged in every octet, and changed by processes at once. */
#define _GNU_SOURCE
#include "table.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check.h"

static const uint8_t KEY[TABLE_KEY] = "thirty-two octets of the server";

static int
file_of(off_t size)
{
	char path[] = "/tmp/test-table-XXXXXX";
	int fd = mkstemp(path);

	(void)unlink(path);
	CHECK_EQ(ftruncate(fd, size), 0);
	return fd;
}

static bool
count(struct record_of_table *r, void *with)
{
	r->time += *(uint64_t *)with;
	r->rest[0]++;
	return true;
}

static void
add(const struct table *t, const char *name, uint64_t n)
{
	uint8_t tag[TABLE_TAG];

	table_tag(t, "x", span_of(name), span_of(""), tag);
	CHECK_EQ(table_change(t, tag, count, &n), 0);
}

static uint64_t
time_of(const struct table *t, const char *name)
{
	struct record_of_table r;

	table_tag(t, "x", span_of(name), span_of(""), r.tag);
	return table_get(t, &r) > 0 ? r.time : 0;
}

static void
test_found_again(void)
{
	int fd = file_of(4096);
	struct table t;

	CHECK_EQ(table_open(&t, fd, KEY), 0);
	CHECK_EQ(t.buckets, 8);
	CHECK_EQ(time_of(&t, "bob"), 0);
	add(&t, "bob", 5);
	add(&t, "al", 7);
	add(&t, "bob", 5);
	CHECK_EQ(time_of(&t, "bob"), 10);
	CHECK_EQ(time_of(&t, "al"), 7);
	CHECK_EQ(time_of(&t, "eve"), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 4096);
	(void)close(fd);
}

static void
test_tags(void)
{
	struct table t = { .key = KEY };
	uint8_t a[TABLE_TAG], b[TABLE_TAG];

	table_tag(&t, "x", span_of("ab"), span_of("c"), a);
	table_tag(&t, "x", span_of("a"), span_of("bc"), b);
	CHECK(memcmp(a, b, sizeof a) != 0);
	table_tag(&t, "xa", span_of("b"), span_of("c"), b);
	CHECK(memcmp(a, b, sizeof a) != 0);
	table_tag(&t, "x", span_of("ab"), span_of("c"), b);
	CHECK(memcmp(a, b, sizeof a) == 0);
	t.key = (const uint8_t *)"another thirty-two octets, not the same";
	table_tag(&t, "x", span_of("ab"), span_of("c"), b);
	CHECK(memcmp(a, b, sizeof a) != 0);
}

/* In one bucket, the record with the least time gives way. */
static void
test_full(void)
{
	char name[2] = "a";
	struct table t;
	int fd = file_of(512);

	CHECK_EQ(table_open(&t, fd, KEY), 0);
	for (int i = 0; i < 8; i++) {
		name[0] = (char)('a' + i);
		add(&t, name, i == 3 ? 1 : 100);
	}
	add(&t, "new", 50);
	CHECK_EQ(time_of(&t, "d"), 0);
	CHECK_EQ(time_of(&t, "new"), 50);
	CHECK_EQ(time_of(&t, "a"), 100);
	CHECK_EQ(time_of(&t, "h"), 100);
	(void)close(fd);
}

/* Whatever octet changes, the record is not there, and its place is used again. */
static void
test_damaged(void)
{
	struct table t;
	int fd = file_of(512);
	uint8_t octet;

	CHECK_EQ(table_open(&t, fd, KEY), 0);
	add(&t, "bob", 5); /* in the first place: all are free */
	for (int i = 0; i < TABLE_RECORD; i++) {
		CHECK_EQ(pread(fd, &octet, 1, i), 1);
		octet ^= 1;
		CHECK_EQ(pwrite(fd, &octet, 1, i), 1);
		CHECK_EQ(time_of(&t, "bob"), 0);
		octet ^= 1;
		CHECK_EQ(pwrite(fd, &octet, 1, i), 1);
		CHECK_EQ(time_of(&t, "bob"), 5);
	}
	CHECK_EQ(pwrite(fd, "garbage!", 8, 20), 8);
	add(&t, "al", 7);
	CHECK_EQ(time_of(&t, "al"), 7);
	(void)close(fd);
}

static void
test_unusable(void)
{
	uint8_t tag[TABLE_TAG] = { 0 };
	uint64_t n = 1;
	struct record_of_table r = { .time = 9 };
	struct table t;
	int fd = file_of(511);

	CHECK_EQ(table_open(&t, fd, KEY), -1);
	CHECK_EQ(table_open(&t, -1, KEY), -1);
	CHECK_EQ(ftruncate(fd, 1024), 0);
	CHECK_EQ(table_open(&t, fd, KEY), 0);
	CHECK_EQ(ftruncate(fd, 100), 0); /* under our feet */
	CHECK_EQ(table_get(&t, &r), -1);
	CHECK_EQ(r.time, 0);
	CHECK_EQ(table_change(&t, tag, count, &n), -1);
	(void)close(fd);
	CHECK_EQ(table_change(&t, tag, count, &n), -1);
}

/* Locks: nobody's change is lost. */
static void
test_at_once(void)
{
	enum { PROCESSES = 4, TIMES = 500 };
	char path[] = "/tmp/test-table-XXXXXX";
	int fd = mkstemp(path);
	struct table t;

	CHECK_EQ(ftruncate(fd, 512), 0);
	(void)fflush(stdout);
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0) {
			int own = open(path, O_RDWR);
			uint64_t one = 1;

			if (table_open(&t, own, KEY))
				_exit(1);
			for (int k = 0; k < TIMES; k++) {
				uint8_t tag[TABLE_TAG];

				table_tag(&t, "x", span_of("bob"), span_of(""), tag);
				if (table_change(&t, tag, count, &one))
					_exit(1);
			}
			_exit(0);
		}
	for (int i = 0; i < PROCESSES; i++) {
		int status = -1;

		CHECK(wait(&status) > 0 && status == 0);
	}
	CHECK_EQ(table_open(&t, fd, KEY), 0);
	CHECK_EQ(time_of(&t, "bob"), PROCESSES * TIMES);
	(void)close(fd);
	(void)unlink(path);
}

int
main(void)
{
	CHECK(sodium_init() >= 0);
	test_found_again();
	test_tags();
	test_full();
	test_damaged();
	test_unusable();
	test_at_once();
	CHECK_EQ(table_size(0), 512 * 512);
	CHECK_EQ(table_size(16384), 65536 * 64);
	return check_end();
}
