#include "issuers.h"

enum { VERSION = 1 };

const struct span issuers_key = { (const uint8_t *)"\0i", 2 };

static void
key_put(struct wr *m, const struct issuer_key *k)
{
	wr_u8(m, k->algorithm);
	wr_bytes(m, k->kid);
	wr_bytes(m, k->key);
	if (k->algorithm == ISSUER_RS256)
		wr_bytes(m, k->exponent);
}

void
issuers_put(struct wr *m, const struct issuers *s)
{
	m->len = 0;
	m->bad = false;
	wr_u8(m, VERSION);
	wr_u8(m, s->count);
	for (uint8_t i = 0; i < s->count; i++) {
		const struct issuer *u = &s->issuers[i];

		wr_bytes(m, u->name);
		wr_bytes(m, u->claim);
		wr_bytes(m, u->scope);
		wr_u8(m, u->audience_count);
		for (uint8_t k = 0; k < u->audience_count; k++)
			wr_bytes(m, u->audiences[k]);
		wr_u8(m, u->key_count);
		for (uint8_t k = 0; k < u->key_count; k++)
			key_put(m, &u->keys[k]);
	}
}

static struct span
rd_between(struct rd *m, size_t min, size_t max)
{
	struct span s = rd_bytes(m, max);

	if (s.len < min)
		m->bad = true;
	return s;
}

/* A number in octets, without octets that say nothing. */
static struct span
number_get(struct rd *m, size_t min, size_t max)
{
	struct span s = rd_between(m, min, max);

	if (s.len && s.p[0] == 0)
		m->bad = true;
	return s;
}

static struct issuer_key
key_get(struct rd *m)
{
	struct issuer_key k = { .algorithm = rd_u8(m) };

	k.kid = rd_bytes(m, ISSUER_TEXT_MAX);
	switch (k.algorithm) {
	case ISSUER_RS256:
		k.key = number_get(m, ISSUER_MODULUS_MIN, ISSUER_MODULUS_MAX);
		k.exponent = number_get(m, 1, ISSUER_EXPONENT_MAX);
		break;
	case ISSUER_ES256:
		k.key = rd_between(m, ISSUER_P256_BYTES, ISSUER_P256_BYTES);
		break;
	case ISSUER_EDDSA:
		k.key = rd_between(m, ISSUER_ED25519_BYTES, ISSUER_ED25519_BYTES);
		break;
	default:
		m->bad = true;
	}
	return k;
}

/* A count that has its bound; 0 of what is bad. */
static uint8_t
count_get(struct rd *m, size_t max)
{
	uint8_t n = rd_u8(m);

	if (n == 0 || n > max)
		m->bad = true;
	return m->bad ? 0 : n;
}

static void
issuer_get(struct rd *m, struct issuer *u, struct issuer_key *keys, size_t room)
{
	u->name = rd_between(m, 1, ISSUER_TEXT_MAX);
	u->claim = rd_between(m, 1, ISSUER_TEXT_MAX);
	u->scope = rd_bytes(m, ISSUER_TEXT_MAX);
	u->audience_count = count_get(m, ISSUER_AUDIENCES_MAX);
	for (uint8_t i = 0; i < u->audience_count; i++)
		u->audiences[i] = rd_between(m, 1, ISSUER_TEXT_MAX);
	u->key_count = count_get(m, room);
	u->keys = keys;
	for (uint8_t i = 0; i < u->key_count; i++)
		keys[i] = key_get(m);
}

int
issuers_get(struct span in, struct issuers *s)
{
	struct rd m = rd_of(in);
	uint8_t version = rd_u8(&m);
	size_t keys = 0;

	s->count = count_get(&m, ISSUERS_MAX);
	for (uint8_t i = 0; i < s->count; i++) {
		issuer_get(&m, &s->issuers[i], s->keys + keys, ISSUER_KEYS_MAX - keys);
		keys += s->issuers[i].key_count;
	}
	return rd_end(&m) || version != VERSION ? -1 : 0;
}
