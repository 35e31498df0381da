/* pem: the armour of certificates and keys (RFC 7468), taken off without OpenSSL's readers, which cost more. */
#ifndef PEM_H
#define PEM_H

#include "span.h"

enum { PEM_LABEL_MAX = 64 };

struct pem {
	struct span label; /* "CERTIFICATE", "PRIVATE KEY": inside the text */
	size_t len;        /* octets that were decoded */
};

/* Take the next block off the front of *text and decode it to out, which has room for `room` octets.  Returns 1; 0
 * when there is no further block; -1 for one that is damaged, has headers (an encrypted key) or does not fit. */
int pem_next(struct span *text, struct pem *block, uint8_t *out, size_t room);

#endif
