/* attempt: the one attempt that this process exists for. */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include "secret.h"

struct attempt {
	const char *sid, *rip, *lip; /* for the log */
	bool landlock_optional;
	unsigned number; /* the client's how many'th attempt this is */
	unsigned slots;
	struct secret secret;
};

/* Take the arguments SID RIP LIP LANDLOCK TRY SLOTS; dies (100) if they are not these. */
void attempt_args(struct attempt *a, int argc, char **argv);
/* Hear the attempt, judge it, and tell pop3d no or launch yes.  Returns when that is done or the client has gone. */
void attempt_serve(struct attempt *a);

#endif
