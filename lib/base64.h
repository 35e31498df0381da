/* base64: RFC 4648 section 4, and nothing that is only nearly so. */
#ifndef BASE64_H
#define BASE64_H

#include "span.h"

/* Octets that n octets become, without a NUL. */
#define BASE64_LENGTH(n) (((n) + 2) / 3 * 4)

/* Write the base64 of s to out, which holds BASE64_LENGTH(s.len) octets; returns how many there are. */
size_t base64_put(struct span s, uint8_t *out);
/* Decode all of text into out, which holds room octets.  Returns 0 and *len, or -1: a letter that is not of the
 * alphabet (white space is not), padding that is missing, in excess or not at the end, bits behind the last octet that
 * are not 0, or no room.  No text is no octets. */
int base64_get(struct span text, uint8_t *out, size_t room, size_t *len);

#endif
