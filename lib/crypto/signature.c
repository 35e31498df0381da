#include "signature.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

enum { HALF = ISSUER_P256_BYTES / 2, DER_MAX = 80 /* octets of two numbers of 32 octets in a sequence */ };

static EVP_PKEY *
from_parameters(const char *type, OSSL_PARAM *parameters)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (c && parameters && EVP_PKEY_fromdata_init(c) == 1 &&
	    EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(c);
	return key;
}

static EVP_PKEY *
rsa_key(const struct issuer_key *k)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(k->key.p, (int)k->key.len, NULL);
	BIGNUM *e = BN_bin2bn(k->exponent.p, (int)k->exponent.len, NULL);
	OSSL_PARAM *parameters = NULL;
	EVP_PKEY *key = NULL;

	if (b && n && e && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) && (parameters = OSSL_PARAM_BLD_to_param(b)))
		key = from_parameters("RSA", parameters);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(b);
	BN_free(n);
	BN_free(e);
	return key;
}

static EVP_PKEY *
p256_key(const struct issuer_key *k)
{
	uint8_t point[1 + ISSUER_P256_BYTES] = { 4 }; /* not compressed */
	char group[] = "prime256v1";
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
		OSSL_PARAM_construct_end(),
	};

	memcpy(point + 1, k->key.p, ISSUER_P256_BYTES);
	return from_parameters("EC", parameters);
}

EVP_PKEY *
signature_key(const struct issuer_key *k)
{
	EVP_PKEY *key;

	switch (k->algorithm) {
	case ISSUER_RS256:
		key = rsa_key(k);
		break;
	case ISSUER_ES256:
		key = k->key.len == ISSUER_P256_BYTES ? p256_key(k) : NULL;
		break;
	default:
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->key.p, k->key.len);
	}
	ERR_clear_error();
	return key;
}

/* Both numbers as OpenSSL wants them: tokens have 32 octets of each (RFC 7518 section 3.4). */
static size_t
p256_der(struct span signature, uint8_t out[DER_MAX])
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = NULL, *s = NULL;
	uint8_t *to = out;
	int len = 0;

	if (pair && signature.len == ISSUER_P256_BYTES) {
		r = BN_bin2bn(signature.p, HALF, NULL);
		s = BN_bin2bn(signature.p + HALF, HALF, NULL);
		if (r && s && ECDSA_SIG_set0(pair, r, s)) {
			len = i2d_ECDSA_SIG(pair, &to);
			r = s = NULL; /* the pair's */
		}
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	return len > 0 ? (size_t)len : 0;
}

static size_t
length_wanted(const struct issuer_key *k)
{
	return k->algorithm == ISSUER_RS256 ? k->key.len : 64; /* both other forms have two numbers of 32 octets */
}

int
signature_check(const struct issuer_key *k, struct span text, struct span signature)
{
	uint8_t der[DER_MAX];
	EVP_PKEY *key;
	EVP_MD_CTX *c;
	int r = -1;

	if (signature.len != length_wanted(k))
		return 0;
	if (k->algorithm == ISSUER_ES256)
		signature = (struct span){ der, p256_der(signature, der) };
	key = signature_key(k);
	c = EVP_MD_CTX_new();
	if (key && c && signature.len &&
	    EVP_DigestVerifyInit(c, NULL, k->algorithm == ISSUER_EDDSA ? NULL : EVP_sha256(), NULL, key) == 1)
		r = EVP_DigestVerify(c, signature.p, signature.len, text.p, text.len) == 1;
	ERR_clear_error();
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
	return r;
}
