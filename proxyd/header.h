/* header: the PROXY protocol's header, versions 1 and 2, as HAProxy's proxy-protocol.txt defines it. */
#ifndef HEADER_H
#define HEADER_H

#include "msg.h"

enum {
	HEADER_FIRST = 12,      /* octets that every header has */
	HEADER_TEXT_MAX = 107,  /* of version 1, its CRLF included */
	HEADER_BINARY_MIN = 16, /* of version 2: signature, version and command, family, length */
	HEADER_MAX = 4096,      /* of version 2 that we take; it permits 65551, and nobody sends 1000 */
};

enum header { HEADER_MORE, HEADER_WHOLE, HEADER_BAD };

/* Look at the octets that have come so far.  HEADER_MORE: *want more certainly belong to the header, so that many may
 * be read and not one more, for what follows is the client's.  HEADER_WHOLE: in is all of it, and *p what it says;
 * p->known is false for LOCAL, UNKNOWN and families other than TCP over IPv4 and IPv6. */
enum header header_parse(struct span in, size_t *want, struct proxied *p);

#endif
