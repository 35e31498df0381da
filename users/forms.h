/* forms: what a password is stored as besides its hash: for SCRAM, which needs no password again, and for APOP and
 * CRAM-MD5, which need the password itself. */
#ifndef FORMS_H
#define FORMS_H

#include "hash.h"
#include "lines.h"
#include "userdb.h"

enum {
	SCRAM_ITERATIONS = 10000, /* of a new one; the client computes them, we once */
	SCRAM_SALT_BYTES = 16,
	FORMS_TEXT_MAX = USERDB_PROOF__MAX * LINE_TEXT_MAX,
};

/* Sets of kinds: this bit of enum userdb_kind. */
#define FORM_BIT(kind) (1U << (kind))

/* The key of shared secrets, which is made if there is none.  Returns 0, or an exit status after telling. */
int shared_key_get(const char *data, uint8_t key[USERDB_SHARED_KEY_BYTES]);
/* The box of secret, 1 to USERDB_BOX_MAX - 16 octets, and its nonce. */
void shared_box(struct span secret, const uint8_t key[USERDB_SHARED_KEY_BYTES], uint8_t nonce[USERDB_NONCE_BYTES],
		uint8_t box[USERDB_BOX_MAX]);
/* The text of a verifier of that kind, which is not USERDB_PASSWORD.  Returns 0, or an exit status after telling. */
int form_make(enum userdb_kind kind, const char *password, const char *data, char out[USERDB_VERIFIER_MAX + 1]);
/* Is password the one that v, which is no hash, was made from? */
enum hash_result form_check(const struct userdb_verifier *v, const char *password, const char *data);
/* Append to the user's own line, in text, a line for each kind in the set, with the limits of the main password.
 * Returns 0, or an exit status after telling. */
int forms_append(char text[FORMS_TEXT_MAX], const struct fields *f, const char *password, unsigned kinds,
		 const char *data);

#endif
