#define _GNU_SOURCE
#include "table.h"

#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	BUCKET_BYTES = TABLE_BUCKET * TABLE_RECORD,
	CHECK_AT = TABLE_RECORD - crypto_shorthash_BYTES,
	LOCK_TRIES = 50,
};

static uint64_t
u64_get(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void
u64_put(uint8_t *p, uint64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		p[i] = (uint8_t)v;
}

int
table_open(struct table *t, int fd, const uint8_t key[TABLE_KEY])
{
	off_t size = lseek(fd, 0, SEEK_END);

	*t = (struct table){ fd, size < BUCKET_BYTES ? 0 : (uint64_t)size / BUCKET_BYTES, key };
	return t->buckets ? 0 : -1;
}

void
table_tag(const struct table *t, const char *word, struct span a, struct span b, uint8_t tag[TABLE_TAG])
{
	crypto_generichash_state s;
	uint8_t lengths[2] = { (uint8_t)strlen(word), (uint8_t)a.len }; /* so that no two triples are the same text */

	(void)crypto_generichash_init(&s, t->key, TABLE_KEY, TABLE_TAG); /* none of these can fail */
	(void)crypto_generichash_update(&s, lengths, sizeof lengths);
	(void)crypto_generichash_update(&s, (const uint8_t *)word, strlen(word));
	(void)crypto_generichash_update(&s, a.p, a.len);
	(void)crypto_generichash_update(&s, b.p, b.len);
	(void)crypto_generichash_final(&s, tag, TABLE_TAG);
	sodium_memzero(&s, sizeof s);
}

static void
check_of(const struct table *t, const uint8_t raw[TABLE_RECORD], uint8_t check[crypto_shorthash_BYTES])
{
	(void)crypto_shorthash(check, raw, CHECK_AT, t->key); /* cannot fail; it takes the first half of the key */
}

static bool
is_whole(const struct table *t, const uint8_t raw[TABLE_RECORD])
{
	uint8_t check[crypto_shorthash_BYTES];

	check_of(t, raw, check);
	return memcmp(check, raw + CHECK_AT, sizeof check) == 0;
}

static void
unpack(const uint8_t raw[TABLE_RECORD], struct record_of_table *r)
{
	memcpy(r->tag, raw, TABLE_TAG);
	r->time = u64_get(raw + TABLE_TAG);
	memcpy(r->rest, raw + TABLE_TAG + 8, TABLE_REST);
}

static void
pack(const struct table *t, const struct record_of_table *r, uint8_t raw[TABLE_RECORD])
{
	memcpy(raw, r->tag, TABLE_TAG);
	u64_put(raw + TABLE_TAG, r->time);
	memcpy(raw + TABLE_TAG + 8, r->rest, TABLE_REST);
	check_of(t, raw, raw + CHECK_AT);
}

static off_t
place_of(const struct table *t, const uint8_t tag[TABLE_TAG])
{
	return (off_t)(u64_get(tag) % t->buckets * BUCKET_BYTES);
}

/* Where tag is in the bucket, and *found; or where it is to be put. */
static size_t
slot_of(const struct table *t, const uint8_t bucket[BUCKET_BYTES], const uint8_t tag[TABLE_TAG], bool *found)
{
	uint64_t least = UINT64_MAX;
	size_t best = 0;

	*found = false;
	for (size_t i = 0; i < TABLE_BUCKET; i++) {
		const uint8_t *raw = bucket + i * TABLE_RECORD;
		bool whole = is_whole(t, raw);
		uint64_t time = whole ? u64_get(raw + TABLE_TAG) : 0;

		if (whole && memcmp(raw, tag, TABLE_TAG) == 0) {
			*found = true;
			return i;
		}
		if (time < least) {
			least = time;
			best = i;
		}
	}
	return best;
}

static int
bucket_read(const struct table *t, off_t at, uint8_t bucket[BUCKET_BYTES])
{
	return pread(t->fd, bucket, BUCKET_BYTES, at) == BUCKET_BYTES ? 0 : -1;
}

int
table_get(const struct table *t, struct record_of_table *r)
{
	uint8_t bucket[BUCKET_BYTES];
	bool found;
	size_t i;

	r->time = 0;
	memset(r->rest, 0, sizeof r->rest);
	if (bucket_read(t, place_of(t, r->tag), bucket))
		return -1;
	i = slot_of(t, bucket, r->tag, &found);
	if (found)
		unpack(bucket + i * TABLE_RECORD, r);
	return found;
}

/* Locks are held for microseconds.  Whoever holds one for longer is broken: better a count that is lost than everyone
 * waiting for him. */
static void
lock(const struct table *t, off_t at)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = BUCKET_BYTES };
	const struct timespec pause = { 0, 1000000 };

	for (int i = 0; i < LOCK_TRIES && fcntl(t->fd, F_OFD_SETLK, &l) != 0; i++)
		(void)ppoll(NULL, 0, &pause, NULL); /* only waits */
}

static void
unlock(const struct table *t, off_t at)
{
	struct flock l = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = BUCKET_BYTES };

	(void)fcntl(t->fd, F_OFD_SETLK, &l); /* it ends with this process in any case */
}

static int
locked_change(const struct table *t, off_t at, const uint8_t tag[TABLE_TAG],
	      bool (*change)(struct record_of_table *r, void *with), void *with)
{
	uint8_t bucket[BUCKET_BYTES], *raw;
	struct record_of_table r = { .time = 0 };
	bool found;

	if (bucket_read(t, at, bucket))
		return -1;
	raw = bucket + slot_of(t, bucket, tag, &found) * TABLE_RECORD;
	if (found)
		unpack(raw, &r);
	memcpy(r.tag, tag, TABLE_TAG);
	if (!change(&r, with))
		return 0;
	pack(t, &r, raw);
	return pwrite(t->fd, raw, TABLE_RECORD, at + (raw - bucket)) == TABLE_RECORD ? 0 : -1;
}

int
table_change(const struct table *t, const uint8_t tag[TABLE_TAG], bool (*change)(struct record_of_table *r, void *with),
	     void *with)
{
	off_t at = place_of(t, tag);
	int r;

	lock(t, at);
	r = locked_change(t, at, tag, change, with);
	unlock(t, at);
	return r;
}

int
table_nth(const struct table *t, uint64_t n, struct record_of_table *r)
{
	uint8_t raw[TABLE_RECORD];

	if (n >= t->buckets * TABLE_BUCKET ||
	    pread(t->fd, raw, sizeof raw, (off_t)(n * TABLE_RECORD)) != (ssize_t)sizeof raw)
		return -1;
	if (!is_whole(t, raw))
		return 0;
	unpack(raw, r);
	return 1;
}

uint64_t
table_size(uint64_t records)
{
	uint64_t buckets = 512; /* at least */

	while (buckets * TABLE_BUCKET < records * 4)
		buckets *= 2;
	return buckets * BUCKET_BYTES;
}
