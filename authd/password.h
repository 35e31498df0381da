/* password: one mechanism, a password in clear against a stored verifier. */
#ifndef PASSWORD_H
#define PASSWORD_H

#include "secret.h"

enum password {
	PASSWORD_RIGHT,
	PASSWORD_WRONG,
	PASSWORD_NO_MEMORY,    /* cannot be judged now */
	PASSWORD_BAD_VERIFIER, /* can never be judged: the verifier is not one that we accept */
};

/* Is proof the password that verifier was made from?  Both are copied into s, and so is what libcrypt makes of them. */
enum password password_check(struct secret *s, struct span proof, struct span verifier);

#endif
