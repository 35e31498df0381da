/* handshake: TLS begins, or the reason why it does not is in the log. */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include <stdbool.h>

#include "engine.h"

struct front {
	struct engine engine;
	const char *sid, *rip, *lip;
	bool landlock_optional;
};

/* Returns 0 when both sides are ready, or -1. */
int handshake_run(struct front *f);
/* Wait until OpenSSL can go on after it returned `result`, at most until `until` (milliseconds of the monotonic clock).
 * False when it cannot: the connection is over, or the time is. */
bool engine_wait(SSL *ssl, int result, int64_t until);
int64_t clock_ms(void);

#endif
