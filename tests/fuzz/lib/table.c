/* lib/table.c, lib/guess.c, lib/seen.c: any file as the table of guesses and of logins.  Nothing is read that has no right
 * check, nobody is kept out beyond what a count can come to, and the file stays as long as it is. */
#define _GNU_SOURCE
#include "table.h"

#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "guess.h"
#include "seen.h"

enum { BUCKETS_MAX = 8, LIMIT = 10, CHECK_AT = TABLE_RECORD - 8 };

static const uint8_t key[TABLE_KEY] = "thirty-two octets of the server";

/* A record whose first octet is odd gets the check and the tag that make it be believed, so that what is behind these two
 * is reached. */
static void
records_repair(uint8_t *file, size_t n, const struct table *t, const uint8_t tags[][TABLE_TAG], size_t count)
{
	(void)t;
	for (size_t at = 0; at + TABLE_RECORD <= n; at += TABLE_RECORD) {
		if (!(file[at] & 1))
			continue;
		if (file[at] & 2)
			memcpy(file + at, tags[file[at + 1] % count], TABLE_TAG);
		(void)crypto_shorthash(file + at + CHECK_AT, file + at, CHECK_AT, key);
	}
}

static void
use(const struct table *t, uint64_t now, const struct address *from, uint32_t known)
{
	struct guess g;

	guess_about(&g, t, span_of("bob"), from, known, LIMIT);
	MUST(g.count >= 1 && g.count <= GUESS_COUNTS);
	guess_look(&g, now);
	MUST(g.delay_ms <= GUESS_DELAY_MAX_MS);
	for (unsigned i = 0; i < g.count; i++)
		MUST(guess_level(&g, i, now) <= g.counts[i].limit * GUESS_DEBT_FACTOR);
	guess_wrong(&g, span_of("bob"), span_of("wrong"), now);
	guess_wrong(&g, span_of("bob"), span_of(""), now);
	for (unsigned i = 0; i < g.count; i++) {
		MUST(guess_level(&g, i, now) <= g.counts[i].limit * GUESS_DEBT_FACTOR);
		MUST(guess_clear(&g, i) == 0 && guess_level(&g, i, now) == 0);
	}
	guess_look(&g, now);
	MUST(!g.refused && g.delay_ms == 0);
}

static void
logins(const struct table *t, uint64_t now, const struct address *from)
{
	const struct span label = span_of("phone");
	struct seen s = seen_get(t, span_of("bob"), NULL);

	for (unsigned i = 0; i < SEEN_KNOWN; i++)
		(void)seen_known_nth(t, span_of("bob"), i);
	seen_put(t, span_of("bob"), label, from, now);
	/* The record of the label may have given way to this one. */
	s = seen_get(t, span_of("bob"), NULL);
	MUST(s.time == now && s.somewhere && memcmp(&s.from, from, sizeof *from) == 0);
	MUST(seen_known(t, span_of("bob"), from) != 0);
	MUST(seen_forget(t, span_of("bob")) == 0 && seen_known(t, span_of("bob"), from) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	uint64_t now = 1700000000000U + take_u32(&t);
	struct address from = { { [10] = 0xff, [11] = 0xff, [12] = 192, [15] = 7 } };
	size_t len;
	uint8_t *file = take_copy(&t, BUCKETS_MAX * TABLE_BUCKET * TABLE_RECORD, &len), tags[3][TABLE_TAG];
	struct record_of_table r;
	struct table table;
	int fd = memfd_create("table", MFD_CLOEXEC);

	if (len && data[0] & 1)
		from = (struct address){ { 0x20, 1, 0x0d, 0xb8, [15] = 1 } };
	MUST(fd >= 0 && write(fd, file, len) == (ssize_t)len);
	if (table_open(&table, fd, key) == 0) {
		struct guess g;

		guess_about(&g, &table, span_of("bob"), &from, 0, LIMIT);
		for (size_t i = 0; i < 3; i++)
			memcpy(tags[i], g.counts[i < g.count ? i : 0].tag, TABLE_TAG);
		records_repair(file, len, &table, (const uint8_t(*)[TABLE_TAG])tags, 3);
		MUST(pwrite(fd, file, len, 0) == (ssize_t)len);
		for (uint64_t n = 0; table_nth(&table, n, &r) >= 0; n++)
			MUST(n < BUCKETS_MAX * TABLE_BUCKET);
		use(&table, now, &from, 0);
		use(&table, now, NULL, 0);
		use(&table, now, &from, 7);
		logins(&table, now, &from);
		MUST(lseek(fd, 0, SEEK_END) == (off_t)len);
	}
	(void)close(fd);
	free(file);
	return 0;
}
