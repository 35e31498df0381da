/* login: hand a proof to whoever judges it, and hear what came of it. */
#ifndef LOGIN_H
#define LOGIN_H

#include "session.h"

/* Send m, wipe it, and reply to the client what authd, launch or storage says: whoever holds the other end.  ASKED when
 * that is a challenge, which was sent to the client. */
enum event login_ask(struct session *s, struct wr *m);
/* The same for a message that goes on with what login_ask began. */
enum event login_go_on(struct session *s, struct wr *m);
/* Whoever judged has gone: say so. */
void login_fail(struct session *s);

#endif
