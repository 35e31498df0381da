/* OpenSSL's decoders try every form of every key that there is, and cost more than an ECDSA signature does.  Here its
 * ASN.1 takes the three forms apart that the private key of a certificate has, and its provider makes a key of them. */
#include "key.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <string.h>

enum { EXPLICIT_ZERO = 0xa0, RSA_VERSION = 1 };

static ASN1_SEQUENCE_ANY *
sequence_read(struct span der)
{
	const uint8_t *p = der.p;

	return der.len ? d2i_ASN1_SEQUENCE_ANY(NULL, &p, (long)der.len) : NULL;
}

static void
sequence_free(ASN1_SEQUENCE_ANY *s)
{
	sk_ASN1_TYPE_pop_free(s, ASN1_TYPE_free);
}

/* Element n of s if it is of this type, or NULL. */
static const ASN1_TYPE *
element(const ASN1_SEQUENCE_ANY *s, int n, int type)
{
	const ASN1_TYPE *t = s && n < sk_ASN1_TYPE_num(s) ? sk_ASN1_TYPE_value(s, n) : NULL;

	return t && t->type == type ? t : NULL;
}

/* The octets of an element that is a string or, with its tag and length, a sequence.  None if it is not there. */
static struct span
octets(const ASN1_TYPE *t)
{
	const ASN1_STRING *s = t ? t->value.asn1_string : NULL;

	return s ? (struct span){ ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) } : (struct span){ NULL, 0 };
}

static EVP_PKEY *
key_make(const char *type, OSSL_PARAM_BLD *numbers)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(numbers);
	EVP_PKEY *key = NULL;

	if (c && params && EVP_PKEY_fromdata_init(c) > 0)
		(void)EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, params); /* key says whether */
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(c);
	return key;
}

/* RFC 8017 appendix A.1.2; version 0, so that there are two primes. */
static EVP_PKEY *
rsa_decode(const ASN1_SEQUENCE_ANY *s)
{
	static const char *const names[] = { OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
					     OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
					     OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
					     OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };
	enum { NUMBERS = sizeof names / sizeof names[0] };
	BIGNUM *numbers[NUMBERS] = { NULL };
	OSSL_PARAM_BLD *all = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	int n = 0;

	for (; all && n < NUMBERS; n++) {
		const ASN1_TYPE *t = element(s, n + RSA_VERSION, V_ASN1_INTEGER);

		numbers[n] = t ? ASN1_INTEGER_to_BN(t->value.integer, NULL) : NULL;
		if (numbers[n] == NULL || !OSSL_PARAM_BLD_push_BN(all, names[n], numbers[n]))
			break;
	}
	if (n == NUMBERS && sk_ASN1_TYPE_num(s) == RSA_VERSION + NUMBERS)
		key = key_make("RSA", all);
	for (int i = 0; i < NUMBERS; i++)
		BN_clear_free(numbers[i]);
	OSSL_PARAM_BLD_free(all);
	return key;
}

/* RFC 5915.  PKCS #8 names the curve before; alone, this form does: [0], with the name's octets in it. */
static EVP_PKEY *
ec_decode(const ASN1_SEQUENCE_ANY *s, const ASN1_OBJECT *curve)
{
	struct span secret = octets(element(s, 1, V_ASN1_OCTET_STRING)), named = octets(element(s, 2, V_ASN1_OTHER));
	ASN1_OBJECT *own = NULL;
	OSSL_PARAM_BLD *all = OSSL_PARAM_BLD_new();
	BIGNUM *number = NULL;
	EVP_PKEY *key = NULL;

	if (curve == NULL && named.len > 2 && named.p[0] == EXPLICIT_ZERO && named.p[1] == named.len - 2) {
		const uint8_t *p = named.p + 2;

		curve = own = d2i_ASN1_OBJECT(NULL, &p, (long)named.len - 2);
	}
	if (all && curve && OBJ_obj2nid(curve) != NID_undef && secret.len && secret.len <= INT16_MAX &&
	    (number = BN_bin2bn(secret.p, (int)secret.len, NULL)) != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(all, OSSL_PKEY_PARAM_GROUP_NAME, OBJ_nid2sn(OBJ_obj2nid(curve)), 0) &&
	    OSSL_PARAM_BLD_push_BN(all, OSSL_PKEY_PARAM_PRIV_KEY, number))
		key = key_make("EC", all);
	BN_clear_free(number);
	OSSL_PARAM_BLD_free(all);
	ASN1_OBJECT_free(own);
	return key;
}

/* RFC 8410 section 7: an OCTET STRING in the one of PKCS #8. */
static EVP_PKEY *
ed25519_decode(struct span der)
{
	enum { HEAD = 2, SECRET = 32 };

	if (der.len != HEAD + SECRET || der.p[0] != V_ASN1_OCTET_STRING || der.p[1] != SECRET)
		return NULL;
	return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, der.p + HEAD, SECRET);
}

/* RFC 5958: version, algorithm, and the key in its own form; what may follow is not needed. */
static EVP_PKEY *
pkcs8_decode(const ASN1_SEQUENCE_ANY *s)
{
	ASN1_SEQUENCE_ANY *algorithm = sequence_read(octets(element(s, 1, V_ASN1_SEQUENCE)));
	const ASN1_TYPE *type = element(algorithm, 0, V_ASN1_OBJECT), *curve = element(algorithm, 1, V_ASN1_OBJECT);
	struct span secret = octets(element(s, 2, V_ASN1_OCTET_STRING));
	int nid = type ? OBJ_obj2nid(type->value.object) : NID_undef;
	ASN1_SEQUENCE_ANY *inner = nid == NID_ED25519 ? NULL : sequence_read(secret);
	EVP_PKEY *key = NULL;

	if (nid == NID_ED25519)
		key = ed25519_decode(secret);
	else if (nid == NID_rsaEncryption && inner)
		key = rsa_decode(inner);
	else if (nid == NID_X9_62_id_ecPublicKey && inner && curve)
		key = ec_decode(inner, curve->value.object);
	sequence_free(inner);
	sequence_free(algorithm);
	return key;
}

EVP_PKEY *
key_decode(struct span der)
{
	ASN1_SEQUENCE_ANY *s = sequence_read(der);
	EVP_PKEY *key = NULL;

	if (element(s, 1, V_ASN1_SEQUENCE))
		key = pkcs8_decode(s);
	else if (element(s, 1, V_ASN1_INTEGER))
		key = rsa_decode(s);
	else if (element(s, 1, V_ASN1_OCTET_STRING))
		key = ec_decode(s, NULL);
	sequence_free(s);
	return key;
}
