/* authorize: CAPA, USER, PASS: what can be used, and a proof that one command carries. */
#ifndef AUTHORIZE_H
#define AUTHORIZE_H

#include "commands.h"

enum event do_capa(struct session *s, const struct request *r);
enum event do_user(struct session *s, const struct request *r);
enum event do_pass(struct session *s, const struct request *r);
enum event do_apop(struct session *s, const struct request *r);
enum event do_stls(struct session *s, const struct request *r);
enum event do_unsupported(struct session *s, const struct request *r);

/* A password may not cross this network in the clear.  The same answer whoever asks: whether it was right stays unknown
 * (RFC 8314 section 4.2).  user, for the log, may be empty. */
enum event plain_refuse(struct session *s, struct span user);

#endif
