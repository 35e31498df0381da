#include "jwt.h"

#include <sodium.h>
#include <string.h>

#include "json.h"
#include "signature.h"

/* A token in its parts, and what the first two say. */
struct parts {
	struct span signed_text; /* the first two, as they came */
	struct span signature;
	json_t *header, *claims;
	uint8_t decoded[JWT_MAX];
};

/* Take one part off the front of *rest, decode it behind what is decoded already. */
static int
part_cut(struct span *rest, struct parts *p, size_t *used, struct span *part)
{
	struct span text;
	size_t len;

	if (!span_cut(rest, '.', &text) || json_octets(text, p->decoded + *used, sizeof p->decoded - *used, &len))
		return -1;
	*part = (struct span){ p->decoded + *used, len };
	*used += len;
	return 0;
}

/* Exactly three parts; the signature may be empty, and is then nobody's. */
static int
parts_cut(struct span token, struct parts *p)
{
	struct span rest = token, header, claims;
	size_t used = 0;

	if (token.len == 0 || token.len > JWT_MAX || part_cut(&rest, p, &used, &header) ||
	    part_cut(&rest, p, &used, &claims) || rest.p == NULL)
		return -1;
	p->signed_text = (struct span){ token.p, (size_t)(rest.p - token.p) - 1 };
	if (part_cut(&rest, p, &used, &p->signature) || rest.p)
		return -1;
	p->header = json_read(header);
	p->claims = json_read(claims);
	return p->header && p->claims ? 0 : -1;
}

/* Of what type it says it is: none, or an access token; not what issuers sign for other ends (RFC 8725 section 3.11). */
static bool
type_is_good(const json_t *header)
{
	static const char *const types[] = { "JWT", "at+jwt", "application/at+jwt" };
	struct span type = json_text(header, "typ");

	if (json_object_get(header, "typ") == NULL)
		return true;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (type.p && span_is_nocase(type, types[i]))
			return true;
	return false;
}

static const struct issuer *
issuer_of(const json_t *claims, const struct issuers *s)
{
	const json_t *name = json_object_get(claims, "iss");

	for (uint8_t i = 0; i < s->count; i++)
		if (json_is(name, s->issuers[i].name))
			return &s->issuers[i];
	return NULL;
}

/* Does the token say the algorithm of this key?  What it says decides nothing else. */
static bool
algorithm_is(const struct issuer_key *k, struct span said)
{
	static const char *const names[ISSUER_ALGORITHM__MAX][2] = {
		[ISSUER_RS256] = { "RS256", "RS256" },
		[ISSUER_ES256] = { "ES256", "ES256" },
		[ISSUER_EDDSA] = { "EdDSA", "Ed25519" }, /* RFC 8037, RFC 9864 */
	};

	for (int i = 0; i < 2; i++)
		if (said.len == strlen(names[k->algorithm][i]) && memcmp(said.p, names[k->algorithm][i], said.len) == 0)
			return true;
	return false;
}

/* By every key that the token can mean: one without a name can be any. */
static enum jwt_result
signature_judge(const struct parts *p, const struct issuer *issuer)
{
	const json_t *kid = json_object_get(p->header, "kid");
	struct span algorithm = json_text(p->header, "alg");
	enum jwt_result r = JWT_KEY;

	for (uint8_t i = 0; i < issuer->key_count; i++) {
		const struct issuer_key *k = &issuer->keys[i];
		int right;

		if (!algorithm_is(k, algorithm) || (kid && k->kid.len && !json_is(kid, k->kid)))
			continue;
		right = signature_check(k, p->signed_text, p->signature);
		if (right)
			return right < 0 ? JWT_FAILED : JWT_GOOD;
		r = JWT_SIGNATURE;
	}
	return r;
}

/* Seconds since 1970, also with a fraction (RFC 7519 section 2). */
static enum jwt_result
time_judge(const json_t *claims, uint64_t now)
{
	const json_t *end = json_object_get(claims, "exp"), *start = json_object_get(claims, "nbf");

	if (!json_is_number(end) || (start && !json_is_number(start)))
		return JWT_FORM;
	if (json_number_value(end) + JWT_LEEWAY <= (double)now)
		return JWT_EXPIRED;
	return start && json_number_value(start) > (double)now + JWT_LEEWAY ? JWT_EARLY : JWT_GOOD;
}

/* Is it that text, or a list with it? */
static bool
has(const json_t *value, struct span text)
{
	size_t i, n = json_array_size(value); /* 0 of what is none */

	for (i = 0; i < n && !json_is(json_array_get(value, i), text); i++)
		;
	return i < n || json_is(value, text);
}

