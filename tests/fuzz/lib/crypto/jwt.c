/* Tokens, any bytes: 0 and a token, which nobody signed; or 1, the header, LF and the claims, signed here.  Good is only what
 * was signed here, and says so itself. */
#include "jwt.h"

#include <openssl/evp.h>
#include <sodium.h>

#include "fuzz.h"
#include "json.h"

enum { NOW = 1700000000 };

static EVP_PKEY *pair;
static uint8_t public[ISSUER_ED25519_BYTES];
static struct issuers issuers;

static void
begin(void)
{
	static const uint8_t seed[32] = "a key that is good for nothing";
	size_t len = sizeof public;

	pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
	MUST(pair && EVP_PKEY_get_raw_public_key(pair, public, &len) == 1);
	issuers.count = 1;
	issuers.keys[0] = (struct issuer_key){ .algorithm = ISSUER_EDDSA, .kid = span_of("k"), .key = { public, len } };
	issuers.issuers[0] = (struct issuer){ .name = span_of("i"),
					      .claim = span_of("email"),
					      .scope = span_of("s"),
					      .audience_count = 1,
					      .audiences = { span_of("a") },
					      .key_count = 1,
					      .keys = issuers.keys };
}

static size_t
part_put(char *to, size_t n, size_t room, struct span part)
{
	(void)sodium_bin2base64(to + n, room - n, part.p, part.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return strlen(to);
}

/* "HEADER.CLAIMS.SIGNATURE" of what has room in a token; its length. */
static size_t
sign(struct span header, struct span claims, char *to, size_t room)
{
	uint8_t signature[64];
	size_t len = sizeof signature, n = part_put(to, 0, room, header);
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	to[n++] = '.';
	n = part_put(to, n, room, claims);
	MUST(c && EVP_DigestSignInit(c, NULL, NULL, NULL, pair) == 1);
	MUST(EVP_DigestSign(c, signature, &len, (const uint8_t *)to, n) == 1);
	EVP_MD_CTX_free(c);
	to[n++] = '.';
	return part_put(to, n, room, (struct span){ signature, len });
}

/* What a good one must have said. */
static void
claims_check(struct span header, struct span claims, const struct jwt *got)
{
	json_t *h = json_read(header), *c = json_read(claims);
	struct span user = json_text(c, "email"), algorithm = json_text(h, "alg");

	MUST(h && c && json_is(json_object_get(c, "iss"), span_of("i")));
	MUST(json_number_value(json_object_get(c, "exp")) > NOW - JWT_LEEWAY);
	MUST(json_number_value(json_object_get(c, "nbf")) <= NOW + JWT_LEEWAY);
	MUST(!json_object_get(h, "crit") && !json_object_get(c, "cnf"));
	MUST(algorithm.len == 5 || algorithm.len == 7);
	MUST(got->issuer == &issuers.issuers[0] && got->user_len >= 1 && got->user_len <= USER_MAX);
	MUST(user.len == got->user_len && memcmp(user.p, got->user, user.len) == 0 &&
	     memchr(user.p, '\0', user.len) == NULL);
	json_decref(h);
	json_decref(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char token[2 * JWT_MAX];
	struct take input = { data, size };
	bool signs = take_u8(&input) & 1;
	size_t len;
	uint8_t *text = take_copy(&input, signs ? JWT_MAX : input.len, &len), *exact;
	struct span claims = { text, len }, header;
	struct jwt got;

	if (pair == NULL)
		begin();
	if (!signs) {
		MUST(jwt_judge(claims, &issuers, NOW, &got) != JWT_GOOD);
	} else if (span_cut(&claims, '\n', &header) && claims.p) {
		len = sign(header, claims, token, sizeof token);
		exact = take_copy(&(struct take){ (const uint8_t *)token, len }, len, &len);
		if (jwt_judge((struct span){ exact, len }, &issuers, NOW, &got) == JWT_GOOD)
			claims_check(header, claims, &got);
		free(exact);
	}
	free(text);
	return 0;
}
