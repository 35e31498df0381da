/* testlogin: go the way of a login, through the compiled databases, and say each step. */
#ifndef TESTLOGIN_H
#define TESTLOGIN_H

#include <stdbool.h>

/* Say a step. */
void testlogin_step(bool good, const char *what, const char *detail);
/* As if from an address (NULL: not known).  bare: the name of an account of the system, or empty.  Returns 0 if a login by this password would find its maildrop, 1 if not, or
 * another exit status after telling. */
int testlogin_run(const char *users, const char *data, const char *name, const char *bare, const char *from);

#endif
