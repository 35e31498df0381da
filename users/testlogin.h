/* testlogin: go the way of a login, through the compiled databases, and say each step. */
#ifndef TESTLOGIN_H
#define TESTLOGIN_H

#include <stdbool.h>
#include <sys/types.h>

#include "name.h"

/* Say a step. */
void testlogin_step(bool good, const char *what, const char *detail);
struct testlogin {
	const char *users, *data; /* the text, and the directory of the databases */
	const char *name;
	const char *bare; /* the name of an account of the system, or empty */
	const char *from; /* as if from this address; NULL: not known */
	bool token;       /* by a token instead of a password */
};
/* Returns 0 if a login by what is on standard input would find its maildrop, 1 if not, or another exit status after
 * telling. */
int testlogin_run(const struct testlogin *t);
/* The form that names have, by the settings in our environment, as sallyport by its own.  Returns 0, or an exit status
 * after telling. */
int testlogin_policy(struct name_policy *p);
/* Read the value of key in data/database.  Returns its length, 0 if there is none, or -1 after telling. */
ssize_t testlogin_value(const char *data, const char *database, struct span key, uint8_t *value, size_t room);

#endif
