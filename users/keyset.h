/* keyset: the public keys that an issuer of tokens signs with, as it publishes them: a JWK Set (RFC 7517), or PEM. */
#ifndef KEYSET_H
#define KEYSET_H

#include "issuers.h"

struct keyset {
	size_t count;
	struct issuer_key keys[ISSUER_KEYS_MAX];
	uint8_t kids[ISSUER_KEYS_MAX][ISSUER_TEXT_MAX];
	uint8_t octets[ISSUER_KEYS_MAX][ISSUER_MODULUS_MAX];
	uint8_t exponents[ISSUER_KEYS_MAX][ISSUER_EXPONENT_MAX];
};

/* Hears of keys that are left out, and why: those for other ends and of other algorithms, of which a set has many. */
typedef void keyset_note(const char *path, size_t number, struct span kid, const char *why);

/* Add the keys in text, which is path's, to k; note may be NULL.  Returns NULL, or what is wrong and what to do about it,
 * and at which key, from 1; 0: with the whole. */
const char *keyset_add(struct keyset *k, const char *path, struct span text, keyset_note *note, size_t *number);
/* "RS256", "ES256" or "EdDSA". */
const char *keyset_algorithm(const struct issuer_key *k);

#endif
