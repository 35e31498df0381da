#define _GNU_SOURCE
#include "provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <string.h>

#include "chan.h"
#include "die.h"

/* Our name, of the provider, of its signatures and in the properties of its algorithms. */
#define OURS "sallyport"
#define PARAM_INDEX OURS "-index"

struct key {
	const char *type;
	EVP_PKEY *public_half;
	unsigned index;
};

/* OpenSSL's tables hold functions of every type as this one. */
typedef void (*any_function)(void);
#define ENTRY(id, function)                                                                                            \
	{                                                                                                              \
		id, (any_function)(function)                                                                           \
	}

/* Keys. */

static void *
key_new(const char *type)
{
	struct key *k = OPENSSL_zalloc(sizeof *k);

	if (k)
		k->type = type;
	return k;
}

static void *
key_new_rsa(void *provider)
{
	(void)provider;
	return key_new("RSA");
}

static void *
key_new_ec(void *provider)
{
	(void)provider;
	return key_new("EC");
}

static void *
key_new_ed25519(void *provider)
{
	(void)provider;
	return key_new("ED25519");
}

static void
key_free(void *data)
{
	struct key *k = data;

	if (k)
		EVP_PKEY_free(k->public_half);
	OPENSSL_free(k);
}

/* Whatever OpenSSL needs for a handshake is here or can be asked for. */
static int
key_has(const void *data, int selection)
{
	const struct key *k = data;

	(void)selection;
	return k->public_half != NULL;
}

static int
key_match(const void *one, const void *other, int selection)
{
	const struct key *a = one, *b = other;

	(void)selection;
	return a->public_half && b->public_half && EVP_PKEY_eq(a->public_half, b->public_half) == 1;
}

/* The public half, from the parameters that OpenSSL's own keys export.  Also used to compare with such a key. */
static int
key_import(void *data, int selection, const OSSL_PARAM params[])
{
	struct key *k = data;
	const OSSL_PARAM *index = OSSL_PARAM_locate_const(params, PARAM_INDEX);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, k->type, "provider=default");
	int good;

	(void)selection;
	good = c && EVP_PKEY_fromdata_init(c) > 0 &&
	       EVP_PKEY_fromdata(c, &k->public_half, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)(uintptr_t)params) > 0 &&
	       (index == NULL || OSSL_PARAM_get_uint(index, &k->index));
	EVP_PKEY_CTX_free(c);
	return good;
}

static const OSSL_PARAM *
key_import_types(int selection)
{
	static const OSSL_PARAM none[] = { OSSL_PARAM_END };

	(void)selection;
	return none;
}

/* Size, strength, group: the public half knows. */
static int
key_get_params(void *data, OSSL_PARAM params[])
{
	struct key *k = data;

	return EVP_PKEY_get_params(k->public_half, params);
}

static const OSSL_PARAM *
key_gettable_params(void *provider)
{
	static const OSSL_PARAM names[] = { OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
					    OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
					    OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
					    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
					    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
					    OSSL_PARAM_END };

	(void)provider;
	return names;
}

/* Signatures of these keys have a name of their own, so that OpenSSL never takes its own code for them. */
static const char *
key_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? OURS : NULL;
}

#define KEY_TABLE(create)                                                                                              \
	{                                                                                                              \
		ENTRY(OSSL_FUNC_KEYMGMT_NEW, create), ENTRY(OSSL_FUNC_KEYMGMT_FREE, key_free),                         \
		    ENTRY(OSSL_FUNC_KEYMGMT_HAS, key_has), ENTRY(OSSL_FUNC_KEYMGMT_MATCH, key_match),                  \
		    ENTRY(OSSL_FUNC_KEYMGMT_IMPORT, key_import),                                                       \
		    ENTRY(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_import_types),                                           \
		    ENTRY(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params),                                               \
		    ENTRY(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable_params),                                     \
		    ENTRY(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, key_operation),                                      \
		{                                                                                                      \
			0, NULL                                                                                        \
		}                                                                                                      \
	}

/* Signatures. */

struct signing {
	struct key *key; /* lives longer: the connection's */
	uint16_t digest; /* 256, 384, 512; 0: the key's own */
	bool pss;
};

static void *
signing_new(void *provider, const char *properties)
{
	(void)provider;
	(void)properties;
	return OPENSSL_zalloc(sizeof(struct signing));
}

static void
signing_free(void *data)
{
	OPENSSL_free(data);
}

