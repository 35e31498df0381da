/* address: IPv4 and IPv6 addresses in one form, and blocks of them. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include "span.h"

enum {
	ADDRESS_BYTES = 16,
	ADDRESS_BITS = 128,
	ADDRESS_TEXT_MAX = 46,    /* its NUL included */
	NETWORK_TEXT_MAX = 46 + 4 /* the same with "/128" */
};

/* IPv4 a.b.c.d is ::ffff:a.b.c.d. */
struct address {
	uint8_t b[ADDRESS_BYTES];
};

/* All addresses that begin with the first `bits` bits of a. */
struct network {
	struct address a;
	uint8_t bits; /* 0..128; an IPv4 block of n bits has 96 + n */
};

bool address_is_four(const struct address *a);
/* 127.0.0.0/8 or ::1 */
bool address_is_loopback(const struct address *a);
/* Returns 0, or -1 if text is no address. */
int address_read(struct span text, struct address *a);
void address_print(const struct address *a, char out[ADDRESS_TEXT_MAX]);
/* The block of that many bits that a lies in. */
struct network address_block(const struct address *a, unsigned bits);

/* "10.0.0.0/8", "2001:db8::/32" or an address alone.  Returns 0, or -1 if text is none of these or has bits behind
 * its prefix, which are a mistake more often than not. */
int network_read(struct span text, struct network *n);
void network_print(const struct network *n, char out[NETWORK_TEXT_MAX]);
bool network_has(const struct network *n, const struct address *a);

#endif
