/* oauth: a signed token in the place of a password: OAUTHBEARER (RFC 7628), and XOAUTH2, which clients knew before. */
#ifndef OAUTH_H
#define OAUTH_H

#include "../attempt.h"

/* Of both: a->mechanism says which. */
enum step oauth_step(struct attempt *a, bool given, struct span response);

#endif
