/* certificates: the chains that launch opened, read when a client has said which name it wants. */
#ifndef CERTIFICATES_H
#define CERTIFICATES_H

#include <openssl/x509.h>

#include "msg.h"

struct certificates {
	unsigned count;
	const char *name[KEYS_MAX]; /* several may have one name: RSA and ECDSA side by side */
	int chain[KEYS_MAX];
	int ocsp[KEYS_MAX]; /* -1: there is no response for it */
	int files[2 * KEYS_MAX];
	unsigned file_count; /* all of them, to be kept */
};

struct chain {
	X509 *leaf;
	STACK_OF(X509) * rest;
};

/* Read one argument, "CHAIN:OCSP:NAME": two descriptors, the second of which may be "-", and a name.  Returns 0, or -1
 * when it is none. */
int certificate_add(struct certificates *c, const char *argument);
/* Read number i.  Returns 0, or -1 when the file is no chain in PEM. */
int chain_read(const struct certificates *c, unsigned i, struct chain *out);
void chain_free(struct chain *c);
/* The OCSP response for number i, allocated by OpenSSL; NULL if there is none. */
uint8_t *ocsp_read(const struct certificates *c, unsigned i, size_t *len);

#endif
