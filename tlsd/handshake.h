/* handshake: TLS begins, or the reason why it does not is in the log. */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include <stdbool.h>

#include "engine.h"

struct front {
	struct engine engine;
	const char *sid, *rip, *lip;
	bool landlock_optional;
	bool marks;    /* the program behind is pop3d, and wants to hear whether there is an exporter */
	bool resident; /* for many connections, of which a child has one: resident.h */
	bool report;   /* whoever told us to begin wants to know what came of it */
};

/* Read what was said to begin with (UCSPI-TLS): 'y', 'Y' for a report, or nothing when nobody had to.  Dies on anything
 * else. */
void handshake_told(struct front *f);

/* Returns 0 when both sides are ready, or -1. */
int handshake_run(struct front *f);
/* Wait until OpenSSL can go on after it returned `result`, at most until `until` (milliseconds of the monotonic clock).
 * False when it cannot: the connection is over, or the time is. */
bool engine_wait(SSL *ssl, int result, int64_t until);
int64_t clock_ms(void);

#endif
