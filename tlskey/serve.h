/* serve: what tlsd asks for, once for each connection. */
#ifndef SERVE_H
#define SERVE_H

#include <openssl/evp.h>

#include "msg.h"

struct keys {
	unsigned count;
	int fd[KEYS_MAX];
	EVP_PKEY *key[KEYS_MAX]; /* those that have been read */
	bool resident;           /* for the channels of many connections, which launch hands over */
};

/* The one connection whose channel is FD_CTL: sign one handshake.  A resident one: read all keys, or die when one cannot be,
 * then serve each channel that comes by FD_CTL so, until launch sends no more and the last is closed. */
void keys_serve(struct keys *k);

#endif
