#include "digest.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { PREFIX_MAX = 9, DIGEST_MAX = 64 };

static const struct form {
	const char *prefix;
	size_t digest;
	bool salted;
} forms[] = {
	{ "{SSHA512}", crypto_hash_sha512_BYTES, true },
	{ "{SHA512}", crypto_hash_sha512_BYTES, false },
	{ "{SSHA256}", crypto_hash_sha256_BYTES, true },
	{ "{SHA256}", crypto_hash_sha256_BYTES, false },
};

/* What a hash of one of these forms holds. */
struct parts {
	const struct form *form;
	size_t salt;                                  /* octets of it */
	uint8_t octets[DIGEST_MAX + DIGEST_SALT_MAX]; /* the digest, and the salt */
};

static const struct form *
form_of(struct span hash)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		size_t n = strlen(forms[i].prefix);

		if (hash.len > n && memcmp(hash.p, forms[i].prefix, n) == 0)
			return &forms[i];
	}
	return NULL;
}

static int
parts_read(struct span hash, struct parts *p)
{
	size_t prefix, len;

	p->form = form_of(hash);
	if (p->form == NULL)
		return -1;
	prefix = strlen(p->form->prefix);
	if (sodium_base642bin(p->octets, sizeof p->octets, (const char *)hash.p + prefix, hash.len - prefix, NULL, &len,
			      NULL, sodium_base64_VARIANT_ORIGINAL))
		return -1;
	if (p->form->salted ? len <= p->form->digest : len != p->form->digest)
		return -1;
	p->salt = len - p->form->digest;
	return 0;
}

static void
digest_of(const struct form *form, struct span password, struct span salt, uint8_t out[DIGEST_MAX])
{
	union {
		crypto_hash_sha512_state of_512;
		crypto_hash_sha256_state of_256;
	} s;

	if (form->digest == crypto_hash_sha512_BYTES) {
		(void)crypto_hash_sha512_init(&s.of_512); /* none of these can fail */
		(void)crypto_hash_sha512_update(&s.of_512, password.p, password.len);
		(void)crypto_hash_sha512_update(&s.of_512, salt.p, salt.len);
		(void)crypto_hash_sha512_final(&s.of_512, out);
	} else {
		(void)crypto_hash_sha256_init(&s.of_256);
		(void)crypto_hash_sha256_update(&s.of_256, password.p, password.len);
		(void)crypto_hash_sha256_update(&s.of_256, salt.p, salt.len);
		(void)crypto_hash_sha256_final(&s.of_256, out);
	}
	sodium_memzero(&s, sizeof s);
}

bool
digest_is(struct span hash)
{
	return form_of(hash) != NULL;
}

bool
digest_is_good(struct span hash)
{
	struct parts p;

	return parts_read(hash, &p) == 0;
}

enum digest
digest_check(struct span hash, struct span password)
{
	struct parts p;
	uint8_t made[DIGEST_MAX];
	enum digest r;

	if (parts_read(hash, &p))
		return DIGEST_DAMAGED;
	digest_of(p.form, password, (struct span){ p.octets + p.form->digest, p.salt }, made);
	r = sodium_memcmp(made, p.octets, p.form->digest) ? DIGEST_WRONG : DIGEST_RIGHT;
	sodium_memzero(made, sizeof made);
	sodium_memzero(&p, sizeof p);
	return r;
}

void
digest_make(struct span password, char out[DIGEST_TEXT_MAX])
{
	uint8_t octets[DIGEST_MAX + DIGEST_NEW_SALT];
	size_t prefix = strlen(forms[0].prefix);

	randombytes_buf(octets + DIGEST_MAX, DIGEST_NEW_SALT);
	digest_of(&forms[0], password, (struct span){ octets + DIGEST_MAX, DIGEST_NEW_SALT }, octets);
	memcpy(out, forms[0].prefix, prefix);
	(void)sodium_bin2base64(out + prefix, DIGEST_TEXT_MAX - prefix, octets, sizeof octets,
				sodium_base64_VARIANT_ORIGINAL); /* fits: 80 octets make 108 characters */
	sodium_memzero(octets, sizeof octets);
}
