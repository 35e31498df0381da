/* relay: octets between TLS and the program behind it, both ways at once, with one record of each waiting at most. */
#ifndef RELAY_H
#define RELAY_H

#include "handshake.h"

/* Until the program behind has closed and all it said has been sent, or the client has gone. */
void relay_run(SSL *ssl);

#endif
