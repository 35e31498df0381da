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
static uint8_t modulus[256];
static const uint8_t point[ISSUER_P256_BYTES] = { 0x7f, 0xcd, 0xce, 0x27, 0x70, 0xf6, 0xc4, 0x5d, 0x41, 0x83, 0xcb,
						  0xee, 0x6f, 0xdb, 0x4b, 0x7b, 0x58, 0x07, 0x33, 0x35, 0x7b, 0xe9,
						  0xef, 0x13, 0xba, 0xcf, 0x6e, 0x3c, 0x7b, 0xd1, 0x54, 0x45, 0xc7,
						  0xf1, 0x44, 0xcd, 0x1b, 0xbd, 0x9b, 0x7e, 0x87, 0x2c, 0xdf, 0xed,
						  0xb9, 0xee, 0xb9, 0xf4, 0xb3, 0x69, 0x5d, 0x6e, 0xa9, 0x0b, 0x24,
						  0xad, 0x8a, 0x46, 0x23, 0x28, 0x85, 0x88, 0xe5, 0xad };

static void
begin(void)
{
	static const uint8_t seed[32] = "a key that is good for nothing";
	size_t len = sizeof public;

	pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
	MUST(pair && EVP_PKEY_get_raw_public_key(pair, public, &len) == 1);
	issuers.count = 1;
	issuers.keys[0] = (struct issuer_key){ .algorithm = ISSUER_EDDSA, .kid = span_of("k"), .key = { public, len } };
	/* Of these nobody has the other half.  The point is that of RFC 7515 appendix A.3. */
	memset(modulus, 0xff, sizeof modulus);
	issuers.keys[1] = (struct issuer_key){ .algorithm = ISSUER_RS256,
					       .kid = span_of("k"),
					       .key = { modulus, sizeof modulus },
					       .exponent = { (const uint8_t *)"\1\0\1", 3 } };
	issuers.keys[2] =
	    (struct issuer_key){ .algorithm = ISSUER_ES256, .kid = span_of("k"), .key = { point, sizeof point } };
	issuers.issuers[0] = (struct issuer){ .name = span_of("i"),
					      .claim = span_of("email"),
					      .scope = span_of("s"),
					      .audience_count = 1,
					      .audiences = { span_of("a") },
					      .key_count = 3,
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
		enum jwt_result r = jwt_judge(claims, &issuers, NOW, &got);

		MUST(r != JWT_GOOD && jwt_text(r) != NULL);
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
