/* verify: one proof in, one verdict out. */
#ifndef VERIFY_H
#define VERIFY_H

#include "secret.h"
#include "users.h"

enum verdict {
	VERDICT_YES,
	VERDICT_PASSWORD,
	VERDICT_NOUSER,
	VERDICT_DISABLED,
	VERDICT_TEMPORARY, /* we could not judge; later we may */
	VERDICT_BROKEN,    /* an administrator must compile the databases again */
	VERDICT__MAX,
};

/* Judge proof by what users_find found.  An unknown name is judged by the decoy and a disabled user by the user's own
 * verifier: the same work, and then no. */
enum verdict verify_password(struct secret *s, enum users_result result, const struct users *found, struct span proof);
/* The word for the log, and what pop3d is told; neither exists for VERDICT_YES. */
const char *verdict_reason(enum verdict v);
enum answer verdict_answer(enum verdict v);

#endif