static bool
audience_is_ours(const json_t *claims, const struct issuer *issuer)
{
	const json_t *audience = json_object_get(claims, "aud");

	for (uint8_t i = 0; i < issuer->audience_count; i++)
		if (has(audience, issuer->audiences[i]))
			return true;
	return false;
}

/* Words with a space between them in "scope" (RFC 9068 section 2.2.3); some write "scp", and some a list. */
static bool
scope_is_there(const json_t *claims, struct span scope)
{
	static const char *const names[] = { "scope", "scp" };

	for (int i = 0; i < 2; i++) {
		struct span rest = json_text(claims, names[i]), word;

		while (rest.p && span_cut(&rest, ' ', &word))
			if (word.len == scope.len && memcmp(word.p, scope.p, word.len) == 0)
				return true;
		if (has(json_object_get(claims, names[i]), scope))
			return true;
	}
	return scope.len == 0;
}

/* An address that the issuer has not seen proved is the user's own word. */
static bool
address_is_proved(const json_t *claims)
{
	const json_t *proved = json_object_get(claims, "email_verified");

	return proved == NULL || json_is_true(proved) || json_is(proved, span_of("true"));
}

static enum jwt_result
user_take(const json_t *claims, const struct issuer *issuer, struct jwt *out)
{
	char claim[ISSUER_TEXT_MAX + 1];
	struct span user;

	if (span_copy(issuer->claim, claim, sizeof claim))
		return JWT_USER;
	user = json_text(claims, claim);
	if (user.p == NULL || user.len == 0 || user.len > USER_MAX ||
	    (strcmp(claim, "email") == 0 && !address_is_proved(claims)))
		return JWT_USER;
	memcpy(out->user, user.p, user.len); /* jansson lets no NUL through */
	out->user_len = user.len;
	return JWT_GOOD;
}

/* Of a token that the issuer signed: is it for us, now? */
static enum jwt_result
claims_judge(const json_t *claims, uint64_t now, struct jwt *out)
{
	enum jwt_result r = time_judge(claims, now);

	if (r != JWT_GOOD)
		return r;
	if (!audience_is_ours(claims, out->issuer))
		return JWT_AUDIENCE;
	if (!scope_is_there(claims, out->issuer->scope))
		return JWT_SCOPE;
	if (json_object_get(claims, "cnf")) /* RFC 7800 */
		return JWT_BOUND;
	return user_take(claims, out->issuer, out);
}

static enum jwt_result
parts_judge(const struct parts *p, const struct issuers *s, uint64_t now, struct jwt *out)
{
	const json_t *kid = json_object_get(p->header, "kid");
	enum jwt_result r;

	/* "crit" names what must be understood and is not (RFC 7515 section 4.1.11). */
	if (json_text(p->header, "alg").p == NULL || (kid && !json_is_string(kid)) ||
	    json_object_get(p->header, "crit") || !type_is_good(p->header))
		return JWT_FORM;
	out->issuer = issuer_of(p->claims, s);
	if (out->issuer == NULL)
		return JWT_ISSUER;
	r = signature_judge(p, out->issuer);
	return r == JWT_GOOD ? claims_judge(p->claims, now, out) : r;
}

enum jwt_result
jwt_judge(struct span token, const struct issuers *s, uint64_t now, struct jwt *out)
{
	static struct parts p;
	enum jwt_result r = JWT_FORM;

	*out = (struct jwt){ .issuer = NULL };
	p.header = p.claims = NULL;
	if (parts_cut(token, &p) == 0)
		r = parts_judge(&p, s, now, out);
	json_decref(p.header);
	json_decref(p.claims);
	sodium_memzero(&p, sizeof p);
	return r;
}

const char *
jwt_text(enum jwt_result r)
{
	static const char *const texts[JWT__MAX] = {
		[JWT_GOOD] = "good",
		[JWT_FORM] = "it is no signed token (RFC 7519), or has no exp, or asks for more than is known here",
		[JWT_ISSUER] = "its issuer (iss) is none of those in the file issuers",
		[JWT_KEY] = "the issuer has no key of this name (kid) and algorithm here; are the keys fresh?",
		[JWT_SIGNATURE] = "its signature is not by a key of its issuer",
		[JWT_EXPIRED] = "it has expired (exp)",
		[JWT_EARLY] = "it is not good yet (nbf)",
		[JWT_AUDIENCE] = "it is for other services (aud)",
		[JWT_SCOPE] = "it has not the scope that is asked for",
		[JWT_BOUND] = "it is bound to a key of the client's (cnf), which POP3 cannot prove",
		[JWT_USER] = "it names no user in the claim that is asked for, or an address that is not verified",
		[JWT_FAILED] = "it cannot be judged now",
	};

	return texts[r];
}
