/* exchange: AUTH (RFC 5034): challenges and responses between the client and authd, decoded and bounded here. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "commands.h"

enum event do_auth(struct session *s, const struct request *r);
/* In the state EXCHANGE: the client's next line is its response. */
enum event exchange_line(struct session *s, enum line_result got, struct span line);
/* Milliseconds that it still has for it, 0 for none. */
int exchange_time_left(const struct session *s);
/* It did not respond in its time: the exchange is over, the session is not. */
enum event exchange_late(struct session *s);
/* Whoever asked has gone. */
void exchange_fail(struct session *s);

#endif
