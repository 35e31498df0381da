/* identity: what the name that authd verified means, from a table that only root writes. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "config.h"
#include "maildrop.h"

struct identity {
	struct account who;
	char maildrop[MAILDROP_MAX];
};

/* Look name up in the users.cdb open on fd and check what it says.  Returns NULL, or why it is refused, for the log. */
const char *identity_find(int fd, struct span name, const struct config *c, struct identity *id);
/* The same in the /etc/passwd open on fd, for accounts of the system. */
const char *identity_of_account(int fd, struct span name, const struct config *c, struct identity *id);

#endif
