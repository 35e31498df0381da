/* plain: mechanisms that send a password as it is. */
#ifndef PLAIN_H
#define PLAIN_H

#include "attempt.h"

enum step pass_step(struct attempt *a, bool given, struct span response);
/* RFC 4616. */
enum step plain_step(struct attempt *a, bool given, struct span response);
/* Of no RFC, as clients do it: "Username:", "Password:"; an initial response is the name. */
enum step login_step(struct attempt *a, bool given, struct span response);

#endif
