#define _GNU_SOURCE
#include "hash.h"

#include <crypt.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "tell.h"

enum { KIB_DEFAULT = 19456, KIB_MIN = 8, PASSES_DEFAULT = 2 }; /* OWASP's advice for argon2id */

static int
number_read(const char *variable, uint64_t min, uint64_t max, uint64_t *out)
{
	const char *text = getenv(variable);

	if (text == NULL)
		return 0;
	if (span_number(span_of(text), max, out) || *out < min)
		return tell(EXIT_USAGE, "%s must be a number from %llu to %llu", variable, (unsigned long long)min,
			    (unsigned long long)max);
	return 0;
}

int
hash_cost_read(struct hash_cost *cost)
{
	*cost = (struct hash_cost){ KIB_DEFAULT, PASSES_DEFAULT };
	if (number_read("SALLYPORT_ARGON2_KIB", KIB_MIN, USERDB_ARGON2_KIB_MAX, &cost->kib) ||
	    number_read("SALLYPORT_ARGON2_PASSES", 1, USERDB_ARGON2_PASSES_MAX, &cost->passes))
		return EXIT_USAGE;
	return 0;
}

int
hash_make(const char *password, const struct hash_cost *cost, char out[USERDB_VERIFIER_MAX + 1])
{
	return crypto_pwhash_str_alg(out, password, strlen(password), cost->passes, (size_t)cost->kib * 1024,
				     crypto_pwhash_ALG_ARGON2ID13);
}

/* The text that crypt makes of password with the salt and cost of verifier, into out.  Returns 0 or -1. */
static int
crypt_make(const char *password, const char *verifier, char out[USERDB_VERIFIER_MAX + 1])
{
	struct crypt_data work = { 0 };
	const char *made = crypt_rn(password, verifier, &work, sizeof work);
	int r = made ? span_copy(span_of(made), out, USERDB_VERIFIER_MAX + 1) : -1;

	sodium_memzero(&work, sizeof work);
	return r;
}

int
hash_decoy(struct span like, char out[USERDB_VERIFIER_MAX + 1])
{
	struct hash_cost cost = { KIB_DEFAULT, PASSES_DEFAULT };
	char text[USERDB_VERIFIER_MAX + 1], random[2 * 32 + 1];
	uint8_t bytes[32];
	int r;

	randombytes_buf(bytes, sizeof bytes);
	(void)sodium_bin2hex(random, sizeof random, bytes, sizeof bytes); /* returns random */
	if (digest_is(like)) {
		digest_make(span_of(random), out);
		r = 0;
	} else if (like.len == 0 || userdb_argon2_cost(like, &cost.kib, &cost.passes) == 0) {
		r = hash_make(random, &cost, out);
	} else {
		r = span_copy(like, text, sizeof text) ? -1 : crypt_make(random, text, out);
	}
	sodium_memzero(bytes, sizeof bytes);
	sodium_memzero(random, sizeof random);
	return r;
}

enum hash_result
hash_check(struct span verifier, const char *password)
{
	const struct userdb_scheme *scheme = userdb_scheme_of(verifier);
	char text[USERDB_VERIFIER_MAX + 1] = { 0 }, made[USERDB_VERIFIER_MAX + 1];
	enum hash_result r;

	if (scheme == NULL || span_copy(verifier, text, sizeof text))
		return HASH_FAILED;
	if (digest_is(verifier)) {
		static const enum hash_result results[] = { HASH_RIGHT, HASH_WRONG, HASH_FAILED };

		return results[digest_check(verifier, span_of(password))];
	}
	if (scheme->argon2) {
		errno = 0;
		if (crypto_pwhash_str_verify(text, password, strlen(password)) == 0)
			return HASH_RIGHT;
		return errno == EINVAL ? HASH_WRONG : HASH_FAILED;
	}
	if (crypt_make(password, text, made))
		return HASH_FAILED;
	r = HASH_WRONG;
	if (strlen(made) == strlen(text) && sodium_memcmp(made, text, strlen(text)) == 0)
		r = HASH_RIGHT;
	sodium_memzero(made, sizeof made);
	return r;
}

void
hash_password_new(char out[PASSWORD_NEW_CHARS + 1])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* 32, without l, o, 0 and 1 */

	for (size_t i = 0; i < PASSWORD_NEW_CHARS; i++)
		out[i] = letters[randombytes_uniform(sizeof letters - 1)];
	out[PASSWORD_NEW_CHARS] = '\0';
}
