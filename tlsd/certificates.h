/* certificates: the chains that launch opened, read when a client has said which name it wants. */
#ifndef CERTIFICATES_H
#define CERTIFICATES_H

#include <openssl/x509.h>

#include "msg.h"

struct chain {
	X509 *leaf; /* NULL: not read yet */
	STACK_OF(X509) * rest;
};

struct response {
	uint8_t *der;
	size_t len;
};

struct certificates {
	unsigned count;
	const char *name[KEYS_MAX]; /* several may have one name: RSA and ECDSA side by side */
	int chain[KEYS_MAX];
	int ocsp[KEYS_MAX];                                                 /* -1: there is no response for it */
	enum { CLIENTS_NONE, CLIENTS_ANY, CLIENTS_OF_AUTHORITIES } clients; /* who is asked for a certificate */
	int authorities;                                                    /* whose certificates those are */
	int files[1 + 2 * KEYS_MAX];
	unsigned file_count;           /* all of them, to be kept */
	struct chain chains[KEYS_MAX]; /* what has been read of them */
	struct response responses[KEYS_MAX];
};

/* Read the argument that says whose certificates are asked for: "-", "any", or the descriptor of their authorities; it
 * comes before the others.  Returns 0, or -1 when it is none. */
int authorities_set(struct certificates *c, const char *argument);
/* Read one argument, "CHAIN:OCSP:NAME": two descriptors, the second of which may be "-", and a name.  Returns 0, or -1
 * when it is none. */
int certificate_add(struct certificates *c, const char *argument);
/* Number i, which is read when it is first asked for.  NULL when the file is no chain in PEM, or has a private
 * key too. */
const struct chain *chain_get(struct certificates *c, unsigned i);
/* Authorities of clients' certificates, all that the file has.  NULL when it has none, or one that cannot be read, or a
 * private key. */
STACK_OF(X509) * authorities_read(const struct certificates *c);
/* The OCSP response for number i, read when it is first asked for; NULL if there is none. */
const struct response *ocsp_get(struct certificates *c, unsigned i);
/* All files have been read, or will not be needed. */
void certificates_close(struct certificates *c);

#endif
