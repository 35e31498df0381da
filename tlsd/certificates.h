/* certificates: the chains that launch opened, read when a client has said which name it wants. */
#ifndef CERTIFICATES_H
#define CERTIFICATES_H

#include <openssl/x509.h>

#include "msg.h"

struct certificates {
	unsigned count;
	const char *name[KEYS_MAX]; /* several may have one name: RSA and ECDSA side by side */
	int chain[KEYS_MAX];
	int ocsp[KEYS_MAX];                                                 /* -1: there is no response for it */
	enum { CLIENTS_NONE, CLIENTS_ANY, CLIENTS_OF_AUTHORITIES } clients; /* who is asked for a certificate */
	int authorities;                                                    /* whose certificates those are */
	int files[1 + 2 * KEYS_MAX];
	unsigned file_count; /* all of them, to be kept */
};

struct chain {
	X509 *leaf;
	STACK_OF(X509) * rest;
};

/* Read the argument that says whose certificates are asked for: "-", "any", or the descriptor of their authorities; it
 * comes before the others.  Returns 0, or -1 when it is none. */
int authorities_set(struct certificates *c, const char *argument);
/* Read one argument, "CHAIN:OCSP:NAME": two descriptors, the second of which may be "-", and a name.  Returns 0, or -1
 * when it is none. */
int certificate_add(struct certificates *c, const char *argument);
/* Read number i.  Returns 0, or -1 when the file is no chain in PEM, or has a private key too. */
int chain_read(const struct certificates *c, unsigned i, struct chain *out);
/* Authorities of clients' certificates, all that the file has.  NULL when it has none, or one that cannot be read, or a
 * private key. */
STACK_OF(X509) * authorities_read(const struct certificates *c);
void chain_free(struct chain *c);
/* The OCSP response for number i, allocated by OpenSSL; NULL if there is none. */
uint8_t *ocsp_read(const struct certificates *c, unsigned i, size_t *len);

#endif
