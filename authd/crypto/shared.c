#include "shared.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Returns VERDICT_YES, or why there is no key. */
static enum verdict
key_read(uint8_t key[USERDB_SHARED_KEY_BYTES])
{
	uint8_t more;
	ssize_t n = read(FD_SHARED_KEY, key, USERDB_SHARED_KEY_BYTES);
	ssize_t behind = n > 0 ? read(FD_SHARED_KEY, &more, 1) : 0;

	(void)close(FD_SHARED_KEY); /* only read from */
	if (n < 0 || behind < 0)
		return VERDICT_TEMPORARY;
	return n == USERDB_SHARED_KEY_BYTES && behind == 0 ? VERDICT_YES : VERDICT_BROKEN;
}

static enum verdict
by_secret(struct attempt *a, const struct userdb_verifier *v, struct span proof, const struct circumstances *c,
	  shared_function *is_right)
{
	struct span secret = { a->secret.shared, v->box.len - crypto_secretbox_MACBYTES };
	int right;

	if (crypto_secretbox_open_easy(a->secret.shared, v->box.p, v->box.len, v->nonce.p, a->secret.key))
		return VERDICT_BROKEN;
	right = is_right(a, secret, proof);
	if (right < 0)
		return VERDICT_TEMPORARY;
	return right ? verify_right(v, c) : VERDICT_PASSWORD;
}

/* The first that is right decides. */
static enum verdict
by_secrets(struct attempt *a, const struct userdb_secret *user, struct span proof, const struct circumstances *c,
	   shared_function *is_right, bool *any)
{
	enum verdict v = VERDICT_PASSWORD;

	for (uint8_t i = 0; i < user->count && v == VERDICT_PASSWORD; i++)
		if (user->verifiers[i].kind == USERDB_SHARED) {
			*any = true;
			a->by = &user->verifiers[i];
			v = by_secret(a, a->by, proof, c, is_right);
		}
	return v;
}

enum verdict
shared_judge(struct attempt *a, struct span proof, const struct circumstances *c, shared_function *is_right)
{
	bool any = false, none = false;
	enum verdict v;

	if (a->result == USERS_FAILED)
		return VERDICT_TEMPORARY;
	if (a->result == USERS_DAMAGED || userdb_main(&a->found.decoy, USERDB_SHARED) == NULL)
		return VERDICT_BROKEN;
	v = key_read(a->secret.key);
	if (v != VERDICT_YES)
		return v;
	v = by_secrets(a, &a->found.user, proof, c, is_right, &any); /* the decoy's, of an unknown name */
	if (!any)
		v = by_secrets(a, &a->found.decoy, proof, c, is_right, &none);
	if (v == VERDICT_TEMPORARY || v == VERDICT_BROKEN)
		return v;
	if (a->result != USERS_KNOWN)
		return VERDICT_NOUSER;
	if (!any)
		return VERDICT_MECHANISM;
	return v == VERDICT_YES && a->found.user.flags & USERDB_DISABLED ? VERDICT_DISABLED : v;
}

void
shared_stamp(const char *host, char out[STAMP_MAX + 1])
{
	uint8_t random[16];
	char hex[2 * sizeof random + 1];

	randombytes_buf(random, sizeof random);
	(void)sodium_bin2hex(hex, sizeof hex, random, sizeof random); /* returns hex */
	(void)snprintf(out, STAMP_MAX + 1, "<%s@%.255s>", hex, strcmp(host, "-") == 0 ? "localhost" : host); /* fits */
}

bool
shared_is_digest(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!(text.p[i] >= '0' && text.p[i] <= '9') && !(text.p[i] >= 'a' && text.p[i] <= 'f'))
			return false;
	return text.len == 32;
}

bool
shared_digest_is(struct span text, const uint8_t octets[16])
{
	char hex[33];

	(void)sodium_bin2hex(hex, sizeof hex, octets, 16); /* returns hex */
	return text.len == 32 && sodium_memcmp(hex, text.p, 32) == 0;
}
