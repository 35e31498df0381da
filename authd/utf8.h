/* utf8: RFC 3629. */
#ifndef UTF8_H
#define UTF8_H

#include "span.h"

/* Every octet belongs to a character in its shortest form, none of them a surrogate. */
bool utf8_is_valid(struct span s);

#endif
