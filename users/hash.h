/* hash: verifiers, made and checked. */
#ifndef HASH_H
#define HASH_H

#include "userdb.h"

enum {
	PASSWORD_MAX = 248,      /* what fits "PASS" in the 255 octets of a line that every server takes (RFC 2449) */
	PASSWORD_NEW_CHARS = 20, /* of a generated password: 5 bits each */
};

struct hash_cost {
	uint64_t kib;
	uint64_t passes;
};

/* The cost that SALLYPORT_ARGON2_KIB and SALLYPORT_ARGON2_PASSES ask for, or the default.  Returns 0, or an exit
 * status after telling what is wrong. */
int hash_cost_read(struct hash_cost *cost);
/* An argon2id verifier of password.  Returns 0, or -1 if there is no memory. */
int hash_make(const char *password, const struct hash_cost *cost, char out[USERDB_VERIFIER_MAX + 1]);
/* A verifier of the same scheme and cost as like, made from random bytes that nobody will ever know.
 * Returns 0 or -1. */
int hash_decoy(struct span like, char out[USERDB_VERIFIER_MAX + 1]);

enum hash_result { HASH_RIGHT, HASH_WRONG, HASH_FAILED };
/* Is password the one that verifier was made from?  HASH_FAILED: no memory, or the verifier is damaged. */
enum hash_result hash_check(struct span verifier, const char *password);

/* A new random password. */
void hash_password_new(char out[PASSWORD_NEW_CHARS + 1]);

#endif
