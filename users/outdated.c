/* Whose main password should be set anew.  Nothing does that at a login: authd, which has the password then, cannot write,
 * and what could write must not have it. */
#include <stdio.h>

#include "hash.h"
#include "store.h"
#include "userdb.h"
#include "verbs.h"

/* Why a hash is not what a new one would be; NULL if it is as good. */
static const char *
reason_of(struct span hash, const struct hash_cost *now)
{
	const struct userdb_scheme *scheme = userdb_scheme_of(hash);
	uint64_t kib, passes;

	if (scheme == NULL || scheme->weak)
		return "weak";
	if (userdb_argon2_cost(hash, &kib, &passes))
		return "not argon2";
	/* More of the one does not make up for less of the other in every case, so both are looked at. */
	return kib < now->kib || passes < now->passes ? "costs less" : NULL;
}

int
verb_outdated(const struct request *r)
{
	struct hash_cost cost;
	struct store s = { .lock = -1 };
	int status = hash_cost_read(&cost);

	if (status == 0)
		status = store_open(&s, r->users, r->data, STORE_READ);
	for (size_t i = 0; status == 0 && i < s.file.count; i++) {
		const struct user *u = &s.file.users[i];
		const char *why = u->kind == USERDB_PASSWORD ? reason_of(u->verifier, &cost) : NULL;

		if (why)
			(void)printf("%.*s\t%s\t%s\n", (int)u->name.len, (const char *)u->name.p,
				     userdb_scheme_of(u->verifier)->name, why); /* main looks at stdout */
	}
	store_close(&s);
	return status;
}
