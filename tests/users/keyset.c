/* Keys as issuers publish them: the set of RFC 7517 appendix A.1, PEM, and what is damaged, private or too weak. */
#include "keyset.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "../check.h"

#define RSA_N                                                                                                          \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3" \
	"oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA" \
	"ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-" \
	"kEgU8awapJzKnqDKgw"
#define P256_XY                                                                                                        \
	"\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\""
#define ED_X "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

static struct keyset k;
static size_t number, noted;
static char last[64];

static void
note(const char *path, size_t at, struct span kid, const char *why)
{
	(void)path;
	noted++;
	(void)snprintf(last, sizeof last, "%zu %.*s %.24s", at, (int)kid.len, (const char *)kid.p, why);
}

static const char *
add(const char *text)
{
	memset(&k, 0, sizeof k);
	noted = 0;
	return keyset_add(&k, "path", span_of(text), note, &number);
}

static bool
kid_is(size_t i, const char *kid)
{
	return k.keys[i].kid.len == strlen(kid) && memcmp(k.keys[i].kid.p, kid, strlen(kid)) == 0;
}

static void
test_set(void)
{
	CHECK(add("{\"keys\":["
		  "{\"kty\":\"EC\",\"crv\":\"P-256\"," P256_XY ",\"use\":\"enc\",\"kid\":\"1\"},"
		  "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"},"
		  "{\"kty\":\"EC\",\"crv\":\"P-256\"," P256_XY ",\"use\":\"sig\",\"kid\":\"p\"},"
		  "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"," ED_X ",\"key_ops\":[\"verify\"]}"
		  "]}") == NULL);
	CHECK_EQ(k.count, 3);
	CHECK_EQ(noted, 1);
	CHECK(strcmp(last, "1 1 it is not for signatures") == 0);
	CHECK(kid_is(0, "2011-04-29") && kid_is(1, "p") && kid_is(2, ""));
	CHECK_EQ(k.keys[0].key.len, 256);
	CHECK(k.keys[0].exponent.len == 3 && memcmp(k.keys[0].exponent.p, "\1\0\1", 3) == 0);
	CHECK(strcmp(keyset_algorithm(&k.keys[0]), "RS256") == 0);
	CHECK(strcmp(keyset_algorithm(&k.keys[1]), "ES256") == 0);
	CHECK(strcmp(keyset_algorithm(&k.keys[2]), "EdDSA") == 0);
	CHECK_EQ(k.keys[1].key.p[63], 0x23);
}

/* What sets have besides, and nobody here needs. */
static void
test_left_out(void)
{
	static const char *const others[] = {
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":\"RS512\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"alg\":\"RSA-OAEP\",\"use\":\"enc\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"key_ops\":[\"encrypt\"]}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"}",
		"{\"kty\":\"oct\",\"k\":\"AAAA\",\"alg\":\"HS256\"}",
		"{\"kty\":\"oct\",\"k\":\"AAAA\",\"alg\":\"RS256\"}",
		"{\"kty\":\"OKP\",\"crv\":\"X25519\"," ED_X "}",
		"{}",
	};
	char text[2048];

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		(void)snprintf(text, sizeof text, "{\"keys\":[%s]}", others[i]);
		CHECK(add(text) == NULL);
		CHECK_EQ(k.count, 0);
		CHECK_EQ(noted, 1);
	}
}

static void
test_refused(void)
{
	static const char *const bad[] = {
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAA\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAAAAE\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "=\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"d\":\"AQAB\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","
		"\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyI\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"," ED_X ",\"d\":\"AAAA\"}",
		"1",
	};
	char text[2048];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		(void)snprintf(text, sizeof text, "{\"keys\":[%s]}", bad[i]);
		CHECK(add(text) != NULL);
		CHECK_EQ(number, 1);
		CHECK_EQ(k.count, 0);
	}
	CHECK(add("") != NULL);
	CHECK(add("{}") != NULL);
	CHECK(add("{\"keys\":{}}") != NULL);
	CHECK(add("{\"keys\":[],\"keys\":[]}") != NULL);
	CHECK(add("<html>") != NULL);
	CHECK_EQ(number, 0);
}

static void
test_too_many(void)
{
	static char text[8192] = "{\"keys\":[";

	for (int i = 0; i < ISSUER_KEYS_MAX; i++)
		(void)strcat(text, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"," ED_X "},");
	(void)strcpy(text + strlen(text) - 1, "]}");
	CHECK(add(text) == NULL);
	CHECK_EQ(k.count, ISSUER_KEYS_MAX);
	CHECK(keyset_add(&k, "path", span_of("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\"," ED_X "}]}"), note,
			 &number) != NULL);
	CHECK_EQ(k.count, ISSUER_KEYS_MAX);
}

/* The PEM of these keys, one behind the other. */
static const char *
pem_of(EVP_PKEY *a, EVP_PKEY *b, bool private)
{
	static char text[8192];
	BIO *out = BIO_new(BIO_s_mem());
	int n;

	(void)PEM_write_bio_PUBKEY(out, a);
	if (b && private)
		(void)PEM_write_bio_PrivateKey(out, b, NULL, NULL, 0, NULL, NULL);
	else if (b)
		(void)PEM_write_bio_PUBKEY(out, b);
	n = BIO_read(out, text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	BIO_free(out);
	return text;
}

static void
test_pem(void)
{
	EVP_PKEY *rsa = EVP_RSA_gen(3072), *small = EVP_RSA_gen(1024), *p256 = EVP_EC_gen("P-256");
	EVP_PKEY *p384 = EVP_EC_gen("P-384"), *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	uint8_t point[65];
	size_t len;

	CHECK(add(pem_of(rsa, p256, false)) == NULL);
	CHECK_EQ(k.count, 2);
	CHECK(k.keys[0].algorithm == ISSUER_RS256 && k.keys[0].key.len == 384 && k.keys[0].kid.len == 0);
	CHECK(EVP_PKEY_get_octet_string_param(p256, "pub", point, sizeof point, &len) == 1);
	CHECK(k.keys[1].algorithm == ISSUER_ES256 && memcmp(k.keys[1].key.p, point + 1, 64) == 0);
	CHECK(add(pem_of(ed, NULL, false)) == NULL);
	CHECK_EQ(EVP_PKEY_get_raw_public_key(ed, point, &len), 1);
	CHECK(k.keys[0].algorithm == ISSUER_EDDSA && memcmp(k.keys[0].key.p, point, 32) == 0);
	CHECK(add(pem_of(small, NULL, false)) != NULL);
	CHECK(add(pem_of(p384, NULL, false)) != NULL);
	CHECK(add(pem_of(ed, p256, true)) != NULL);
	CHECK_EQ(number, 2);
	CHECK(add("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n") != NULL);
	CHECK(add("-----BEGIN PUBLIC KEY-----\n") != NULL);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(small);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(ed);
}

int
main(void)
{
	test_set();
	test_left_out();
	test_refused();
	test_too_many();
	test_pem();
	return check_end();
}
