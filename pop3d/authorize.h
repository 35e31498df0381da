/* authorize: CAPA, USER, PASS, AUTH: collect a proof, ask authd, hear storage. */
#ifndef AUTHORIZE_H
#define AUTHORIZE_H

#include "commands.h"

enum event do_capa(struct session *s, const struct request *r);
enum event do_user(struct session *s, const struct request *r);
enum event do_pass(struct session *s, const struct request *r);
enum event do_auth(struct session *s, const struct request *r);
enum event do_unsupported(struct session *s, const struct request *r);

#endif
