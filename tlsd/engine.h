/* engine: OpenSSL, with all that one connection of a server needs and nothing else. */
#ifndef ENGINE_H
#define ENGINE_H

#include <openssl/ssl.h>

#include "certificates.h"

struct engine {
	struct certificates certificates;
	EVP_PKEY *keys[KEYS_MAX]; /* the provider's, of certificates that were used */
	int minimum;              /* TLS1_2_VERSION or TLS1_3_VERSION */
	SSL *ssl;
	const char *served; /* the name of the certificate that was chosen */
};

/* Start OpenSSL and make the one connection, which will be on FD_IN and FD_OUT; dies when that cannot be. */
void engine_start(struct engine *e);
/* Read all certificates now, for the connections of processes that will be copies of this one; dies when one cannot be used. */
void engine_load(struct engine *e);
/* The client is on FD_IN and FD_OUT, the program behind on the other two: records leave at once, and no read or write
 * holds us; the waiting is done in ppoll. */
void engine_attach(void);
/* Why the last call failed, in words, for the log. */
const char *engine_error(const SSL *ssl);

#endif
