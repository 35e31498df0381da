/* Tokens that are signed here, and all that a token may not be. */
#include "jwt.h"

#include "../../check.h"
#include "token.h"

enum { NOW = 1700000000 };

static struct signer rsa, p256, ed, other;
static struct issuers known;
static char token[32768];
static struct jwt got;

#define GOOD "\"iss\":\"https://one\",\"aud\":\"mail\",\"exp\":1700000100,\"email\":\"bob@example.org\""

static void
issuers_make(void)
{
	token_signer(&rsa, ISSUER_RS256, "r");
	token_signer(&p256, ISSUER_ES256, "p");
	token_signer(&ed, ISSUER_EDDSA, "e");
	token_signer(&other, ISSUER_EDDSA, "o");
	known.count = 2;
	known.keys[0] = rsa.key;
	known.keys[1] = p256.key;
	known.keys[2] = ed.key;
	known.keys[3] = other.key;
	known.issuers[0] = (struct issuer){ .name = span_of("https://one"),
					    .claim = span_of("email"),
					    .audience_count = 2,
					    .audiences = { span_of("pop"), span_of("mail") },
					    .key_count = 3,
					    .keys = known.keys };
	known.issuers[1] = (struct issuer){ .name = span_of("https://two"),
					    .claim = span_of("sub"),
					    .scope = span_of("pop3"),
					    .audience_count = 1,
					    .audiences = { span_of("mail") },
					    .key_count = 1,
					    .keys = known.keys + 3 };
}

static enum jwt_result
judge(const struct signer *s, const char *header, const char *claims)
{
	token_make(s, header, claims, token, sizeof token);
	return jwt_judge(span_of(token), &known, NOW, &got);
}

/* Of the first issuer, signed by its Ed25519 key. */
static enum jwt_result
claims(const char *text)
{
	return judge(&ed, "{\"alg\":\"EdDSA\",\"kid\":\"e\"}", text);
}

static enum jwt_result
header(const char *text)
{
	return judge(&ed, text, "{" GOOD "}");
}

static void
test_each_algorithm(void)
{
	CHECK_EQ(judge(&rsa, "{\"alg\":\"RS256\",\"kid\":\"r\"}", "{" GOOD "}"), JWT_GOOD);
	CHECK(got.user_len == 15 && memcmp(got.user, "bob@example.org", 15) == 0);
	CHECK(got.issuer == &known.issuers[0]);
	CHECK_EQ(judge(&p256, "{\"alg\":\"ES256\",\"kid\":\"p\"}", "{" GOOD "}"), JWT_GOOD);
	CHECK_EQ(judge(&ed, "{\"alg\":\"EdDSA\",\"kid\":\"e\"}", "{" GOOD "}"), JWT_GOOD);
	CHECK_EQ(judge(&ed, "{\"alg\":\"Ed25519\",\"kid\":\"e\"}", "{" GOOD "}"), JWT_GOOD);
	CHECK_EQ(judge(&other, "{\"alg\":\"EdDSA\",\"kid\":\"o\"}",
		       "{\"iss\":\"https://two\",\"aud\":[\"x\",\"mail\"],\"exp\":1700000100,\"sub\":\"bob\","
		       "\"scope\":\"imap pop3\"}"),
		 JWT_GOOD);
	CHECK(got.user_len == 3 && got.issuer == &known.issuers[1]);
}

