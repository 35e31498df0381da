/* methods: which mechanisms an executable of this room can judge.  authd/methods.c are authd's, which need no OpenSSL;
 * authd/crypto/methods.c are authd-crypto's. */
#ifndef METHODS_H
#define METHODS_H

#include "attempt.h"
#include "sandbox.h"

extern const struct method methods[MECH__MAX];
/* Those that the other executable judges. */
extern const unsigned methods_elsewhere;
/* The box that they need. */
extern const struct sandbox *const methods_sandbox;
/* Begin what they need, before the box is closed. */
void methods_start(void);

#endif
