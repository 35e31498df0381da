/* resident: a tlsd for many connections (sallyport -l).  It has OpenSSL and the certificates ready, waits for connections
 * of launch's on FD_CTL, and forks for each; what it never does is to read an octet of the network. */
#ifndef RESIDENT_H
#define RESIDENT_H

#include "handshake.h"

/* A tlsd for the one connection that it finds: prepare that.  A resident one: read what all connections will need. */
void resident_prepare(struct front *f);
/* A tlsd for one connection: return at once.  A resident one: return in the child for each connection, which has the
 * descriptors, the deadline and the box that a tlsd for one has.  The parent ends, without returning, when launch sends
 * no more and the last child has ended; and takes no more when one has died by a signal, so that nobody can try twice
 * what depends on how memory is laid out: launch will start another. */
void resident_serve(struct front *f);

#endif