/* The token's word decides nothing: neither whether there is a signature, nor what the key is. */
static void
test_algorithm_is_the_keys(void)
{
	uint8_t mac[32];
	unsigned len;

	CHECK_EQ(judge(NULL, "{\"alg\":\"none\",\"kid\":\"e\"}", "{" GOOD "}"), JWT_KEY);
	CHECK_EQ(judge(NULL, "{\"alg\":\"none\"}", "{" GOOD "}"), JWT_KEY);
	CHECK_EQ(judge(NULL, "{\"alg\":\"EdDSA\",\"kid\":\"e\"}", "{" GOOD "}"), JWT_SIGNATURE);
	CHECK_EQ(header("{\"alg\":\"RS256\",\"kid\":\"e\"}"), JWT_KEY);
	CHECK_EQ(header("{\"alg\":\"RS256\"}"), JWT_SIGNATURE);
	CHECK_EQ(header("{\"alg\":\"eddsa\",\"kid\":\"e\"}"), JWT_KEY);
	CHECK_EQ(judge(&rsa, "{\"alg\":\"PS256\",\"kid\":\"r\"}", "{" GOOD "}"), JWT_KEY);
	CHECK_EQ(judge(&rsa, "{\"alg\":\"RS512\",\"kid\":\"r\"}", "{" GOOD "}"), JWT_KEY);
	/* The public key as the secret of an HMAC. */
	token_make(NULL, "{\"alg\":\"HS256\",\"kid\":\"r\"}", "{" GOOD "}", token, sizeof token);
	(void)HMAC(EVP_sha256(), rsa.key.key.p, (int)rsa.key.key.len, (const uint8_t *)token, strlen(token) - 1, mac,
		   &len);
	token_part(token, sizeof token, mac, len);
	CHECK_EQ(jwt_judge(span_of(token), &known, NOW, &got), JWT_KEY);
	CHECK_EQ(header("{\"kid\":\"e\"}"), JWT_FORM);
	CHECK_EQ(header("{\"alg\":null,\"kid\":\"e\"}"), JWT_FORM);
	CHECK_EQ(header("{\"alg\":[\"EdDSA\"],\"kid\":\"e\"}"), JWT_FORM);
}

static void
test_key_is_the_one_named(void)
{
	CHECK_EQ(header("{\"alg\":\"EdDSA\"}"), JWT_GOOD);
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"kid\":\"x\"}"), JWT_KEY);
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"kid\":\"\"}"), JWT_KEY);
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"kid\":1}"), JWT_FORM);
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"kid\":\"r\"}"), JWT_KEY);
	/* One issuer's keys sign for no other. */
	CHECK_EQ(judge(&other, "{\"alg\":\"EdDSA\",\"kid\":\"o\"}", "{" GOOD "}"), JWT_KEY);
	CHECK_EQ(judge(&other, "{\"alg\":\"EdDSA\"}", "{" GOOD "}"), JWT_SIGNATURE);
	/* A key without a name can be any. */
	known.keys[2].kid.len = 0;
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"kid\":\"x\"}"), JWT_GOOD);
	known.keys[2].kid = span_of("e");
	/* Keys that come with the token are nobody's. */
	CHECK_EQ(judge(&other,
		       "{\"alg\":\"EdDSA\",\"jku\":\"https://evil\",\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}}",
		       "{" GOOD "}"),
		 JWT_SIGNATURE);
}

static void
test_header(void)
{
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}"), JWT_GOOD);
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"typ\":\"at+JWT\"}"), JWT_GOOD);
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"typ\":\"application/at+jwt\"}"), JWT_GOOD);
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"typ\":\"logout+jwt\"}"), JWT_FORM);
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"typ\":1}"), JWT_FORM);
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"crit\":[\"exp\"]}"), JWT_FORM);
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"b64\":false,\"crit\":[\"b64\"]}"), JWT_FORM);
	CHECK_EQ(header("{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\"}"), JWT_FORM);
	CHECK_EQ(header("[]"), JWT_FORM);
	CHECK_EQ(header(""), JWT_FORM);
}

static void
test_times(void)
{
#define WITH(exp, more) "{\"iss\":\"https://one\",\"aud\":\"mail\",\"email\":\"b\",\"exp\":" exp more "}"
	CHECK_EQ(claims(WITH("1699999941", "")), JWT_GOOD); /* a minute is forgiven, and no second more */
	CHECK_EQ(claims(WITH("1699999940", "")), JWT_EXPIRED);
	CHECK_EQ(claims(WITH("1699999940.5", "")), JWT_GOOD);
	CHECK_EQ(claims(WITH("-1", "")), JWT_EXPIRED);
	CHECK_EQ(claims(WITH("1e300", "")), JWT_GOOD);
	CHECK_EQ(claims(WITH("\"1700000100\"", "")), JWT_FORM);
	CHECK_EQ(claims(WITH("null", "")), JWT_FORM);
	CHECK_EQ(claims("{\"iss\":\"https://one\",\"aud\":\"mail\",\"email\":\"b\"}"), JWT_FORM);
	CHECK_EQ(claims(WITH("1700000100", ",\"nbf\":1700000060")), JWT_GOOD);
	CHECK_EQ(claims(WITH("1700000100", ",\"nbf\":1700000061")), JWT_EARLY);
	CHECK_EQ(claims(WITH("1700000100", ",\"nbf\":\"0\"")), JWT_FORM);
#undef WITH
}

