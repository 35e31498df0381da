/* saslname: names as SCRAM and OAUTHBEARER write them (RFC 5802 section 5.1, RFC 5801 section 4). */
#ifndef SASLNAME_H
#define SASLNAME_H

#include "msg.h"

/* UTF-8 in which "=2C" is a comma, "=3D" the sign itself, and no other "=" is anything.  Returns 0 and *len, or -1: it is
 * none, is empty, has a NUL or does not fit. */
int saslname_read(struct span text, uint8_t out[USER_MAX], size_t *len);

#endif
