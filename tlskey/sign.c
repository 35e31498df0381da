#define _GNU_SOURCE
#include "sign.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "key.h"
#include "pem.h"

/* The signatures that are made (RFC 8446 section 4.2.3); no SHA-1.  PKCS#1 v1.5 is for TLS 1.2 alone. */
static const struct scheme {
	uint16_t code;
	int type;
	const char *digest; /* NULL: the scheme has its own */
	bool pss;
	unsigned forms;
} schemes[] = {
	{ 0x0403, EVP_PKEY_EC, "SHA256", false, FORM_TLS12 | FORM_TLS13 },
	{ 0x0503, EVP_PKEY_EC, "SHA384", false, FORM_TLS12 | FORM_TLS13 },
	{ 0x0603, EVP_PKEY_EC, "SHA512", false, FORM_TLS12 | FORM_TLS13 },
	{ 0x0804, EVP_PKEY_RSA, "SHA256", true, FORM_TLS12 | FORM_TLS13 },
	{ 0x0805, EVP_PKEY_RSA, "SHA384", true, FORM_TLS12 | FORM_TLS13 },
	{ 0x0806, EVP_PKEY_RSA, "SHA512", true, FORM_TLS12 | FORM_TLS13 },
	{ 0x0807, EVP_PKEY_ED25519, NULL, false, FORM_TLS12 | FORM_TLS13 },
	{ 0x0401, EVP_PKEY_RSA, "SHA256", false, FORM_TLS12 },
	{ 0x0501, EVP_PKEY_RSA, "SHA384", false, FORM_TLS12 },
	{ 0x0601, EVP_PKEY_RSA, "SHA512", false, FORM_TLS12 },
};

static const struct scheme *
scheme_find(uint16_t code)
{
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (schemes[i].code == code)
			return &schemes[i];
	return NULL;
}

/* The first block that is a private key; openssl writes EC PARAMETERS before some. */
static EVP_PKEY *
key_find(struct span text)
{
	static uint8_t der[KEY_FILE_MAX];
	struct pem block = { .len = 0 };
	EVP_PKEY *key = NULL;

	while (pem_next(&text, &block, der, sizeof der) == 1) {
		if (block.label.len < 11 || memcmp(block.label.p + block.label.len - 11, "PRIVATE KEY", 11) != 0)
			continue;
		key = key_decode((struct span){ der, block.len });
		break;
	}
	OPENSSL_cleanse(der, sizeof der);
	return key;
}

EVP_PKEY *
key_read(int fd)
{
	static uint8_t text[KEY_FILE_MAX];
	size_t n = 0;
	EVP_PKEY *key;

	while (n < sizeof text) {
		ssize_t got = pread(fd, text + n, sizeof text - n, (off_t)n);

		if (got == 0 || (got < 0 && errno != EINTR))
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	key = n < sizeof text ? key_find((struct span){ text, n }) : NULL;
	OPENSSL_cleanse(text, sizeof text);
	return key;
}

static int
sign_with(EVP_PKEY *key, const struct scheme *how, struct span input, uint8_t *out, size_t *len)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *settings; /* md's */
	int good = md && EVP_DigestSignInit_ex(md, &settings, how->digest, NULL, NULL, key, NULL) > 0;

	/* RFC 8446 section 4.2.3: the salt is as long as the digest. */
	if (good && how->pss)
		good = EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) > 0 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) > 0;
	*len = SIGNATURE_MAX;
	good = good && EVP_DigestSign(md, out, len, input.p, input.len) > 0;
	EVP_MD_CTX_free(md);
	return good ? 0 : -1;
}

bool
sign_is_allowed(const struct sign *s)
{
	const struct scheme *how = scheme_find(s->scheme);

	return how && how->forms & input_form(s->input);
}

const char *
sign_make(EVP_PKEY *key, const struct sign *s, uint8_t out[SIGNATURE_MAX], size_t *len)
{
	const struct scheme *how = scheme_find(s->scheme);

	if (how == NULL || EVP_PKEY_get_base_id(key) != how->type || EVP_PKEY_get_size(key) > SIGNATURE_MAX)
		return "the private key is not of the kind that its certificate names";
	return sign_with(key, how, s->input, out, len) ? "the private key does not sign" : NULL;
}