static void
test_whose_and_for_whom(void)
{
#define WITH(iss, aud) "{\"iss\":" iss ",\"aud\":" aud ",\"exp\":1700000100,\"email\":\"b\"}"
	CHECK_EQ(claims(WITH("\"https://one\"", "\"pop\"")), JWT_GOOD);
	CHECK_EQ(claims(WITH("\"https://one/\"", "\"pop\"")), JWT_ISSUER);
	CHECK_EQ(claims(WITH("\"HTTPS://one\"", "\"pop\"")), JWT_ISSUER);
	CHECK_EQ(claims(WITH("[\"https://one\"]", "\"pop\"")), JWT_ISSUER);
	CHECK_EQ(claims("{\"aud\":\"pop\",\"exp\":1700000100,\"email\":\"b\"}"), JWT_ISSUER);
	CHECK_EQ(claims(WITH("\"https://one\"", "[\"a\",\"mail\",1]")), JWT_GOOD);
	CHECK_EQ(claims(WITH("\"https://one\"", "[]")), JWT_AUDIENCE);
	CHECK_EQ(claims(WITH("\"https://one\"", "[[\"mail\"]]")), JWT_AUDIENCE);
	CHECK_EQ(claims(WITH("\"https://one\"", "{\"mail\":\"mail\"}")), JWT_AUDIENCE);
	CHECK_EQ(claims(WITH("\"https://one\"", "\"mailx\"")), JWT_AUDIENCE);
	CHECK_EQ(claims(WITH("\"https://one\"", "\"mai\"")), JWT_AUDIENCE);
	CHECK_EQ(claims(WITH("\"https://one\"", "\"\"")), JWT_AUDIENCE);
	CHECK_EQ(claims("{\"iss\":\"https://one\",\"exp\":1700000100,\"email\":\"b\"}"), JWT_AUDIENCE);
#undef WITH
}

static enum jwt_result
scoped(const char *scope)
{
	char text[512];

	(void)snprintf(text, sizeof text,
		       "{\"iss\":\"https://two\",\"aud\":\"mail\",\"exp\":1700000100,\"sub\":\"bob\"%s}", scope);
	return judge(&other, "{\"alg\":\"EdDSA\"}", text);
}

static void
test_scope(void)
{
	CHECK_EQ(scoped(",\"scope\":\"pop3\""), JWT_GOOD);
	CHECK_EQ(scoped(",\"scope\":\"a pop3 b\""), JWT_GOOD);
	CHECK_EQ(scoped(",\"scp\":\"a pop3\""), JWT_GOOD);
	CHECK_EQ(scoped(",\"scp\":[\"a\",\"pop3\"]"), JWT_GOOD);
	CHECK_EQ(scoped(",\"scope\":\"pop\""), JWT_SCOPE);
	CHECK_EQ(scoped(",\"scope\":\"pop33\""), JWT_SCOPE);
	CHECK_EQ(scoped(",\"scope\":\"\""), JWT_SCOPE);
	CHECK_EQ(scoped(",\"scope\":3"), JWT_SCOPE);
	CHECK_EQ(scoped(""), JWT_SCOPE);
}

static enum jwt_result
named(const char *email)
{
	char text[1024];

	(void)snprintf(text, sizeof text, "{\"iss\":\"https://one\",\"aud\":\"mail\",\"exp\":1700000100%s}", email);
	return claims(text);
}

