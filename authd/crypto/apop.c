#include "apop.h"

#include <sodium.h>
#include <string.h>

#include "../judge.h"
#include "mac.h"
#include "shared.h"

/* The digest is MD5 of the timestamp, its angle brackets included, and then the secret. */
static int
is_right(const struct attempt *a, struct span secret, struct span proof)
{
	uint8_t both[STAMP_MAX + USERDB_BOX_MAX], made[MAC_MAX];
	size_t n = strlen(a->stamp);
	int right = -1;

	memcpy(both, a->stamp, n);
	memcpy(both + n, secret.p, secret.len);
	if (mac_hash(MAC_MD5, (struct span){ both, n + secret.len }, made) == 0)
		right = shared_digest_is(proof, made);
	sodium_memzero(both, sizeof both);
	sodium_memzero(made, sizeof made);
	return right;
}

static enum verdict
apop_judge(struct attempt *a, struct span proof, const struct circumstances *c)
{
	return shared_judge(a, proof, c, is_right);
}

enum step
apop_step(struct attempt *a, bool given, struct span response)
{
	(void)given; /* always */
	if (!shared_is_digest(response) || a->stamp[0] != '<' || strlen(a->stamp) > STAMP_MAX)
		return attempt_judged(a, VERDICT_MALFORMED);
	return attempt_judged(a, judge_proof(a, response, apop_judge));
}
