/* external: the name in a client certificate that tlsd verified (RFC 4422 appendix A). */
#ifndef EXTERNAL_H
#define EXTERNAL_H

#include "attempt.h"

enum step external_step(struct attempt *a, bool given, struct span response);

#endif