static void
test_user(void)
{
	char text[512];

	CHECK_EQ(named(",\"email\":\"b\",\"email_verified\":true"), JWT_GOOD);
	CHECK_EQ(named(",\"email\":\"b\",\"email_verified\":\"true\""), JWT_GOOD);
	CHECK_EQ(named(",\"email\":\"b\",\"email_verified\":false"), JWT_USER);
	CHECK_EQ(named(",\"email\":\"b\",\"email_verified\":null"), JWT_USER);
	CHECK_EQ(named(""), JWT_USER);
	CHECK_EQ(named(",\"email\":\"\""), JWT_USER);
	CHECK_EQ(named(",\"email\":[\"b\"]"), JWT_USER);
	CHECK_EQ(named(",\"sub\":\"b\""), JWT_USER);
	CHECK_EQ(named(",\"email\":\"b\\u0000c\""), JWT_FORM);
	CHECK_EQ(named(",\"email\":\"b\",\"cnf\":{\"jkt\":\"x\"}"), JWT_BOUND);
	(void)snprintf(text, sizeof text, ",\"email\":\"%0255d\"", 1);
	CHECK_EQ(named(text), JWT_GOOD);
	CHECK_EQ(got.user_len, 255);
	(void)snprintf(text, sizeof text, ",\"email\":\"%0256d\"", 1);
	CHECK_EQ(named(text), JWT_USER);
	CHECK_EQ(got.user_len, 0);
}

/* A good token with one octet changed, cut off or added, anywhere, is none. */
static void
test_every_octet(void)
{
	size_t n;

	CHECK_EQ(claims("{" GOOD "}"), JWT_GOOD);
	n = strlen(token);
	for (size_t i = 0; i < n; i++) {
		char was = token[i];

		CHECK(jwt_judge((struct span){ (uint8_t *)token, i }, &known, NOW, &got) != JWT_GOOD);
		token[i] = was == 'A' ? 'B' : 'A';
		CHECK(jwt_judge(span_of(token), &known, NOW, &got) != JWT_GOOD);
		token[i] = '=';
		CHECK_EQ(jwt_judge(span_of(token), &known, NOW, &got), JWT_FORM);
		token[i] = was;
	}
	for (const char *p = "A=.\n "; *p; p++) {
		token[n] = *p;
		token[n + 1] = '\0';
		CHECK(jwt_judge(span_of(token), &known, NOW, &got) != JWT_GOOD);
	}
	token[n] = '\0';
	CHECK_EQ(jwt_judge(span_of(token), &known, NOW, &got), JWT_GOOD);
}

static void
test_size(void)
{
	static char text[JWT_MAX], fill[JWT_MAX];

	memset(fill, 'x', sizeof fill - 1);
	(void)snprintf(text, sizeof text, "{" GOOD ",\"x\":\"%.6000s\"}", fill);
	CHECK_EQ(claims(text), JWT_GOOD);
	CHECK(strlen(token) > 8000 && strlen(token) <= JWT_MAX);
	(void)snprintf(text, sizeof text, "{" GOOD ",\"x\":\"%.7000s\"}", fill);
	CHECK_EQ(claims(text), JWT_FORM);
	CHECK(strlen(token) > JWT_MAX);
	CHECK_EQ(jwt_judge(span_of(""), &known, NOW, &got), JWT_FORM);
	CHECK_EQ(jwt_judge(span_of(".."), &known, NOW, &got), JWT_FORM);
	CHECK_EQ(jwt_judge((struct span){ NULL, 0 }, &known, NOW, &got), JWT_FORM);
}

static void
test_texts(void)
{
	for (unsigned r = 0; r < JWT__MAX; r++)
		CHECK(jwt_text((enum jwt_result)r) != NULL);
}

int
main(void)
{
	issuers_make();
	test_each_algorithm();
	test_algorithm_is_the_keys();
	test_key_is_the_one_named();
	test_header();
	test_times();
	test_whose_and_for_whom();
	test_scope();
	test_user();
	test_every_octet();
	test_size();
	test_texts();
	return check_end();
}
