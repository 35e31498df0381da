/* name: one form for the names that clients write, as the administrator chose; for authd and for the tool alike. */
#ifndef NAME_H
#define NAME_H

#include "msg.h"

struct name_policy {
	bool fold;      /* capitals A to Z are small letters */
	char separator; /* what begins a subaddress in the local part, "+" of bob+shop@example.org; 0: nothing does */
	struct span domain; /* of a name that has none; empty: it stays so */
};

enum { NAME_POLICY_TEXT_MAX = 600 };

/* The policy as launch passes it on: "exact" or "fold", the separator or "-", the domain or "-", with commas between.
 * Returns 0, or -1 if text is not so.  The domain points into text. */
int name_policy_read(struct span text, struct name_policy *p);
/* Why that is no separator; NULL if it is one, or "-". */
const char *name_separator_fault(const char *text);
/* The form of name that the database has.  A name that would become too long, or lose its whole local part, keeps that
 * part of what it was.  Returns its length. */
size_t name_canonical(struct span name, const struct name_policy *p, uint8_t out[USER_MAX]);
/* The part of such a form that stands for the whole: its local part, if it would get that domain, or all of a name that
 * has none; empty if it is in another domain. */
struct span name_bare(struct span canonical, const struct name_policy *p);

#endif
