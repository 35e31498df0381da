/* certificates: the files of POP3_TLS, opened as root and handed over open, certificates to tlsd and keys to tlskey.
 * launch looks at names and modes; what is in the files it does not read. */
#ifndef CERTIFICATES_H
#define CERTIFICATES_H

#include "msg.h"

enum { CERTIFICATE_NAME_MAX = 255 };

struct certificates {
	unsigned count; /* pairs of a certificate and a key; 0: no TLS */
	char name[KEYS_MAX][CERTIFICATE_NAME_MAX + 1];
	int chain[KEYS_MAX], ocsp[KEYS_MAX], key[KEYS_MAX]; /* ocsp: -1 if there is none */
	int authorities;                                    /* of clients' certificates; -1 if there are none */
	int public_files[1 + 2 * KEYS_MAX];                 /* authorities, chains and responses, ascending */
	unsigned public_count;
};

/* Open what the directory path holds: fullchain.pem with privkey.pem and perhaps ocsp.der, fullchain-ecdsa.pem with
 * privkey-ecdsa.pem and perhaps ocsp-ecdsa.der; the same in each directory in it, whose name is the host's, a wildcard
 * ("*.example.org" or "_.example.org") or "default".  Those directly in path are "default".
 * authorities is "-", "any" or a file.
 * Dies when path cannot be listed, when a certificate has no key, when others can read a key, and when there are more
 * than KEYS_MAX. */
void certificates_open(struct certificates *c, const char *path, const char *authorities);
/* A number that changes when one of these files, or a directory that they are in, is written or replaced.  Opens none of
 * them, and dies of nothing: what cannot be looked at counts as not there. */
uint64_t certificates_mark(const char *path, const char *authorities);
/* Let go of them. */
void certificates_close(struct certificates *c);

#endif
