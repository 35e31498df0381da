/* apop: APOP (RFC 1939 section 7). */
#ifndef APOP_H
#define APOP_H

#include "../attempt.h"

enum step apop_step(struct attempt *a, bool given, struct span response);

#endif
