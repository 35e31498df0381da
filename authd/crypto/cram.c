#include "cram.h"

#include <sodium.h>

#include "../judge.h"
#include "mac.h"
#include "shared.h"

/* The digest is HMAC-MD5 of our challenge under the secret. */
static int
is_right(const struct attempt *a, struct span secret, struct span proof)
{
	uint8_t made[MAC_MAX];
	bool right;

	if (mac_make(MAC_MD5, secret, (struct span){ a->challenge, a->challenge_len }, made))
		return -1;
	right = shared_digest_is(proof, made);
	sodium_memzero(made, sizeof made);
	return right;
}

static enum verdict
cram_judge(struct attempt *a, struct span proof, const struct circumstances *c)
{
	return shared_judge(a, proof, c, is_right);
}

/* "NAME DIGEST"; the name may have spaces. */
static int
response_cut(struct span response, struct span *name, struct span *digest)
{
	size_t at = response.len;

	while (at && response.p[at - 1] != ' ')
		at--;
	if (at == 0)
		return -1;
	*name = (struct span){ response.p, at - 1 };
	*digest = (struct span){ response.p + at, response.len - at };
	return shared_is_digest(*digest) && judge_is_name(*name) ? 0 : -1;
}

enum step
cram_md5_step(struct attempt *a, bool given, struct span response)
{
	struct span name, digest;
	char stamp[STAMP_MAX + 1];

	if (!given && a->challenge_len == 0) {
		shared_stamp(a->host, stamp);
		return attempt_ask(a, span_of(stamp));
	}
	/* The server goes first: a response that nobody asked for is to no challenge of ours. */
	if (a->challenge_len == 0 || response_cut(response, &name, &digest))
		return attempt_judged(a, VERDICT_MALFORMED);
	judge_user(a, name);
	return attempt_judged(a, judge_proof(a, digest, cram_judge));
}
