/* mac: hashes and keyed hashes, all of them OpenSSL's. */
#ifndef MAC_H
#define MAC_H

#include "span.h"

enum mac {
	MAC_MD5, /* broken as a hash, and what APOP and CRAM-MD5 are made of */
	MAC_SHA1,
	MAC_SHA256,
};

enum { MAC_MAX = 32 }; /* octets of the longest */

/* How many octets it has: 16, 20 or 32. */
size_t mac_length(enum mac m);
/* HMAC (RFC 2104) of text under key, which has at least one octet.  Returns 0, or -1 if OpenSSL cannot. */
int mac_make(enum mac m, struct span key, struct span text, uint8_t out[MAC_MAX]);
/* The plain hash of text. */
int mac_hash(enum mac m, struct span text, uint8_t out[MAC_MAX]);

#endif
