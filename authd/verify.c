#include "verify.h"

#include "die.h"
#include "password.h"

/* The only way to VERDICT_YES: a name that is known, not disabled, and the right password. */
enum verdict
verify_password(struct secret *s, enum users_result result, const struct users *found, struct span proof)
{
	const struct userdb_verifier *of_user, *v;
	enum password p;

	if (result == USERS_FAILED)
		return VERDICT_TEMPORARY;
	if (result == USERS_DAMAGED)
		return VERDICT_BROKEN;
	/* Whoever has no password is judged by the decoy too. */
	of_user = userdb_main(&found->user, USERDB_PASSWORD);
	v = of_user ? of_user : userdb_main(&found->decoy, USERDB_PASSWORD);
	if (v == NULL)
		return VERDICT_BROKEN;
	p = password_check(s, proof, v->hash);
	if (p == PASSWORD_NO_MEMORY)
		return VERDICT_TEMPORARY;
	if (p == PASSWORD_BAD_VERIFIER)
		return VERDICT_BROKEN;
	if (result != USERS_KNOWN)
		return VERDICT_NOUSER;
	if (p != PASSWORD_RIGHT || of_user == NULL)
		return VERDICT_PASSWORD;
	return found->user.flags & USERDB_DISABLED ? VERDICT_DISABLED : VERDICT_YES;
}

static const struct {
	const char *reason;
	enum answer answer;
} noes[VERDICT__MAX] = {
	[VERDICT_PASSWORD] = { "password", ANSWER_NO },      [VERDICT_NOUSER] = { "nouser", ANSWER_NO },
	[VERDICT_DISABLED] = { "disabled", ANSWER_NO },      [VERDICT_TEMPORARY] = { "authtemp", ANSWER_LATER },
	[VERDICT_BROKEN] = { "authconf", ANSWER_PERMANENT },
};

const char *
verdict_reason(enum verdict v)
{
	if (noes[v].reason == NULL)
		die_bug("a verdict without a reason");
	return noes[v].reason;
}

enum answer
verdict_answer(enum verdict v)
{
	return noes[v].answer;
}
