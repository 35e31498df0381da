/* Every form that openssl(1) writes gives the key that it was, and a damaged one gives none. */
#include "key.h"

#include <openssl/ec.h>
#include <openssl/encoder.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* One form of a key ("PrivateKeyInfo" is PKCS #8; "type-specific" the older one) in DER; empty if it has none. */
static struct span
encoded(EVP_PKEY *key, const char *structure)
{
	unsigned char *der = NULL;
	size_t len = 0;
	OSSL_ENCODER_CTX *c = OSSL_ENCODER_CTX_new_for_pkey(key, EVP_PKEY_KEYPAIR, "DER", structure, NULL);

	(void)OSSL_ENCODER_to_data(c, &der, &len); /* der says whether */
	OSSL_ENCODER_CTX_free(c);
	return (struct span){ der, len };
}

static bool
signs_like(EVP_PKEY *mine, EVP_PKEY *original)
{
	static const uint8_t text[] = "text";
	const char *digest = EVP_PKEY_get_base_id(original) == EVP_PKEY_ED25519 ? NULL : "SHA256";
	uint8_t signature[1024];
	size_t len = sizeof signature;
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
	bool good = EVP_DigestSignInit_ex(sign, NULL, digest, NULL, NULL, mine, NULL) > 0 &&
		    EVP_DigestSign(sign, signature, &len, text, sizeof text) > 0 &&
		    EVP_DigestVerifyInit_ex(verify, NULL, digest, NULL, NULL, original, NULL) > 0 &&
		    EVP_DigestVerify(verify, signature, len, text, sizeof text) == 1;

	EVP_MD_CTX_free(sign);
	EVP_MD_CTX_free(verify);
	return good;
}

static void
form_check(EVP_PKEY *original, const char *structure)
{
	struct span der = encoded(original, structure);
	EVP_PKEY *mine = key_decode(der);

	CHECK(der.len && mine && EVP_PKEY_get_base_id(mine) == EVP_PKEY_get_base_id(original));
	CHECK(mine && signs_like(mine, original));
	EVP_PKEY_free(mine);
	/* Cut anywhere it is no key; a bit changed, it may be another, or none, and nothing worse. */
	for (size_t i = 0; i < der.len; i++) {
		uint8_t *cut = malloc(der.len);

		memcpy(cut, der.p, i);
		mine = key_decode((struct span){ cut, i });
		CHECK(mine == NULL);
		memcpy(cut, der.p, der.len);
		cut[i] ^= (uint8_t)(1 << i % 8);
		EVP_PKEY_free(key_decode((struct span){ cut, der.len }));
		free(cut);
	}
	OPENSSL_free((void *)(uintptr_t)der.p);
}

int
main(void)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048), *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	static const char *const curves[] = { "P-256", "P-384", "P-521" };

	form_check(rsa, "PrivateKeyInfo");
	form_check(rsa, "type-specific");
	form_check(ed25519, "PrivateKeyInfo");
	for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
		EVP_PKEY *ec = EVP_EC_gen(curves[i]);

		form_check(ec, "PrivateKeyInfo");
		form_check(ec, "type-specific");
		EVP_PKEY_free(ec);
	}
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ed25519);
	CHECK(key_decode((struct span){ NULL, 0 }) == NULL);
	return check_end();
}
