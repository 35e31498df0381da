/* issuers: whose signed tokens (RFC 7519) stand for users' passwords, and the public keys that they sign with: one value
 * in secrets.cdb, under a key of its own, which no client can send as a name. */
#ifndef ISSUERS_H
#define ISSUERS_H

#include "msg.h"

enum {
	ISSUERS_MAX = 8,
	ISSUER_KEYS_MAX = 32,     /* of all issuers */
	ISSUER_TEXT_MAX = 255,    /* octets of each text */
	ISSUER_AUDIENCES_MAX = 8, /* of one issuer */
	ISSUER_MODULUS_MIN = 256, /* octets: RSA of 2048 bits (RFC 7518 section 3.3) */
	ISSUER_MODULUS_MAX = 1024,
	ISSUER_EXPONENT_MAX = 4,
	ISSUER_P256_BYTES = 64,    /* both coordinates, one behind the other */
	ISSUER_ED25519_BYTES = 32, /* RFC 8032 */
	ISSUERS_BYTES = MSG_MAX,   /* octets of the whole value */
};

/* What a key signs by.  It is said by the key and never by a token alone. */
enum issuer_algorithm { ISSUER_RS256, ISSUER_ES256, ISSUER_EDDSA, ISSUER_ALGORITHM__MAX };

struct issuer_key {
	uint8_t algorithm;
	struct span kid;      /* what tokens call it; empty: it has no name and may be anyone's */
	struct span key;      /* the modulus, the coordinates, or the point */
	struct span exponent; /* of RSA */
};

struct issuer {
	struct span name;  /* as "iss" has it */
	struct span claim; /* whose value names the user */
	struct span scope; /* that tokens must have; empty: none */
	uint8_t audience_count;
	struct span audiences[ISSUER_AUDIENCES_MAX]; /* a token must be for one of them */
	uint8_t key_count;
	struct issuer_key *keys; /* in the issuers' */
};

struct issuers {
	uint8_t count;
	struct issuer issuers[ISSUERS_MAX];
	struct issuer_key keys[ISSUER_KEYS_MAX];
};

/* The key, and the value:
 *	u8 version (1), u8 count (1..8), and for each issuer
 *	bytes name (1..255), bytes claim (1..255), bytes scope (0..255), u8 audiences (1..8), so many bytes (1..255),
 *	u8 keys (1..32 of all issuers), and for each key
 *	u8 algorithm, bytes kid (0..255), and by algorithm
 *	RS256: bytes modulus (256..1024, the first not 0), bytes exponent (1..4, the first not 0)
 *	ES256: bytes coordinates (64)
 *	EdDSA: bytes point (32) */
extern const struct span issuers_key;
void issuers_put(struct wr *m, const struct issuers *s);
/* Returns 0, or -1 if in is not exactly such a value.  The spans point into in, the issuers' keys into s. */
int issuers_get(struct span in, struct issuers *s);

#endif
