#include <stdio.h>

#include "store.h"
#include "tell.h"
#include "testlogin.h"
#include "userdb.h"
#include "verbs.h"

#define TEXT(s) (int)(s).len, (const char *)(s).p

int
verb_list(const struct request *r)
{
	struct store s;
	int status = store_open(&s, r->users, r->data, STORE_READ);

	for (size_t i = 0; status == 0 && i < s.file.count; i++) {
		const struct user *u = &s.file.users[i];

		(void)printf("%.*s\t%.*s:%.*s\t%.*s\t%s\t%s\n", TEXT(u->name), TEXT(u->uid), TEXT(u->gid),
			     TEXT(u->maildrop), u->disabled ? "disabled" : "enabled",
			     userdb_scheme_of(u->verifier)->name); /* main looks at stdout */
	}
	store_close(&s);
	return status;
}

int
verb_show(const struct request *r)
{
	const struct userdb_scheme *scheme;
	const struct user *u;
	struct store s;
	int status = store_open(&s, r->users, r->data, STORE_READ);

	u = status ? NULL : userfile_find(&s.file, span_of(r->name));
	if (status == 0 && u == NULL)
		status = tell(EXIT_ALREADY, "there is no user %s", r->name);
	if (u) {
		scheme = userdb_scheme_of(u->verifier);
		(void)printf("name: %.*s\nline: %s:%zu\nuid: %u\ngid: %u\nmaildrop: %.*s\nstate: %s\nscheme: %s%s\n",
			     TEXT(u->name), r->users, u->number, (unsigned)u->uid_number, (unsigned)u->gid_number,
			     TEXT(u->maildrop), u->disabled ? "disabled" : "enabled", scheme->name,
			     scheme->weak ? " (weak: set a new password)" : ""); /* main looks at stdout */
	}
	store_close(&s);
	return status;
}

int
verb_test(const struct request *r)
{
	/* The empty key is the decoy's, not a user's. */
	if (name_fault(span_of(r->name)))
		return tell(EXIT_ALREADY, "there is no user %s", r->name);
	return testlogin_run(r->users, r->data, r->name);
}
