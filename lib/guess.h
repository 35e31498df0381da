/* guess: how many wrong passwords were tried, for an account and from an address, and what that costs the next one.
 *
 * A count is kept as the time when it will have faded to nothing: each guess moves that time on by a period.  Up to
 * half of the limit a guess is free, then it waits, and at the limit it is refused unheard until the count has faded
 * below it.  What comes at once is heard at once, up to the slots for judging, but all of it is counted, beyond the limit
 * too: on average nobody gains anything.  A right guess writes nothing here.  Counts are for: the account, from everywhere but known addresses; the account from one known address, so that
 * strangers cannot keep an owner out where he has been before; the address block; and for IPv6 the larger block. */
#ifndef GUESS_H
#define GUESS_H

#include "address.h"
#include "table.h"

enum {
	GUESS_PERIOD_ACCOUNT = 300000, /* milliseconds until one guess has faded */
	GUESS_PERIOD_BLOCK = 60000,
	GUESS_PERIOD_LARGE = 15000,
	GUESS_BLOCK_FACTOR = 5, /* of an address block: so many times the limit of an account */
	GUESS_LARGE_FACTOR = 20,
	GUESS_DELAY_MAX_MS = 8000,
	GUESS_COUNTS = 3,
	GUESS_DEBT_FACTOR = 4, /* nothing is counted beyond so many limits */
};

struct guess_count {
	uint8_t tag[TABLE_TAG];
	uint64_t period;
	unsigned limit;
};

struct guess {
	const struct table *table;
	struct guess_count counts[GUESS_COUNTS]; /* the first is the account's */
	unsigned count;
	unsigned delay_ms; /* so long the next guess has to wait */
	bool refused;      /* it must not be judged */
};

/* Which counts a guess is for.  from: NULL if it is not known; known: a name for the address, from seen_known, or 0.
 * limit: of an account. */
void guess_about(struct guess *g, const struct table *t, struct span user, const struct address *from, uint32_t known,
		 unsigned limit);
/* What the next guess has to expect.  A table that cannot be read refuses nothing. */
void guess_look(struct guess *g, uint64_t now_ms);
/* It was wrong: count it, unless this password was wrong lately.  password: empty if the proof was none. */
void guess_wrong(const struct guess *g, struct span user, struct span password, uint64_t now_ms);

/* The count i of g now, in guesses, for an administrator to see. */
unsigned guess_level(const struct guess *g, unsigned i, uint64_t now_ms);
/* Forget it.  Returns 0 or -1. */
int guess_clear(const struct guess *g, unsigned i);

#endif
