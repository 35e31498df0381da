/* digest: hashes of the form {SSHA512}BASE64, as Dovecot and others write them: the digest of password and salt, and
 * then the salt.  Fast to compute: good for passwords that a machine made, and for what people bring with them. */
#ifndef DIGEST_H
#define DIGEST_H

#include "span.h"

enum {
	DIGEST_SALT_MAX = 64,
	DIGEST_NEW_SALT = 16,
	DIGEST_TEXT_MAX = 130, /* of what digest_make writes, its NUL included */
};

enum digest { DIGEST_RIGHT, DIGEST_WRONG, DIGEST_DAMAGED };

/* {SSHA512}, {SHA512}, {SSHA256} and {SHA256}. */
bool digest_is(struct span hash);
/* Is password the one that hash was made from? */
enum digest digest_check(struct span hash, struct span password);
/* Is hash of that form? */
bool digest_is_good(struct span hash);
/* {SSHA512} of password, with a new salt. */
void digest_make(struct span password, char out[DIGEST_TEXT_MAX]);

#endif
