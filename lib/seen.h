/* seen: when each user, and each of his app passwords, last logged in, and from where; and the addresses that he is
 * known at.  Kept in a table of its own, which failures cannot fill: only who has logged in writes there. */
#ifndef SEEN_H
#define SEEN_H

#include "address.h"
#include "table.h"

enum { SEEN_KNOWN = 4 }; /* address blocks that a user is known at: an IPv4 address, or 64 bits of IPv6 */

struct seen {
	uint64_t time; /* milliseconds since 1970; 0: never, or it is not known */
	bool somewhere;
	struct address from;
};

/* A name for the block that from is in, if user is known there; 0 if not. */
uint32_t seen_known(const struct table *t, struct span user, const struct address *from);
/* The same for the i'th of them, i < SEEN_KNOWN; 0 if there are not so many. */
uint32_t seen_known_nth(const struct table *t, struct span user, unsigned i);
/* A login by the verifier under label (empty: the main one).  A table that cannot be used remembers nothing. */
void seen_put(const struct table *t, struct span user, struct span label, const struct address *from, uint64_t now_ms);
/* When and from where: by any verifier, or (label is not NULL) by that app password. */
struct seen seen_get(const struct table *t, struct span user, const struct span *label);
/* Forget where the user is known. */
int seen_forget(const struct table *t, struct span user);

#endif
