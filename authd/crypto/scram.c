#include "scram.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "../judge.h"
#include "base64.h"
#include "mac.h"
#include "scramtext.h"

enum {
	NONCE_BYTES = 18,    /* of ours: 24 letters */
	SALT_FAKE_BYTES = 16 /* as sallyport-user makes them */
};

/* What is kept fits. */
_Static_assert(sizeof((struct scram *)0)->bare == SCRAM_FIRST_MAX, "the bare first message");
_Static_assert(sizeof((struct scram *)0)->binding == BASE64_LENGTH(SCRAM_FIRST_MAX + EXPORTER_BYTES), "the binding");
_Static_assert(sizeof((struct scram *)0)->signature == MAC_MAX, "our signature");

static bool
is_sha1(const struct attempt *a)
{
	return a->mechanism == MECH_SCRAM_SHA1 || a->mechanism == MECH_SCRAM_SHA1_PLUS;
}

static bool
is_plus(const struct attempt *a)
{
	return a->mechanism == MECH_SCRAM_SHA1_PLUS || a->mechanism == MECH_SCRAM_SHA256_PLUS;
}

static enum mac
mac_of(const struct attempt *a)
{
	return is_sha1(a) ? MAC_SHA1 : MAC_SHA256;
}

/* The user's verifier; the decoy's for who has none, and for nobody.  *has: it is the user's. */
static const struct userdb_verifier *
verifier_of(const struct attempt *a, bool *has)
{
	enum userdb_kind kind = is_sha1(a) ? USERDB_SCRAM_SHA1 : USERDB_SCRAM_SHA256;
	const struct userdb_verifier *v = a->result == USERS_KNOWN ? userdb_main(&a->found.user, kind) : NULL;

	*has = v != NULL;
	return v ? v : userdb_main(&a->found.decoy, kind);
}

/* May this client go on, by what it says of channel binding?  One that could be bound and was told that we cannot has
 * been lied to, for where these forms are offered both are (RFC 5802 section 6).  So it is where this TLS has no exporter
 * and they were not: whoever stands between would else make his own TLS with us such a one. */
static bool
binding_is_good(const struct attempt *a, const struct scram_first *f)
{
	static const char type[] = "tls-exporter";

	if (is_plus(a))
		return f->flag == 'p' && f->binding.len == sizeof type - 1 &&
		       memcmp(f->binding.p, type, sizeof type - 1) == 0 && a->tls && a->facts.flags & FACTS_EXPORTER;
	return f->flag == 'n' || (f->flag == 'y' && !(a->mechanisms & MECHANISM_BIT(a->mechanism + 1)));
}

/* What the client must send as "c=": its header and, if it is bound, the exporter of the TLS that we know of. */
static void
binding_expect(struct attempt *a, struct span header)
{
	uint8_t both[SCRAM_FIRST_MAX + EXPORTER_BYTES];
	size_t n = header.len;

	memcpy(both, header.p, n);
	if (is_plus(a)) {
		memcpy(both + n, a->facts.exporter, EXPORTER_BYTES);
		n += EXPORTER_BYTES;
	}
	a->secret.scram.binding_len = base64_put((struct span){ both, n }, a->secret.scram.binding);
	sodium_memzero(both, sizeof both);
}

/* A salt that the name has as long as the server secret lives: whoever asks for one who is not there twice hears the same
 * twice, as of one who is. */
static void
salt_fake(const struct attempt *a, uint8_t salt[SALT_FAKE_BYTES])
{
	crypto_generichash_state state;
	const uint8_t which = (uint8_t)mac_of(a);

	(void)crypto_generichash_init(&state, a->secret.server, sizeof a->secret.server, SALT_FAKE_BYTES);
	(void)crypto_generichash_update(&state, (const uint8_t *)"scram salt", 10);
	(void)crypto_generichash_update(&state, &which, 1);
	(void)crypto_generichash_update(&state, a->user.p, a->user.len);
	(void)crypto_generichash_final(&state, salt, SALT_FAKE_BYTES); /* none of these can fail */
	sodium_memzero(&state, sizeof state);
}

static size_t
append(uint8_t *to, size_t n, struct span s)
{
	memcpy(to + n, s.p, s.len);
	return n + s.len;
}

/* "r=NONCE,s=SALT,i=ITERATIONS", where the nonce is the client's and then ours: 512, 24, 88 and 8 octets. */
static enum step
first_answer(struct attempt *a, const struct scram_first *f)
{
	uint8_t nonce[NONCE_BYTES], fake[SALT_FAKE_BYTES], text[CHALLENGE_MAX];
	char iterations[16];
	bool has;
	const struct userdb_verifier *v = verifier_of(a, &has);
	size_t n = append(text, 0, span_of("r="));

	randombytes_buf(nonce, sizeof nonce);
	salt_fake(a, fake);
	n = append(text, n, f->nonce);
	n += base64_put((struct span){ nonce, sizeof nonce }, text + n);
	a->secret.scram.nonce_len = n - 2;
	n = append(text, n, span_of(",s="));
	n += base64_put(has ? v->salt : (struct span){ fake, sizeof fake }, text + n);
	(void)snprintf(iterations, sizeof iterations, ",i=%u", (unsigned)v->iterations); /* it fits */
	n = append(text, n, span_of(iterations));
	return attempt_ask(a, (struct span){ text, n });
}

