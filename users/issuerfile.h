/* issuerfile: the text `issuers`, beside that of the users: whose tokens stand for passwords, and by what keys.
 *	issuer https://login.example.org/realms/mail
 *	    keys login.jwks
 *	    audience sallyport
 *	    user email
 *	    scope pop3 */
#ifndef ISSUERFILE_H
#define ISSUERFILE_H

#include "fresh.h"
#include "keyset.h"

struct issuerfile {
	char path[FRESH_PATH_MAX];
	const char *directory;
	uint8_t *text; /* NULL: there is no such file, and so no issuer */
	size_t len;
	struct issuers issuers;
	size_t first_line[ISSUERS_MAX];
	struct keyset keys;
};

/* Read it from that directory, and the keys that it names; say what is wrong with which line.  Returns 0, or an exit
 * status after telling.  A file that is missing is an empty one. */
int issuerfile_read(struct issuerfile *f, const char *directory, keyset_note *note);
void issuerfile_free(struct issuerfile *f);

#endif
