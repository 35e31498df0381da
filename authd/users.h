/* users: one name out of secrets.cdb. */
#ifndef USERS_H
#define USERS_H

#include "secret.h"

enum users_result {
	USERS_KNOWN,   /* the value is the user's */
	USERS_UNKNOWN, /* there is no such name: the value is the decoy's */
	USERS_FAILED,  /* the database cannot be read now */
	USERS_DAMAGED, /* the database is not one that sallyport-user made */
};

/* Look name up in the secrets.cdb open on fd, close fd, and leave the value in s and *found pointing into it.
 * The name and the decoy are both read, whatever the outcome. */
enum users_result users_find(int fd, struct span name, struct secret *s, struct userdb_secret *found);

#endif
