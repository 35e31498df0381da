#include "keyset.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "crypto/json.h"
#include "crypto/signature.h"
#include "pem.h"

enum { DER_MAX = 4096, RSA_BITS_MIN = 2048 };

static const char other[] = "its algorithm is none of RS256, ES256 and EdDSA";
static const char damaged[] = "the key is damaged; fetch it again";
static const char weak[] =
    "the key is RSA of less than 2048 or more than 8192 bits, or its exponent is not odd and of at "
    "most 4 octets; let the issuer make a new one";
static const char many[] = "more than 32 keys of all issuers; leave out what is no longer used";

const char *
keyset_algorithm(const struct issuer_key *k)
{
	static const char *const names[ISSUER_ALGORITHM__MAX] = { "RS256", "ES256", "EdDSA" };

	return names[k->algorithm];
}

static bool
is(struct span s, const char *word)
{
	return s.p && s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

/* A number, or a coordinate that must have so many octets, into to. */
static int
octets_get(const json_t *key, const char *name, uint8_t *to, size_t room, size_t exactly, struct span *out)
{
	size_t len;

	if (json_octets(json_text(key, name), to, room, &len) || (exactly && len != exactly))
		return -1;
	*out = (struct span){ to, len };
	while (!exactly && out->len && out->p[0] == 0) {
		out->p++;
		out->len--;
	}
	return 0;
}

/* What OpenSSL thinks of it: on its curve, and not so small that others could sign. */
static const char *
key_fault(const struct issuer_key *k)
{
	EVP_PKEY *key = signature_key(k);
	EVP_PKEY_CTX *c = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	const char *fault = NULL;

	if (k->algorithm == ISSUER_RS256 &&
	    (k->key.len > ISSUER_MODULUS_MAX || k->exponent.len > ISSUER_EXPONENT_MAX || k->exponent.len == 0 ||
	     !(k->exponent.p[k->exponent.len - 1] & 1) || (key && EVP_PKEY_get_bits(key) < RSA_BITS_MIN)))
		fault = weak;
	else if (c == NULL || EVP_PKEY_public_check(c) != 1)
		fault = damaged;
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(key);
	return fault;
}

/* The next place in k, without a key. */
static struct issuer_key *
place_of(struct keyset *k, enum issuer_algorithm algorithm)
{
	k->keys[k->count] = (struct issuer_key){ .algorithm = (uint8_t)algorithm, .kid = { k->kids[k->count], 0 } };
	return &k->keys[k->count];
}

static const char *
rsa_get(struct keyset *k, const json_t *key)
{
	struct issuer_key *to = place_of(k, ISSUER_RS256);
	size_t at = k->count;

	if (octets_get(key, "n", k->octets[at], sizeof k->octets[at], 0, &to->key) ||
	    octets_get(key, "e", k->exponents[at], sizeof k->exponents[at], 0, &to->exponent))
		return damaged;
	return key_fault(to);
}

static const char *
p256_get(struct keyset *k, const json_t *key)
{
	struct issuer_key *to = place_of(k, ISSUER_ES256);
	uint8_t *octets = k->octets[k->count];
	size_t half = ISSUER_P256_BYTES / 2;
	struct span x, y;

	if (octets_get(key, "x", octets, half, half, &x) || octets_get(key, "y", octets + half, half, half, &y))
		return damaged;
	to->key = (struct span){ octets, ISSUER_P256_BYTES };
	return key_fault(to);
}

static const char *
ed25519_get(struct keyset *k, const json_t *key)
{
	struct issuer_key *to = place_of(k, ISSUER_EDDSA);

	if (octets_get(key, "x", k->octets[k->count], ISSUER_ED25519_BYTES, ISSUER_ED25519_BYTES, &to->key))
		return damaged;
	return key_fault(to);
}

static bool
is_to_verify(const json_t *key)
{
	const json_t *operations = json_object_get(key, "key_ops");
	struct span use = json_text(key, "use");
	size_t i, n = json_array_size(operations);

	for (i = 0; i < n && !json_is(json_array_get(operations, i), span_of("verify")); i++)
		;
	return (use.p == NULL || is(use, "sig")) && (operations == NULL || i < n);
}

/* How a key of this type is read; NULL if we know no algorithm for it. */
static const char *(*reader_of(const json_t *key))(struct keyset *, const json_t *)
{
	struct span type = json_text(key, "kty"), curve = json_text(key, "crv"), algorithm = json_text(key, "alg");
	bool any = algorithm.p == NULL;

	if (is(type, "RSA") && (any || is(algorithm, "RS256")))
		return rsa_get;
	if (is(type, "EC") && is(curve, "P-256") && (any || is(algorithm, "ES256")))
		return p256_get;
	if (is(type, "OKP") && is(curve, "Ed25519") && (any || is(algorithm, "EdDSA") || is(algorithm, "Ed25519")))
		return ed25519_get;
	return NULL;
}

/* One key of a set.  *why becomes the reason to leave it out. */
static const char *
jwk_add(struct keyset *k, const json_t *key, const char **why)
{
	const char *(*reader)(struct keyset *, const json_t *) = reader_of(key), *fault;
	struct span kid = json_text(key, "kid");

	if (json_object_get(key, "d"))
		return "that is a private key; give sallyport public ones alone";
	*why = !is_to_verify(key) ? "it is not for signatures" : reader == NULL ? other : NULL;
	if (*why)
		return NULL;
	if (k->count == ISSUER_KEYS_MAX)
		return many;
	if (kid.len > ISSUER_TEXT_MAX)
		return "the key's kid is longer than 255 octets; give it a shorter one";
	if ((fault = reader(k, key)) != NULL)
		return fault;
	if (kid.len)
		memcpy(k->kids[k->count], kid.p, kid.len);
	k->keys[k->count++].kid.len = kid.len;
	return NULL;
}

static const char *
jwks_add(struct keyset *k, const char *path, struct span text, keyset_note *note, size_t *number)
{
	json_t *set = json_read(text);
	const json_t *keys = json_object_get(set, "keys");
	const char *fault = NULL, *why = NULL;
	size_t n = json_array_size(keys);

	if (!json_is_array(keys))
		fault = "this is no JWK Set (RFC 7517), nor PEM; fetch it again from the issuer's jwks_uri";
	for (size_t i = 0; i < n && fault == NULL; i++) {
		const json_t *key = json_array_get(keys, i);

		fault = json_is_object(key) ? jwk_add(k, key, &why) : damaged;
		*number = i + 1;
		if (fault == NULL && why && note)
			note(path, i + 1, json_text(key, "kid"), why);
	}
	json_decref(set);
	return fault;
}

static int
number_put(const EVP_PKEY *key, const char *name, uint8_t *to, size_t room, size_t exactly, struct span *out)
{
	BIGNUM *n = NULL;
	int len = -1;

	if (EVP_PKEY_get_bn_param(key, name, &n) == 1 && (size_t)BN_num_bytes(n) <= room)
		len = BN_bn2binpad(n, to, (int)(exactly ? exactly : (size_t)BN_num_bytes(n)));
	BN_free(n);
	*out = (struct span){ to, len > 0 ? (size_t)len : 0 };
	return len > 0 ? 0 : -1;
}

static const char *
pem_rsa(struct keyset *k, const EVP_PKEY *key)
{
	struct issuer_key *to = place_of(k, ISSUER_RS256);
	size_t at = k->count;

	if (number_put(key, OSSL_PKEY_PARAM_RSA_N, k->octets[at], sizeof k->octets[at], 0, &to->key) ||
	    number_put(key, OSSL_PKEY_PARAM_RSA_E, k->exponents[at], sizeof k->exponents[at], 0, &to->exponent))
		return weak;
	return key_fault(to);
}

static const char *
pem_p256(struct keyset *k, const EVP_PKEY *key)
{
	struct issuer_key *to = place_of(k, ISSUER_ES256);
	uint8_t *octets = k->octets[k->count];
	size_t half = ISSUER_P256_BYTES / 2, len = 0;
	char group[32] = "";
	struct span x, y;

	if (EVP_PKEY_get_group_name(key, group, sizeof group, &len) != 1 || strcmp(group, "prime256v1") != 0)
		return other;
	if (number_put(key, OSSL_PKEY_PARAM_EC_PUB_X, octets, half, half, &x) ||
	    number_put(key, OSSL_PKEY_PARAM_EC_PUB_Y, octets + half, half, half, &y))
		return damaged;
	to->key = (struct span){ octets, ISSUER_P256_BYTES };
	return key_fault(to);
}

static const char *
pem_ed25519(struct keyset *k, const EVP_PKEY *key)
{
	struct issuer_key *to = place_of(k, ISSUER_EDDSA);
	size_t len = ISSUER_ED25519_BYTES;

	if (EVP_PKEY_get_raw_public_key(key, k->octets[k->count], &len) != 1 || len != ISSUER_ED25519_BYTES)
		return damaged;
	to->key = (struct span){ k->octets[k->count], len };
	return key_fault(to);
}

static const char *
pem_key_add(struct keyset *k, struct span der)
{
	const uint8_t *p = der.p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der.len);
	const char *fault = other;

	if (key == NULL)
		return damaged;
	if (k->count == ISSUER_KEYS_MAX)
		fault = many;
	else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		fault = pem_rsa(k, key);
	else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		fault = pem_p256(k, key);
	else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		fault = pem_ed25519(k, key);
	EVP_PKEY_free(key);
	if (fault == NULL)
		k->count++;
	return fault;
}

static const char *
pem_add(struct keyset *k, struct span text, size_t *number)
{
	uint8_t der[DER_MAX];
	struct span rest = text;
	struct pem block;
	const char *fault;
	int r;

	*number = 0;
	while ((r = pem_next(&rest, &block, der, sizeof der)) > 0) {
		++*number;
		if (!is(block.label, "PUBLIC KEY"))
			return "this PEM block is no PUBLIC KEY; openssl pkey -pubout and openssl x509 -pubkey make "
			       "one";
		if ((fault = pem_key_add(k, (struct span){ der, block.len })) != NULL)
			return fault;
	}
	return r < 0 || *number == 0 ? damaged : NULL;
}

const char *
keyset_add(struct keyset *k, const char *path, struct span text, keyset_note *note, size_t *number)
{
	static const char armour[] = "-----BEGIN ";

	*number = 0;
	for (size_t i = 0; i + sizeof armour - 1 <= text.len; i++)
		if ((i == 0 || text.p[i - 1] == '\n') && memcmp(text.p + i, armour, sizeof armour - 1) == 0)
			return pem_add(k, text, number);
	return jwks_add(k, path, text, note, number);
}
