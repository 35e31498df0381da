/* engine: OpenSSL, with all that one connection of a server needs and nothing else. */
#ifndef ENGINE_H
#define ENGINE_H

#include <openssl/ssl.h>

#include "certificates.h"

struct engine {
	struct certificates certificates;
	int minimum; /* TLS1_2_VERSION or TLS1_3_VERSION */
	SSL *ssl;
	const char *served; /* the name of the certificate that was chosen */
};

/* Start OpenSSL and make the one connection, on FD_IN and FD_OUT; dies when that cannot be. */
void engine_start(struct engine *e);
/* Why the last call failed, in words, for the log. */
const char *engine_error(const SSL *ssl);

#endif
