/* client: the certificate of a client, where one is asked for (POP3_TLSCLIENT). */
#ifndef CLIENT_H
#define CLIENT_H

#include <openssl/ssl.h>

#include "certificates.h"

enum { IDENTITY_MAX = USER_MAX };

/* Have the connections of this context ask.  Returns 0, or -1 when the authorities cannot be read. */
int client_ask(SSL_CTX *context, const struct certificates *c);
/* Put what there is to know of it into the facts; the identity's octets go to identity.  A name is taken only from a
 * certificate that an authority has signed: in any other, anybody can write anything. */
void client_facts(SSL *ssl, const struct certificates *c, struct facts *f, uint8_t identity[IDENTITY_MAX]);

#endif
