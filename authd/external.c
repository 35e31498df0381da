#include "external.h"

#include <string.h>

#include "judge.h"

static struct span
fingerprint_of(const struct attempt *a)
{
	return (struct span){ a->facts.fingerprint, FINGERPRINT_BYTES };
}

static bool
is_same(struct span one, struct span other)
{
	return one.len == other.len && one.len && memcmp(one.p, other.p, one.len) == 0;
}

/* A client that does not say who it is, is whose the certificate is.  The octets are in the secret's value, which
 * judge_user copies the name from before it reads another there. */
static struct span
owner_find(struct attempt *a)
{
	struct span user = users_owner(FD_SECRETS, USERDB_FINGERPRINT, fingerprint_of(a), a->secret.value);

	if (user.len == 0 && a->facts.identity.len)
		user = users_owner(FD_SECRETS, USERDB_CERTIFIED, a->facts.identity, a->secret.value);
	return user;
}

/* Does this verifier stand for the client's certificate?  Both sides are public. */
static bool
is_of_certificate(const struct attempt *a, const struct userdb_verifier *v)
{
	return (v->kind == USERDB_FINGERPRINT && is_same(v->certificate, fingerprint_of(a))) ||
	       (v->kind == USERDB_CERTIFIED && is_same(v->certificate, a->facts.identity));
}

/* The user's record decides, and nothing that stands in the certificate does without it. */
static enum step
certificate_judge(struct attempt *a)
{
	enum verdict v = VERDICT_CERTIFICATE;

	if (a->result != USERS_KNOWN)
		return judge_existence(a);
	for (uint8_t i = 0; i < a->found.user.count && v != VERDICT_YES; i++) {
		a->by = &a->found.user.verifiers[i];
		if (is_of_certificate(a, a->by))
			v = judge_verifier(a, a->by, USERDB_BY_EXTERNAL);
	}
	return v == VERDICT_YES ? judge_existence(a) : attempt_judged(a, v);
}

/* The response is who the client wants to be, or empty. */
enum step
external_step(struct attempt *a, bool given, struct span response)
{
	struct span name = response;

	if (!given)
		return attempt_ask(a, span_of(""));
	if (!a->tls || !(a->facts.flags & FACTS_CERTIFICATE))
		return attempt_judged(a, VERDICT_CERTIFICATE);
	if (name.len == 0)
		name = owner_find(a);
	if (name.len == 0)
		return attempt_judged(a, VERDICT_CERTIFICATE);
	if (!judge_is_name(name))
		return attempt_judged(a, VERDICT_MALFORMED);
	judge_user(a, name);
	return certificate_judge(a);
}
