/* scram: SCRAM-SHA-1 and SCRAM-SHA-256, and their forms that are bound to TLS (RFC 5802, RFC 7677, RFC 9266). */
#ifndef SCRAM_H
#define SCRAM_H

#include "../attempt.h"

enum step scram_step(struct attempt *a, bool given, struct span response);

#endif
