/* token: tokens for tests, signed here with keys that were made here. */
#ifndef TOKEN_H
#define TOKEN_H

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "issuers.h"

struct signer {
	EVP_PKEY *pair;
	struct issuer_key key; /* its public half */
	uint8_t octets[ISSUER_MODULUS_MAX], exponent[ISSUER_EXPONENT_MAX];
};

static inline struct span
token_number(EVP_PKEY *pair, const char *name, uint8_t *out, size_t room)
{
	BIGNUM *n = NULL;
	int len;

	if (EVP_PKEY_get_bn_param(pair, name, &n) != 1 || (size_t)BN_num_bytes(n) > room)
		abort();
	len = BN_bn2bin(n, out);
	BN_free(n);
	return (struct span){ out, (size_t)len };
}

static inline void
token_signer(struct signer *s, enum issuer_algorithm algorithm, const char *kid)
{
	size_t len = sizeof s->octets;

	s->key = (struct issuer_key){ .algorithm = (uint8_t)algorithm, .kid = span_of(kid) };
	switch (algorithm) {
	case ISSUER_RS256:
		s->pair = EVP_RSA_gen(2048);
		s->key.key = token_number(s->pair, OSSL_PKEY_PARAM_RSA_N, s->octets, sizeof s->octets);
		s->key.exponent = token_number(s->pair, OSSL_PKEY_PARAM_RSA_E, s->exponent, sizeof s->exponent);
		return;
	case ISSUER_ES256:
		s->pair = EVP_EC_gen("P-256");
		if (EVP_PKEY_get_octet_string_param(s->pair, OSSL_PKEY_PARAM_PUB_KEY, s->octets, len, &len) != 1)
			abort();
		s->key.key = (struct span){ s->octets + 1, len - 1 };
		return;
	default:
		s->pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		if (EVP_PKEY_get_raw_public_key(s->pair, s->octets, &len) != 1)
			abort();
		s->key.key = (struct span){ s->octets, len };
	}
}

static inline void
token_part(char *out, size_t room, const uint8_t *p, size_t len)
{
	size_t n = strlen(out);

	(void)sodium_bin2base64(out + n, room - n, p, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* As a token has it. */
static inline size_t
token_p256(uint8_t *signature, size_t len)
{
	const uint8_t *der = signature;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);

	if (pair == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32) != 32 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32) != 32)
		abort();
	ECDSA_SIG_free(pair);
	return 64;
}

/* HEADER.CLAIMS.SIGNATURE into out; without a signer the signature is empty. */
static inline void
token_make(const struct signer *s, const char *header, const char *claims, char *out, size_t room)
{
	uint8_t signature[ISSUER_MODULUS_MAX];
	size_t len = sizeof signature;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool eddsa = s && s->key.algorithm == ISSUER_EDDSA;

	out[0] = '\0';
	token_part(out, room, (const uint8_t *)header, strlen(header));
	(void)strcat(out, ".");
	token_part(out, room, (const uint8_t *)claims, strlen(claims));
	if (s && (EVP_DigestSignInit(c, NULL, eddsa ? NULL : EVP_sha256(), NULL, s->pair) != 1 ||
		  EVP_DigestSign(c, signature, &len, (const uint8_t *)out, strlen(out)) != 1))
		abort();
	EVP_MD_CTX_free(c);
	if (s && s->key.algorithm == ISSUER_ES256)
		len = token_p256(signature, len);
	(void)strcat(out, ".");
	if (s)
		token_part(out, room, signature, len);
}

#endif
