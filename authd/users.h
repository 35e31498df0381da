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

struct users {
	struct userdb_secret user; /* the decoy's again for an unknown name */
	struct userdb_secret decoy;
};

/* Look name up in the secrets.cdb open on fd, close fd, and leave the values and the server secret in s, and *found
 * pointing there.  All are read, whatever the outcome. */
enum users_result users_find(int fd, struct span name, struct secret *s, struct users *found);
/* The name of the one user whose record has a certificate of this kind, in value; no octets when there is none, or more
 * than one, or the database cannot tell.  fd stays open for users_find. */
struct span users_owner(int fd, enum userdb_kind kind, struct span certificate, uint8_t value[USERDB_SECRET_MAX]);

#endif
