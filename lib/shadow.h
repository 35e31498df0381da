/* shadow: what a line of shadow(5) says of an account. */
#ifndef SHADOW_H
#define SHADOW_H

#include "span.h"

enum { SHADOW_FIELDS = 9, SHADOW_DAY = 86400 };

struct shadow {
	struct span hash; /* what no '!' or '*' stands before any more; empty: no password is right */
	bool locked;      /* there was one, or there is no password at all */
	uint64_t expires; /* seconds since 1970 from which on the password is not accepted; 0: never */
};

/* Read the fields of a line, name first.  An account ends with the day in its eighth field; a password must have been
 * changed before, by its third to seventh: it is accepted for as many days after its last as it may be inactive.
 * A maximum age of 10000 days or more is none.  Whoever has to change it at the next login cannot log in here, where nobody can.
 * Returns 0, or -1 if a number is none. */
int shadow_read(const struct span fields[SHADOW_FIELDS], struct shadow *s);

#endif
