/* crlf: a stored message as it crosses the wire, and how many octets that is.  storage counts and pop3d converts
 * with the same rules, so that LIST is what RETR sends:
 *   a bare LF becomes CRLF; CRLF, lone CR, NUL and every other byte pass unchanged;
 *   a message that does not end in LF gets a CRLF; an empty one gets nothing;
 *   each line that begins with a dot, the first one too, gets one more, which is not counted (RFC 1939 section 3). */
#ifndef CRLF_H
#define CRLF_H

#include <stddef.h>
#include <stdint.h>

struct crlf {
	uint8_t last;    /* the byte before, LF at the start of a message */
	uint64_t octets; /* without the dots that were added */
};

void crlf_start(struct crlf *c);
/* Count n more bytes of the message. */
void crlf_count(struct crlf *c, const uint8_t *in, size_t n);
/* Convert n more bytes to out, which must have room for 2 * n.  Returns how many were written. */
size_t crlf_convert(struct crlf *c, const uint8_t *in, size_t n, uint8_t *out);
/* The message has ended: how many octets (0 or 2, a CRLF) are missing?  Counts them. */
size_t crlf_end(struct crlf *c);

#endif
