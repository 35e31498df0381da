/* testaccount: an account of the system, as sallyport would find it. */
#ifndef TESTACCOUNT_H
#define TESTACCOUNT_H

#include "maildrop.h"
#include "userdb.h"

struct testaccount {
	struct userdb_secret secret; /* as secrets.cdb would have it */
	struct userdb_user user;     /* as users.cdb would */
	uint8_t octets[MAILDROP_FORM_MAX];
};

/* Does POP3_USERS of our environment say that there are accounts of the system, and users of our own? */
bool testaccount_accounts(void);
bool testaccount_own(void);
/* Look name up in the files of the system and say each step.  Returns 0, EXIT_ALREADY if there is no such account or its
 * lines are malformed, or another exit status after telling. */
int testaccount_find(const char *name, struct testaccount *a);

#endif
