#include "oauth.h"

#include <cdb.h>
#include <stdio.h>
#include <string.h>

#include "../judge.h"
#include "crypto/jwt.h"
#include "die.h"
#include "response.h"

/* Whose tokens are believed. */
static uint8_t value[ISSUERS_BYTES];
static struct issuers issuers;

/* Before judge_user: that closes the database. */
static enum verdict
issuers_read(void)
{
	unsigned len;
	int n = cdb_seek(FD_SECRETS, issuers_key.p, (unsigned)issuers_key.len, &len);

	if (n == 0)
		warn("there are no issuers of tokens: write the file issuers (sallyport-users(5)) and run "
		     "sallyport-user compile, or take oauthbearer and xoauth2 out of POP3_SASL");
	if (n < 0)
		return VERDICT_TEMPORARY;
	if (n == 0 || len > sizeof value)
		return VERDICT_BROKEN;
	if (cdb_bread(FD_SECRETS, value, (int)len))
		return VERDICT_TEMPORARY;
	return issuers_get((struct span){ value, len }, &issuers) ? VERDICT_BROKEN : VERDICT_YES;
}

/* Is it the token's user, in the one form that his name has?  A subaddress is cut from what the client says alone: what
 * an issuer calls bob+shop may be another user than bob. */
static bool
user_is(const struct attempt *a, const struct jwt *jwt)
{
	struct name_policy names = a->names;
	uint8_t name[USER_MAX];
	size_t len;

	names.separator = '\0';
	len = name_canonical((struct span){ jwt->user, jwt->user_len }, &names, name);
	return len == a->user.len && memcmp(name, a->user.p, len) == 0;
}

/* The token is good.  The user's own line says what else must be: it is his main password's, and a token stands for
 * that one. */
static enum verdict
user_judge(struct attempt *a, const struct jwt *jwt, const struct circumstances *c)
{
	enum verdict v;

	/* Nobody has issued tokens for accounts of the system. */
	if (a->of == USERS_SYSTEM)
		return VERDICT_MECHANISM;
	if (!user_is(a, jwt))
		return VERDICT_AUTHZID;
	if (a->result != USERS_KNOWN)
		return VERDICT_NOUSER;
	v = verify_right(&a->found.user.verifiers[0], c);
	return v == VERDICT_YES && a->found.user.flags & USERDB_DISABLED ? VERDICT_DISABLED : v;
}

static enum verdict
token_judge(struct attempt *a, struct span token, const struct circumstances *c)
{
	static const enum verdict of_result[JWT__MAX] = {
		[JWT_GOOD] = VERDICT_YES,
		[JWT_FORM] = VERDICT_TOKEN_FORM,
		[JWT_ISSUER] = VERDICT_TOKEN_ISSUER,
		[JWT_KEY] = VERDICT_TOKEN_KEY,
		[JWT_SIGNATURE] = VERDICT_TOKEN_SIGNATURE,
		[JWT_EXPIRED] = VERDICT_TOKEN_EXPIRED,
		[JWT_EARLY] = VERDICT_TOKEN_EARLY,
		[JWT_AUDIENCE] = VERDICT_TOKEN_AUDIENCE,
		[JWT_SCOPE] = VERDICT_TOKEN_SCOPE,
		[JWT_BOUND] = VERDICT_TOKEN_BOUND,
		[JWT_USER] = VERDICT_TOKEN_USER,
		[JWT_FAILED] = VERDICT_TEMPORARY,
	};
	struct jwt jwt;
	enum verdict v;

	if (a->result == USERS_FAILED)
		return VERDICT_TEMPORARY;
	if (a->result == USERS_DAMAGED)
		return VERDICT_BROKEN;
	v = of_result[jwt_judge(token, &issuers, c->now, &jwt)];
	return v == VERDICT_YES ? user_judge(a, &jwt, c) : v;
}

/* What the client must be told in the form of its mechanism, before it is told no: the same whatever the reason is, but
 * for a response that is none.  The scope is the first issuer's: whoever knows none asks for that. */
static enum step
refuse(struct attempt *a, enum verdict v)
{
	char text[64 + ISSUER_TEXT_MAX];
	bool bearer = a->mechanism == MECH_OAUTHBEARER, malformed = v == VERDICT_MALFORMED;
	struct span scope = issuers.count ? issuers.issuers[0].scope : span_of("");

	if (bearer)
		(void)snprintf(text, sizeof text, "{\"status\":\"%s\"%s%.*s%s}",
			       malformed ? "invalid_request" : "invalid_token", scope.len ? ",\"scope\":\"" : "",
			       (int)scope.len, (const char *)scope.p, scope.len ? "\"" : "");
	else
		(void)snprintf(text, sizeof text, "{\"status\":\"%s\",\"schemes\":\"bearer\",\"scope\":\"%.*s\"}",
			       malformed ? "400" : "401", (int)scope.len, (const char *)scope.p);
	return attempt_refuse(a, v, span_of(text));
}

static enum step
response_judge(struct attempt *a, struct span response)
{
	int (*get)(struct span, struct bearer *) = a->mechanism == MECH_OAUTHBEARER ? bearer_rfc_get : bearer_old_get;
	struct bearer b;
	struct span name;
	enum verdict v;

	if (get(response, &b))
		return refuse(a, VERDICT_MALFORMED);
	name = (struct span){ b.name, b.name_len };
	if (!judge_is_name(name))
		return refuse(a, VERDICT_MALFORMED);
	v = issuers_read();
	judge_user(a, name);
	if (v == VERDICT_YES)
		v = judge_token(a, b.token, token_judge);
	return v == VERDICT_YES || verdict_answer(v) != ANSWER_NO ? attempt_judged(a, v) : refuse(a, v);
}

enum step
oauth_step(struct attempt *a, bool given, struct span response)
{
	if (a->told) /* whatever it says to that */
		return attempt_judged(a, a->verdict);
	return given ? response_judge(a, response) : attempt_ask(a, span_of(""));
}