static enum step
first_take(struct attempt *a, struct span response)
{
	struct scram_first f;
	bool has;

	if (scram_first_read(response, &f))
		return attempt_judged(a, VERDICT_MALFORMED);
	judge_user(a, (struct span){ f.name, f.name_len });
	if (f.authzid_len && (f.authzid_len != f.name_len || memcmp(f.authzid, f.name, f.name_len) != 0))
		return attempt_judged(a, VERDICT_AUTHZID);
	if (!binding_is_good(a, &f))
		return attempt_judged(a, VERDICT_BINDING);
	if (a->result == USERS_FAILED)
		return attempt_judged(a, VERDICT_TEMPORARY);
	if (a->result == USERS_DAMAGED || verifier_of(a, &has) == NULL)
		return attempt_judged(a, VERDICT_BROKEN);
	binding_expect(a, f.header);
	memcpy(a->secret.scram.bare, f.bare.p, f.bare.len);
	a->secret.scram.bare_len = f.bare.len;
	a->secret.scram.state = SCRAM_FINAL;
	return first_answer(a, &f);
}

/* Was the proof made with the key that v knows the hash of?  Leaves our signature in s.  Returns 1, 0, or -1 if it
 * cannot be told.  message: of all that was said (AuthMessage, RFC 5802 section 3). */
static int
proof_check(enum mac m, const struct userdb_verifier *v, struct span proof, struct span message, struct scram *s)
{
	uint8_t sent[MAC_MAX + 3], key[MAC_MAX], hash[MAC_MAX];
	size_t len = mac_length(m), got;
	int right = 0;

	if (base64_get(proof, sent, sizeof sent, &got) || got != len)
		memset(sent, 0, len); /* no proof that anybody could make */
	if (mac_make(m, v->stored, message, key))
		return -1;
	for (size_t i = 0; i < len; i++)
		key[i] ^= sent[i];
	if (mac_hash(m, (struct span){ key, len }, hash) || mac_make(m, v->server, message, s->signature))
		right = -1;
	else
		right = sodium_memcmp(hash, v->stored.p, len) == 0;
	sodium_memzero(key, sizeof key);
	return right;
}

static enum verdict
scram_judge(struct attempt *a, struct span response, const struct circumstances *c)
{
	uint8_t message[2 * SCRAM_FIRST_MAX + SCRAM_FINAL_MAX + 2];
	struct scram *s = &a->secret.scram;
	const struct span comma = span_of(",");
	struct scram_final f;
	size_t n = 0;
	bool has;
	const struct userdb_verifier *v = verifier_of(a, &has);
	int right;

	(void)scram_final_read(response, &f); /* as it could be before */
	n = append(message, n, (struct span){ s->bare, s->bare_len });
	n = append(message, n, comma);
	n = append(message, n, (struct span){ a->challenge, a->challenge_len });
	n = append(message, n, comma);
	n = append(message, n, f.before);
	right = proof_check(mac_of(a), v, f.proof, (struct span){ message, n }, s);
	sodium_memzero(message, sizeof message);
	if (right < 0)
		return VERDICT_TEMPORARY;
	if (a->result != USERS_KNOWN)
		return VERDICT_NOUSER;
	if (!has)
		return VERDICT_MECHANISM;
	if (!right)
		return VERDICT_PASSWORD;
	a->by = v;
	return a->found.user.flags & USERDB_DISABLED ? VERDICT_DISABLED : verify_right(v, c);
}

/* "v=SIGNATURE" goes to who has proved who he is, and to nobody else; POP3 has no +OK with text for it. */
static enum step
final_take(struct attempt *a, struct span response)
{
	struct scram *s = &a->secret.scram;
	char text[2 + BASE64_LENGTH(MAC_MAX)] = "v=";
	struct scram_final f;
	enum verdict v;
	size_t n;

	if (scram_final_read(response, &f) || f.nonce.len != s->nonce_len ||
	    memcmp(f.nonce.p, a->challenge + 2, s->nonce_len) != 0)
		return attempt_judged(a, VERDICT_MALFORMED);
	if (f.binding.len != s->binding_len || sodium_memcmp(f.binding.p, s->binding, s->binding_len) != 0)
		return attempt_judged(a, VERDICT_BINDING);
	v = judge_proof(a, response, scram_judge);
	if (v != VERDICT_YES)
		return attempt_judged(a, v);
	s->state = SCRAM_END;
	n = base64_put((struct span){ s->signature, mac_length(mac_of(a)) }, (uint8_t *)text + 2);
	return attempt_ask(a, (struct span){ (const uint8_t *)text, 2 + n });
}

enum step
scram_step(struct attempt *a, bool given, struct span response)
{
	switch (a->secret.scram.state) {
	case SCRAM_FIRST:
		return given ? first_take(a, response) : attempt_ask(a, span_of(""));
	case SCRAM_FINAL:
		return final_take(a, response);
	default:
		return attempt_judged(a, response.len ? VERDICT_MALFORMED : VERDICT_YES);
	}
}
