/* give: one attempt, as a checkpassword program reads it. */
#ifndef GIVE_H
#define GIVE_H

#include "msg.h"

enum { GIVE_MAX = 512 }; /* octets that a checkpassword program reads */

/* "login NUL password NUL timestamp NUL" of an attempt by password.  Returns its length, or 0 if it does not fit; a
 * password with a NUL inside would be another one, and does not fit either. */
size_t give_put(const struct verify *v, const char *timestamp, uint8_t out[GIVE_MAX]);

#endif
