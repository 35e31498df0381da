/* external: the client certificate that tlsd saw (RFC 4422 appendix A), and whose record has it. */
#ifndef EXTERNAL_H
#define EXTERNAL_H

#include "attempt.h"

enum step external_step(struct attempt *a, bool given, struct span response);

#endif
