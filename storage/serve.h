/* serve: open the maildrop, say ready, answer pop3d until it commits or leaves. */
#ifndef SERVE_H
#define SERVE_H

#include <sys/types.h>

#include "maildir.h"
#include "msg.h"

struct storage {
	const char *sid, *rip, *lip, *user, *path, *auth;
	bool keepnew;
	pid_t pop3d, tlsd; /* our children, since launch started them; tlsd: 0 without TLS */
	int64_t started;   /* milliseconds */
	int open_error;    /* errno of maildir_open, or 0 */
	size_t facts_len;  /* of what tlsd wrote of the client's TLS, not looked at yet; 0: nothing */
	uint8_t facts[FACTS_BYTES];
	struct facts_text tls; /* and what the log says of it */
	struct maildir maildir;
};

int64_t clock_ms(void);
void storage_serve(struct storage *s);

#endif
