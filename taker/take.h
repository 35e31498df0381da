/* take: what another server writes for a checkpassword program. */
#ifndef TAKE_H
#define TAKE_H

#include "msg.h"

enum { TAKE_MAX = 512 }; /* octets, by the interface */

/* Read "login NUL password NUL timestamp NUL" and whatever may follow.  The result points into in.
 * Returns 0, or -1 if it is not so or no attempt of ours could be made of it. */
int take_get(struct span in, struct verify *v);

#endif
