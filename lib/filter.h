/* filter: a table of system calls, as a person reads it, made into the kernel's filter. */
#ifndef FILTER_H
#define FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum rule {
	ALWAYS,      /* whatever the arguments */
	WHEN,        /* only with this value in this argument */
	WHEN_BOTH,   /* and with that value in that one */
	WHEN_FROM,   /* only with this value or a higher one of 32 bits in this argument */
	WHEN_RECORD, /* pwrite of TABLE_RECORD octets to this descriptor, at a place of 32 bits below that value */
	WHEN_UIDS,   /* three equal uids, the one named or from the floor upwards: launch's setresuid */
	ELSE_EPERM,  /* otherwise the call fails; without such a row it kills */
};

/* Several rows of one call are alternatives.  Values are compared as 64 bits. */
struct allow {
	uint16_t call;
	uint8_t rule;
	uint8_t argument, argument2;
	uint32_t value, value2;
};

struct filter_uids {
	uid_t floor, one;
};

enum { FILTER_MAX = 512, FILTER_ROWS_MAX = 128, FILTER_NEAR = 150 };

enum end { END_KILL, END_ALLOW, END_FAIL, END__MAX };

struct filter {
	struct sock_filter room[FILTER_MAX];
	struct sock_filter *b;  /* n instructions, the last ones of the room */
	unsigned end[END__MAX]; /* where the filter leaves */
	unsigned short n;
};

/* Make the filter: the architecture first, then a binary search for the call, so that the kernel's checks of every
 * possible call at installation, and of each one made later, are short; short itself, because the kernel translates it
 * for each process.  Anything that no row allows kills the process.  Dies (101) when the table is too long. */
void filter_make(struct filter *f, const struct allow *rows, size_t n, struct filter_uids uids);

#endif
