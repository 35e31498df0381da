/* system: accounts of the system, as shadow(5) and passwd(5) have them.  No NSS: no foreign code runs beside the hashes. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include "secret.h"
#include "shell.h"
#include "users.h"

/* Which users there are: those of secrets.cdb, accounts of the system, or both. */
struct system_policy {
	bool own, accounts;
	enum shells shells;
};

/* "own", "system" or "both", and "any", "login" or "listed", as launch passes them on.  Returns 0, or -1 for others. */
int system_policy_read(const char *users, const char *shells, struct system_policy *p);

/* Look name (empty: none) up in the files on FD_SHADOW, FD_PASSWD and FD_SHELLS, close them, and make of it what
 * secrets.cdb would have for such a user: disabled when locked, expired, too old or kept out by his shell.  All is read,
 * whatever the outcome.  A line of his that is malformed is told to the log, and damaged. */
enum users_result system_find(struct span name, enum shells shells, uint64_t now, struct secret *s,
			      struct userdb_secret *user);
/* Of the hashes that were read, the last that could be judged: what an unknown name is judged by where all users are of
 * the system.  Empty if there was none. */
struct span system_usual(const struct secret *s);

#endif
