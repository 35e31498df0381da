/* table: a file of records of fixed size that many processes read and change, without a process that keeps it.
 *
 * A record is found by a tag, a keyed hash of what it is about; names and addresses stand nowhere in it.  The tag says
 * in which bucket of eight records it may be.  When a bucket is full, the record whose time is the least gives way.  A
 * record that a crash or a hand has damaged is one that is not there, for each has a check over it.  The file never
 * grows: a table costs the same however long it is used.
 *
 * A record: 16 octets tag, u64 time (milliseconds since 1970; what it means is the user's business), 32 octets of
 * anything, 8 octets check. */
#ifndef TABLE_H
#define TABLE_H

#include "span.h"

enum {
	TABLE_RECORD = 64,
	TABLE_BUCKET = 8, /* records */
	TABLE_TAG = 16,
	TABLE_REST = 32,
	TABLE_KEY = 32, /* octets of the key: the server secret */
};

struct table {
	int fd;
	uint64_t buckets;
	const uint8_t *key;
};

struct record_of_table {
	uint8_t tag[TABLE_TAG];
	uint64_t time;
	uint8_t rest[TABLE_REST];
};

/* The table in the file open on fd.  Returns 0, or -1 if the file has not room for one bucket. */
int table_open(struct table *t, int fd, const uint8_t key[TABLE_KEY]);
/* The tag of what two spans and a word say. */
void table_tag(const struct table *t, const char *word, struct span a, struct span b, uint8_t tag[TABLE_TAG]);
/* The record of r->tag.  Returns 1; 0 if there is none, and then the rest of *r is zero; or -1 if it cannot be read. */
int table_get(const struct table *t, struct record_of_table *r);
/* Change the record of tag under a lock: change sees it, or zeros if there is none, and returns whether it is to be
 * written.  Returns 0, or -1 if it cannot be read or written. */
int table_change(const struct table *t, const uint8_t tag[TABLE_TAG],
		 bool (*change)(struct record_of_table *r, void *with), void *with);
/* Record number n of all, for whoever looks at each.  Returns 1, 0 if it is free or damaged, or -1 at the end. */
int table_nth(const struct table *t, uint64_t n, struct record_of_table *r);
/* How many octets a file needs for so many records, with room to spare. */
uint64_t table_size(uint64_t records);

#endif
