/* response: what a client sends with a token. */
#ifndef RESPONSE_H
#define RESPONSE_H

#include "msg.h"

struct bearer {
	size_t name_len;
	uint8_t name[USER_MAX]; /* whom the client wants to be; at least one octet */
	struct span token;      /* in the response; not looked into */
};

/* "n,a=NAME,^Ahost=...^Aport=...^Aauth=Bearer TOKEN^A^A" (RFC 7628 section 3.1).  A name is wanted, as section 3.1 lets
 * a server want it: what a token says of its user is looked at after the database is closed.  Returns 0, or -1. */
int bearer_rfc_get(struct span response, struct bearer *b);
/* "user=NAME^Aauth=Bearer TOKEN^A^A". */
int bearer_old_get(struct span response, struct bearer *b);

#endif
