/* authd-crypto's one attempt, the same way.  In the world of an honest client these octets of a response stand for what
 * only he knows: 1a the nonce that he was sent, 1b his proof for SCRAM, 1c the digest of CRAM-MD5, 1d that of APOP, 1e a
 * token for bob, 1f one for dis.  Without them nothing makes a verdict. */
#define _GNU_SOURCE
#define FORMS true
#include "../attempted.h"

#include "base64.h"
#include "mac.h"

enum { NONCE = 0x1a, PROOF, CRAM, APOP, TOKEN, TOKEN_OF_DIS };

static uint8_t challenge[CHALLENGE_MAX], first[RESPONSE_MAX];
static size_t challenge_len, first_len;
static char tokens[2][400];
static uint8_t token_secret[crypto_sign_SECRETKEYBYTES];

static void
base64url(const void *p, size_t n, char *out, size_t room)
{
	(void)sodium_bin2base64(out, room, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void
token_make(const char *user, char *out, size_t room)
{
	static const char header[] = "{\"alg\":\"EdDSA\"}";
	char claims[100], part[200];
	uint8_t signature[crypto_sign_BYTES];
	size_t n;

	(void)snprintf(claims, sizeof claims, "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":9999999999,\"c\":\"%s\"}", user);
	base64url(header, strlen(header), out, room);
	base64url(claims, strlen(claims), part, sizeof part);
	n = strlen(out);
	(void)snprintf(out + n, room - n, ".%s", part);
	MUST(crypto_sign_detached(signature, NULL, (uint8_t *)out, strlen(out), token_secret) == 0);
	base64url(signature, sizeof signature, part, sizeof part);
	n = strlen(out);
	(void)snprintf(out + n, room - n, ".%s", part);
}

static enum mac
mac_of(bool sha1)
{
	return sha1 ? MAC_SHA1 : MAC_SHA256;
}

static void
honest_start(void)
{
	uint8_t key[MAC_MAX];

	challenge_len = first_len = 0;
	knew = false;
	if (tokens[0][0])
		return;
	MUST(crypto_sign_seed_keypair(token_public, token_secret, zero) == 0);
	token_make("bob", tokens[0], sizeof tokens[0]);
	token_make("dis", tokens[1], sizeof tokens[1]);
	memset(key, 'k', sizeof key);
	for (int sha1 = 0; sha1 < 2; sha1++) {
		enum mac m = mac_of(sha1);

		MUST(mac_hash(m, (struct span){ key, mac_length(m) }, stored[sha1]) == 0);
	}
}

static void
honest_hear(struct span text)
{
	memcpy(challenge, text.p, text.len);
	challenge_len = text.len;
}

/* "r=NONCE,...": the nonce. */
static struct span
nonce_heard(void)
{
	struct span rest = { challenge, challenge_len }, field = { challenge, 0 };

	if (challenge_len > 2)
		(void)span_cut(&rest, ',', &field);
	return field.len > 2 ? (struct span){ field.p + 2, field.len - 2 } : (struct span){ challenge, 0 };
}

/* RFC 5802 section 3, with a ClientKey of the letter k.  so_far: the final message up to its ",p=". */
static size_t
proof_make(struct span so_far, uint8_t *out)
{
	static uint8_t message[2 * RESPONSE_MAX + CHALLENGE_MAX];
	uint8_t sum[MAC_MAX];
	struct span bare = { first, first_len }, away;
	size_t n = 0, before = so_far.len >= 3 ? so_far.len - 3 : 0;
	bool sha1 = mechanism == MECH_SCRAM_SHA1 || mechanism == MECH_SCRAM_SHA1_PLUS;
	enum mac m = mac_of(sha1);

	(void)span_cut(&bare, ',', &away);
	if (bare.p)
		(void)span_cut(&bare, ',', &away);
	if (bare.p == NULL)
		return 0;
	memcpy(message, bare.p, bare.len);
	n = bare.len;
	message[n++] = ',';
	memcpy(message + n, challenge, challenge_len);
	n += challenge_len;
	message[n++] = ',';
	memcpy(message + n, so_far.p, before);
	n += before;
	MUST(mac_make(m, (struct span){ stored[sha1], mac_length(m) }, (struct span){ message, n }, sum) == 0);
	for (size_t i = 0; i < mac_length(m); i++)
		sum[i] ^= 'k';
	return base64_put((struct span){ sum, mac_length(m) }, out);
}

static size_t
digest_put(const uint8_t octets[16], uint8_t *out)
{
	char hex[33];

	(void)sodium_bin2hex(hex, sizeof hex, octets, 16);
	memcpy(out, hex, 32);
	return 32;
}

/* What stands for the mark c.  before: what the response has before it. */
static size_t
mark_put(uint8_t c, struct span before, uint8_t *out)
{
	uint8_t sum[MAC_MAX], both[sizeof stamp];
	struct span nonce = nonce_heard();

	knew |= c != NONCE;
	switch (c) {
	case NONCE:
		memcpy(out, nonce.p, nonce.len);
		return nonce.len;
	case PROOF:
		return proof_make(before, out);
	case CRAM:
		MUST(mac_make(MAC_MD5, (struct span){ zero, 1 }, (struct span){ challenge, challenge_len }, sum) == 0);
		return digest_put(sum, out);
	case APOP:
		memcpy(both, stamp, sizeof stamp); /* its NUL is the secret */
		MUST(mac_hash(MAC_MD5, (struct span){ both, sizeof stamp }, sum) == 0);
		return digest_put(sum, out);
	default:
		memcpy(out, tokens[c - TOKEN], strlen(tokens[0]));
		return strlen(tokens[0]);
	}
}

static bool
honest_expand(struct span in, struct span *out)
{
	static uint8_t made[RESPONSE_MAX + 2000];
	size_t n = 0;

	for (size_t i = 0; i < in.len && n < RESPONSE_MAX; i++)
		if (in.p[i] >= NONCE && in.p[i] <= TOKEN_OF_DIS)
			n += mark_put(in.p[i], (struct span){ made, n }, made + n);
		else
			made[n++] = in.p[i];
	if (n > RESPONSE_MAX)
		return false;
	memcpy(first, made, n);
	first_len = n;
	*out = (struct span){ made, n };
	return true;
}
