/* transact: STAT LIST UIDL RETR TOP DELE NOOP RSET QUIT: the maildrop, as storage hands it over. */
#ifndef TRANSACT_H
#define TRANSACT_H

#include "commands.h"

enum event do_stat(struct session *s, const struct request *r);
enum event do_list(struct session *s, const struct request *r);
enum event do_uidl(struct session *s, const struct request *r);
enum event do_retr(struct session *s, const struct request *r);
enum event do_top(struct session *s, const struct request *r);
enum event do_dele(struct session *s, const struct request *r);
enum event do_noop(struct session *s, const struct request *r);
enum event do_rset(struct session *s, const struct request *r);
enum event do_quit(struct session *s, const struct request *r);

/* The UPDATE state: everything owed to the client first, then the marks, then the truth about them. */
enum event update_commit(struct session *s);

#endif