static int
signing_set_params(void *data, const OSSL_PARAM params[])
{
	struct signing *s = data;
	const OSSL_PARAM *padding = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	int mode = RSA_PKCS1_PADDING;

	/* As a number or as a word; of the length of the salt there is no choice. */
	if (padding && padding->data_type == OSSL_PARAM_UTF8_STRING)
		s->pss = strcmp(padding->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;
	else if (padding && OSSL_PARAM_get_int(padding, &mode))
		s->pss = mode == RSA_PKCS1_PSS_PADDING;
	return 1;
}

static const OSSL_PARAM *
signing_settable_params(void *data, void *provider)
{
	static const OSSL_PARAM names[] = { OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
					    OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
					    OSSL_PARAM_END };

	(void)data;
	(void)provider;
	return names;
}

static int
signing_start(void *data, const char *digest, void *key, const OSSL_PARAM params[])
{
	struct signing *s = data;

	s->key = key;
	s->digest = 0;
	if (digest && digest[0]) {
		s->digest = strstr(digest, "256") ? 256 : strstr(digest, "384") ? 384 : strstr(digest, "512") ? 512 : 1;
		if (s->digest == 1)
			return 0;
	}
	return params == NULL || signing_set_params(data, params);
}

/* The scheme as TLS writes it (RFC 8446 section 4.2.3). */
static uint16_t
signing_scheme(const struct signing *s)
{
	unsigned size = s->digest == 256 ? 0 : s->digest == 384 ? 1 : 2;

	if (strcmp(s->key->type, "ED25519") == 0)
		return 0x0807;
	if (strcmp(s->key->type, "EC") == 0)
		return (uint16_t)(0x0403 + (size << 8));
	return (uint16_t)(s->pss ? 0x0804 + size : 0x0401 + (size << 8));
}

static int
signing_finish(void *data, unsigned char *out, size_t *len, size_t room, const unsigned char *input, size_t n)
{
	static struct wr m;
	static struct chan_in in;
	const struct signing *s = data;
	const struct sign ask = { (uint8_t)s->key->index, signing_scheme(s), { input, n } };
	struct span signature;

	if (out == NULL) {
		*len = (size_t)EVP_PKEY_get_size(s->key->public_half);
		return 1;
	}
	m.len = 0;
	sign_put(&m, &ask);
	if (n > SIGN_MAX || chan_put(FD_CTL, &m) || chan_get(FD_CTL, &in, false))
		return 0; /* it has gone, and its own line says why */
	/* Whether it is right, the client will find out. */
	if (signed_get(in.data, &signature) || signature.len > room)
		die_peer("tlskey's answer is no signature by its key");
	memcpy(out, signature.p, signature.len);
	*len = signature.len;
	return 1;
}

static const OSSL_DISPATCH rsa_table[] = KEY_TABLE(key_new_rsa);
static const OSSL_DISPATCH ec_table[] = KEY_TABLE(key_new_ec);
static const OSSL_DISPATCH ed25519_table[] = KEY_TABLE(key_new_ed25519);
static const OSSL_DISPATCH signing_table[] = { ENTRY(OSSL_FUNC_SIGNATURE_NEWCTX, signing_new),
					       ENTRY(OSSL_FUNC_SIGNATURE_FREECTX, signing_free),
					       ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, signing_start),
					       ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signing_finish),
					       ENTRY(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, signing_set_params),
					       ENTRY(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, signing_settable_params),
					       { 0, NULL } };

static const OSSL_ALGORITHM *
provider_query(void *provider, int operation, int *no_cache)
{
	static const char properties[] = "provider=" OURS;
	static const OSSL_ALGORITHM keys[] = { { "RSA:rsaEncryption", properties, rsa_table, NULL },
					       { "EC:id-ecPublicKey", properties, ec_table, NULL },
					       { "ED25519", properties, ed25519_table, NULL },
					       { NULL, NULL, NULL, NULL } };
	static const OSSL_ALGORITHM signatures[] = { { OURS, properties, signing_table, NULL },
						     { NULL, NULL, NULL, NULL } };

	(void)provider;
	*no_cache = 0;
	return operation == OSSL_OP_KEYMGMT ? keys : operation == OSSL_OP_SIGNATURE ? signatures : NULL;
}

static int
provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *from, const OSSL_DISPATCH **table, void **provider)
{
	static const OSSL_DISPATCH functions[] = { ENTRY(OSSL_FUNC_PROVIDER_QUERY_OPERATION, provider_query),
						   { 0, NULL } };

	(void)from;
	*table = functions;
	*provider = (void *)(uintptr_t)handle;
	return 1;
}

int
provider_start(void)
{
	return OSSL_PROVIDER_add_builtin(NULL, OURS, provider_init) && OSSL_PROVIDER_load(NULL, OURS) ? 0 : -1;
}

static const char *
type_name(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return "RSA";
	case EVP_PKEY_EC:
		return "EC";
	case EVP_PKEY_ED25519:
		return "ED25519";
	default:
		return NULL;
	}
}

EVP_PKEY *
provider_key(EVP_PKEY *public_half, unsigned index)
{
	const char *type = type_name(public_half);
	OSSL_PARAM number[] = { OSSL_PARAM_construct_uint(PARAM_INDEX, &index), OSSL_PARAM_END };
	OSSL_PARAM *exported = NULL, *all = NULL;
	EVP_PKEY_CTX *c = type ? EVP_PKEY_CTX_new_from_name(NULL, type, "provider=" OURS) : NULL;
	EVP_PKEY *key = NULL;

	if (c && EVP_PKEY_todata(public_half, EVP_PKEY_PUBLIC_KEY, &exported) > 0 &&
	    (all = OSSL_PARAM_merge(exported, number)) != NULL && EVP_PKEY_fromdata_init(c) > 0)
		(void)EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, all); /* key says whether */
	OPENSSL_free(all);
	OSSL_PARAM_free(exported);
	EVP_PKEY_CTX_free(c);
	return key;
}
