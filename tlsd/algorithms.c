/* OpenSSL's default provider has some 250 algorithms, and makes an object of each of a kind as soon as one is asked
 * for: most of what its start costs.  So it is loaded in a library context of its own (provider(7)), and a provider
 * that passes on its implementations, but only those that a connection can need, is what the connection sees. */
#include "algorithms.h"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>

enum { NEEDED_MAX = 8 };

static OSSL_LIB_CTX *elsewhere;
static OSSL_PROVIDER *whole;

static struct operation {
	int number;
	const char *names[NEEDED_MAX]; /* the first of each one's names */
	OSSL_ALGORITHM found[NEEDED_MAX + 1];
} operations[] = {
	{ OSSL_OP_DIGEST, { "SHA1", "SHA2-256", "SHA2-384", "SHA2-512" }, { { 0 } } },
	{ OSSL_OP_CIPHER, { "AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305" }, { { 0 } } },
	{ OSSL_OP_MAC, { "HMAC" }, { { 0 } } },
	{ OSSL_OP_KDF, { "HKDF", "TLS13-KDF", "TLS1-PRF" }, { { 0 } } },
	{ OSSL_OP_RAND, { "HASH-DRBG", "SEED-SRC" }, { { 0 } } },
	{ OSSL_OP_KEYMGMT, { "RSA", "RSA-PSS", "EC", "ED25519", "X25519" }, { { 0 } } },
	{ OSSL_OP_KEYEXCH, { "ECDH", "X25519" }, { { 0 } } },
	{ OSSL_OP_SIGNATURE, { "RSA", "ECDSA", "ED25519" }, { { 0 } } },
	{ OSSL_OP_DECODER, { "RSA", "RSA-PSS", "EC", "ED25519" }, { { 0 } } },
};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

/* The first of its names, which are separated by colons. */
static bool
has_name(const OSSL_ALGORITHM *a, const char *name)
{
	size_t len = strlen(name);

	return strncmp(a->algorithm_names, name, len) == 0 && strchr(":", a->algorithm_names[len]);
}

static bool
is_needed(const struct operation *o, const OSSL_ALGORITHM *a)
{
	/* Nothing is decoded but the public keys of certificates. */
	if (o->number == OSSL_OP_DECODER && (strstr(a->property_definition, "input=der") == NULL ||
					     strstr(a->property_definition, "structure=SubjectPublicKeyInfo") == NULL))
		return false;
	for (size_t i = 0; i < NEEDED_MAX && o->names[i]; i++)
		if (has_name(a, o->names[i]))
			return true;
	return false;
}

static const OSSL_ALGORITHM *
needed_query(void *provider, int number, int *no_cache)
{
	struct operation *o = operations;
	size_t n = 0;

	(void)provider;
	*no_cache = 0;
	while (o < operations + OPERATIONS && o->number != number)
		o++;
	if (o == operations + OPERATIONS)
		return NULL;
	if (o->found[0].algorithm_names == NULL)
		for (const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(whole, number, no_cache);
		     a && a->algorithm_names && n < NEEDED_MAX; a++)
			if (is_needed(o, a))
				o->found[n++] = *a; /* the last stays empty, which ends the list */
	return o->found;
}

/* The groups for key exchange are something that a provider says of itself (provider-base(7)). */
static int
needed_capabilities(void *provider, const char *capability, OSSL_CALLBACK *tell, void *to)
{
	(void)provider;
	return OSSL_PROVIDER_get_capabilities(whole, capability, tell, to);
}

static int
needed_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *from, const OSSL_DISPATCH **table, void **provider)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))needed_query },
		{ OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))needed_capabilities },
		{ 0, NULL },
	};

	(void)handle;
	(void)from;
	*table = functions;
	*provider = OSSL_PROVIDER_get0_provider_ctx(whole); /* whose implementations they are */
	return 1;
}

/* How strong a certificate's signature is, OpenSSL asks of its old table of digests; the rest of it is not wanted. */
static bool
digests_name(void)
{
	return EVP_add_digest(EVP_sha1()) && EVP_add_digest(EVP_sha256()) && EVP_add_digest(EVP_sha384()) &&
	       EVP_add_digest(EVP_sha512());
}

int
algorithms_start(void)
{
	elsewhere = OSSL_LIB_CTX_new();
	whole = elsewhere ? OSSL_PROVIDER_load(elsewhere, "default") : NULL;
	/* Of the generators the one that needs no cipher: with one, all of them would be made there. */
	return whole && digests_name() && RAND_set_DRBG_type(elsewhere, "HASH-DRBG", NULL, NULL, "SHA256") &&
		       RAND_set_DRBG_type(NULL, "HASH-DRBG", NULL, NULL, "SHA256") &&
		       OSSL_PROVIDER_add_builtin(NULL, "needed", needed_init) && OSSL_PROVIDER_load(NULL, "needed")
		   ? 0
		   : -1;
}
