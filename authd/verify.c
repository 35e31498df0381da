#include "verify.h"

#include "die.h"
#include "password.h"

enum verdict
verify_right(const struct userdb_verifier *v, const struct circumstances *c)
{
	if (userdb_verifier_applies(v, c->by, c->from, c->now))
		return VERDICT_YES;
	if (!(v->mechanisms & c->by))
		return VERDICT_MECHANISM;
	return v->expires && v->expires <= c->now ? VERDICT_DISABLED : VERDICT_NETWORK;
}

/* Does the password match, and if so, may it be used? */
static enum verdict
by_verifier(struct secret *s, const struct userdb_verifier *v, struct span proof, const struct circumstances *c)
{
	static const enum verdict of_check[] = {
		[PASSWORD_WRONG] = VERDICT_PASSWORD,
		[PASSWORD_NO_MEMORY] = VERDICT_TEMPORARY,
		[PASSWORD_BAD_VERIFIER] = VERDICT_BROKEN,
	};
	enum password p = password_check(s, proof, v->hash);

	return p == PASSWORD_RIGHT ? verify_right(v, c) : of_check[p];
}

/* App passwords: their hashes are cheap when sallyport-user made them.  The first that is right decides. */
static enum verdict
by_app_passwords(struct secret *s, const struct userdb_secret *user, struct span proof, const struct circumstances *c,
		 const struct userdb_verifier **by)
{
	enum verdict v = VERDICT_PASSWORD;

	for (uint8_t i = 0; i < user->count && v == VERDICT_PASSWORD; i++) {
		*by = &user->verifiers[i];
		if ((*by)->kind == USERDB_PASSWORD && (*by)->label.len)
			v = by_verifier(s, *by, proof, c);
	}
	return v;
}

/* The only ways to VERDICT_YES: a name that is known and not disabled, and a right password that may be used so. */
enum verdict
verify_password(struct secret *s, enum users_result result, const struct users *found, struct span proof,
		const struct circumstances *c, const struct userdb_verifier **by)
{
	const struct userdb_verifier *main = userdb_main(&found->user, USERDB_PASSWORD);
	const struct userdb_verifier *decoy = userdb_main(&found->decoy, USERDB_PASSWORD);
	bool known = result == USERS_KNOWN, enabled = !(found->user.flags & USERDB_DISABLED);
	enum verdict by_app = VERDICT_PASSWORD, by_main;

	if (result == USERS_FAILED)
		return VERDICT_TEMPORARY;
	if (result == USERS_DAMAGED || decoy == NULL)
		return VERDICT_BROKEN;
	if (known)
		by_app = by_app_passwords(s, &found->user, proof, c, by);
	if (by_app == VERDICT_YES && enabled)
		return VERDICT_YES;
	/* Every no costs the work of a main password; who has none is judged by the decoy too. */
	by_main = by_verifier(s, main ? main : decoy, proof, c);
	if (by_main == VERDICT_TEMPORARY || by_main == VERDICT_BROKEN)
		return by_main;
	if (!known)
		return VERDICT_NOUSER;
	if (by_app == VERDICT_PASSWORD) {
		by_app = main ? by_main : VERDICT_PASSWORD;
		*by = main;
	}
	return by_app == VERDICT_YES && !enabled ? VERDICT_DISABLED : by_app;
}

static const struct {
	const char *reason;
	enum answer answer;
} noes[VERDICT__MAX] = {
	[VERDICT_PASSWORD] = { "password", ANSWER_NO },
	[VERDICT_NOUSER] = { "nouser", ANSWER_NO },
	[VERDICT_DISABLED] = { "disabled", ANSWER_NO },
	[VERDICT_TEMPORARY] = { "authtemp", ANSWER_LATER },
	[VERDICT_MECHANISM] = { "badmech", ANSWER_NO },
	[VERDICT_NETWORK] = { "allownets", ANSWER_NO },
	[VERDICT_MALFORMED] = { "malformed", ANSWER_NO },
	[VERDICT_AUTHZID] = { "authzid", ANSWER_NO },
	[VERDICT_BINDING] = { "binding", ANSWER_NO },
	[VERDICT_LIMITED] = { "ratelimit", ANSWER_LIMITED },
	[VERDICT_CERTIFICATE] = { "nocert", ANSWER_NO },
	[VERDICT_BROKEN] = { "authconf", ANSWER_PERMANENT },
	[VERDICT_TOKEN_FORM] = { "token", ANSWER_NO },
	[VERDICT_TOKEN_ISSUER] = { "token-issuer", ANSWER_NO },
	[VERDICT_TOKEN_KEY] = { "token-key", ANSWER_NO },
	[VERDICT_TOKEN_SIGNATURE] = { "token-signature", ANSWER_NO },
	[VERDICT_TOKEN_EXPIRED] = { "token-expired", ANSWER_NO },
	[VERDICT_TOKEN_EARLY] = { "token-early", ANSWER_NO },
	[VERDICT_TOKEN_AUDIENCE] = { "token-audience", ANSWER_NO },
	[VERDICT_TOKEN_SCOPE] = { "token-scope", ANSWER_NO },
	[VERDICT_TOKEN_BOUND] = { "token-bound", ANSWER_NO },
	[VERDICT_TOKEN_USER] = { "token-user", ANSWER_NO },
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
