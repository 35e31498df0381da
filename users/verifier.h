/* verifier: one verifier as the text has it: a hash, or {KIND}FIELDS for everything that is not one. */
#ifndef VERIFIER_H
#define VERIFIER_H

#include "options.h"
#include "userdb.h"

enum {
	VERIFIER_TEXT_MAX = USERDB_VERIFIER_MAX,
	VERIFIER_OCTETS_MAX = 400, /* of what its base64 fields hold */
};

/* Read text into the fields of v that its kind has.  Octets that base64 stood for are put into octets, and v points
 * there.  Returns what is wrong with it, and what to do about it; or NULL. */
const char *verifier_fault(struct span text, struct userdb_verifier *v, uint8_t octets[VERIFIER_OCTETS_MAX]);
/* "argon2id", ..., "scram-sha-256", "shared": for lists.  text must be without fault. */
const char *verifier_name(struct span text);
/* "scram-sha-256", ...: of a kind that is no hash. */
const char *verifier_kind_name(enum userdb_kind kind);
/* The kind of that name, which is no hash; USERDB_KIND__MAX if there is none. */
enum userdb_kind verifier_kind(struct span name);
/* The fields that the options say. */
void verifier_options(struct userdb_verifier *v, const struct options *o);

#endif
