/* Any verifier, any password: u8 length and that many octets of the verifier, then the password.  Costs are bounded by what
 * the text says: those that would take long are left out, for which libcrypt and libsodium have tests of their own. */
#define _GNU_SOURCE
#include "password.h"

#include <sodium.h>

#include "digest.h"
#include "fuzz.h"
#include "userdb.h"

static bool
is_cheap(struct span hash)
{
	uint64_t kib, passes;
	const struct userdb_scheme *s = userdb_scheme_of(hash);

	if (s == NULL || digest_is(hash))
		return true;
	if (s->argon2)
		return userdb_argon2_cost(hash, &kib, &passes) || (kib <= 64 && passes <= 3);
	return strcmp(s->prefix, "$1$") == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secret s;
	struct take t = { data, size };
	size_t len, proof_len;
	uint8_t *text = take_copy(&t, take_u8(&t), &len), *proof = take_copy(&t, PROOF_MAX, &proof_len);
	struct span hash = { text, len };
	enum password p;

	MUST(sodium_init() >= 0);
	if (is_cheap(hash) && memchr(text, '\0', len) == NULL) {
		p = password_check(&s, (struct span){ proof, proof_len }, hash);
		MUST(p == PASSWORD_BAD_VERIFIER || userdb_scheme_of(hash));
		if (digest_is(hash))
			MUST((p == PASSWORD_BAD_VERIFIER) == !digest_is_good(hash) || p == PASSWORD_WRONG);
	}
	secret_wipe(&s);
	free(text);
	free(proof);
	return 0;
}
