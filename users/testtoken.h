/* testtoken: a login by a token, step by step. */
#ifndef TESTTOKEN_H
#define TESTTOKEN_H

#include "testlogin.h"
#include "userdb.h"

/* Read a token from standard input: is it good for the user of that name, who has these verifiers?  Says each step. */
bool testtoken_check(const struct testlogin *t, const char *name, const struct userdb_secret *secret, int *status);

#endif
