/* The values of secrets.cdb: in a file of their own, so that root's program, which knows only the other database, does
 * not hold them. */
#include "userdb.h"

#include <string.h>

enum { VERSION = 2 };

static void
value_begin(struct wr *m)
{
	m->len = 0;
	m->bad = false;
	wr_u8(m, VERSION);
}

const char *
userdb_by_name(unsigned i)
{
	static const char *const names[USERDB_BY_COUNT] = { "pass",     "plain",       "login",         "apop",
							    "cram-md5", "scram-sha-1", "scram-sha-256", "oauthbearer",
							    "xoauth2",  "external" };

	return i < USERDB_BY_COUNT ? names[i] : NULL;
}

static void
verifier_put(struct wr *m, const struct userdb_verifier *v)
{
	wr_u8(m, v->kind);
	wr_u16(m, v->mechanisms);
	wr_u64(m, v->created);
	wr_u64(m, v->expires);
	wr_bytes(m, v->label);
	wr_bytes(m, v->networks);
	switch (v->kind) {
	case USERDB_PASSWORD:
		wr_bytes(m, v->hash);
		break;
	case USERDB_SHARED:
		wr_bytes(m, v->nonce);
		wr_bytes(m, v->box);
		break;
	case USERDB_FINGERPRINT:
	case USERDB_CERTIFIED:
		wr_bytes(m, v->certificate);
		break;
	default:
		wr_u32(m, v->iterations);
		wr_bytes(m, v->salt);
		wr_bytes(m, v->stored);
		wr_bytes(m, v->server);
	}
}

void
userdb_secret_put(struct wr *m, const struct userdb_secret *s)
{
	value_begin(m);
	wr_u8(m, s->flags);
	wr_u8(m, s->count);
	for (uint8_t i = 0; i < s->count; i++)
		verifier_put(m, &s->verifiers[i]);
}

/* Exactly so many bytes. */
static struct span
rd_exactly(struct rd *m, size_t len)
{
	struct span s = rd_bytes(m, len);

	if (s.len != len)
		m->bad = true;
	return s;
}

static struct span
rd_at_least(struct rd *m, size_t min, size_t max)
{
	struct span s = rd_bytes(m, max);

	if (s.len < min)
		m->bad = true;
	return s;
}

static void
proof_get(struct rd *m, struct userdb_verifier *v)
{
	size_t digest = v->kind == USERDB_SCRAM_SHA1 ? USERDB_SHA1_BYTES : USERDB_SHA256_BYTES;

	switch (v->kind) {
	case USERDB_PASSWORD:
		v->hash = rd_at_least(m, 1, USERDB_VERIFIER_MAX);
		if (v->hash.len && memchr(v->hash.p, '\0', v->hash.len))
			m->bad = true;
		break;
	case USERDB_SHARED:
		v->nonce = rd_exactly(m, USERDB_NONCE_BYTES);
		v->box = rd_at_least(m, USERDB_BOX_MIN, USERDB_BOX_MAX);
		break;
	case USERDB_FINGERPRINT:
		v->certificate = rd_exactly(m, FINGERPRINT_BYTES);
		break;
	case USERDB_CERTIFIED:
		v->certificate = rd_at_least(m, 1, USER_MAX);
		if (v->certificate.len && memchr(v->certificate.p, '\0', v->certificate.len))
			m->bad = true;
		break;
	case USERDB_SCRAM_SHA256:
	case USERDB_SCRAM_SHA1:
		v->iterations = rd_u32(m);
		v->salt = rd_at_least(m, 1, USERDB_SALT_MAX);
		v->stored = rd_exactly(m, digest);
		v->server = rd_exactly(m, digest);
		if (v->iterations < USERDB_ITERATIONS_MIN || v->iterations > USERDB_ITERATIONS_MAX)
			m->bad = true;
		break;
	default:
		m->bad = true;
	}
}

static struct userdb_verifier
verifier_get(struct rd *m)
{
	struct userdb_verifier v = { .kind = rd_u8(m) };

	v.mechanisms = rd_u16(m);
	v.created = rd_u64(m);
	v.expires = rd_u64(m);
	v.label = rd_bytes(m, USERDB_LABEL_MAX);
	v.networks = rd_bytes(m, (size_t)USERDB_NETWORKS_MAX * USERDB_NETWORK_BYTES);
	proof_get(m, &v);
	if (v.mechanisms == 0 || v.mechanisms & ~USERDB_BY_ALL || v.networks.len % USERDB_NETWORK_BYTES)
		m->bad = true;
	for (size_t at = 0; at < v.networks.len; at += USERDB_NETWORK_BYTES)
		if (v.networks.p[at] > ADDRESS_BITS)
			m->bad = true;
	return v;
}

int
userdb_secret_get(struct span in, struct userdb_secret *s)
{
	struct rd m = rd_of(in);
	uint8_t version = rd_u8(&m), flags = rd_u8(&m), count = rd_u8(&m);
	struct userdb_secret v = { .flags = flags, .count = count };

	if (version != VERSION || flags & ~USERDB_DISABLED || count == 0 || count > USERDB_VERIFIERS_MAX)
		return -1;
	for (uint8_t i = 0; i < count; i++)
		v.verifiers[i] = verifier_get(&m);
	if (rd_end(&m))
		return -1;
	*s = v;
	return 0;
}

const struct userdb_verifier *
userdb_main(const struct userdb_secret *s, enum userdb_kind kind)
{
	for (uint8_t i = 0; i < s->count; i++)
		if (s->verifiers[i].kind == kind && s->verifiers[i].label.len == 0)
			return &s->verifiers[i];
	return NULL;
}

bool
userdb_verifier_applies(const struct userdb_verifier *v, unsigned by, const struct address *from, uint64_t now)
{
	struct network n;

	if (!(v->mechanisms & by) || (v->expires && v->expires <= now))
		return false;
	if (v->networks.len == 0)
		return true;
	for (size_t at = 0; from && at < v->networks.len; at += USERDB_NETWORK_BYTES) {
		n.bits = v->networks.p[at];
		memcpy(n.a.b, v->networks.p + at + 1, sizeof n.a.b);
		if (network_has(&n, from))
			return true;
	}
	return false;
}

struct span
userdb_owner_key(enum userdb_kind kind, struct span certificate, uint8_t out[USERDB_OWNER_KEY_MAX])
{
	size_t n = certificate.len <= USER_MAX ? certificate.len : USER_MAX;

	out[0] = '\0';
	out[1] = (uint8_t)kind;
	if (n)
		memcpy(out + 2, certificate.p, n);
	return (struct span){ out, 2 + n };
}

void
userdb_owner_put(struct wr *m, struct span user)
{
	value_begin(m);
	wr_bytes(m, user);
}

int
userdb_owner_get(struct span in, struct span *user)
{
	struct rd m = rd_of(in);
	uint8_t version = rd_u8(&m);
	struct span s = rd_bytes(&m, USER_MAX);

	if (rd_end(&m) || version != VERSION)
		return -1;
	*user = s;
	return 0;
}

const struct span userdb_server_key = { (const uint8_t *)"", 1 }; /* one NUL octet */

void
userdb_server_put(struct wr *m, const uint8_t secret[USERDB_SERVER_BYTES])
{
	value_begin(m);
	wr_bytes(m, (struct span){ secret, USERDB_SERVER_BYTES });
}

int
userdb_server_get(struct span in, uint8_t secret[USERDB_SERVER_BYTES])
{
	struct rd m = rd_of(in);
	uint8_t version = rd_u8(&m);
	struct span s = rd_exactly(&m, USERDB_SERVER_BYTES);

	if (rd_end(&m) || version != VERSION)
		return -1;
	memcpy(secret, s.p, USERDB_SERVER_BYTES);
	return 0;
}

/* Not here, though libcrypt knows them: schemes that judge eight characters or whose cost the hash does not say. */
static const struct userdb_scheme schemes[] = {
	{ "$argon2id$", "argon2id", true, false }, { "$argon2i$", "argon2i", true, false },
	{ "$y$", "yescrypt", false, false },       { "$gy$", "gost-yescrypt", false, false },
	{ "$7$", "scrypt", false, false },         { "$2b$", "bcrypt", false, false },
	{ "$2y$", "bcrypt", false, false },        { "$2a$", "bcrypt", false, false },
	{ "$6$", "sha512crypt", false, false },    { "$5$", "sha256crypt", false, false },
	{ "$1$", "md5crypt", false, true },        { "{SSHA512}", "ssha512", false, true },
	{ "{SHA512}", "sha512", false, true },     { "{SSHA256}", "ssha256", false, true },
	{ "{SHA256}", "sha256", false, true },
};

const struct userdb_scheme *
userdb_scheme_of(struct span hash)
{
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		size_t n = strlen(schemes[i].prefix);

		if (hash.len > n && memcmp(hash.p, schemes[i].prefix, n) == 0)
			return &schemes[i];
	}
	return NULL;
}

/* Cut "xNUMBER" off the front of *rest, where x is the letter. */
static int
cost_cut(struct span *rest, char letter, uint64_t max, uint64_t *out)
{
	struct span field;

	if (!span_cut(rest, ',', &field) || field.len < 2 || field.p[0] != letter || field.p[1] != '=')
		return -1;
	return span_number((struct span){ field.p + 2, field.len - 2 }, max, out);
}

int
userdb_argon2_cost(struct span hash, uint64_t *kib, uint64_t *passes)
{
	const struct userdb_scheme *scheme = userdb_scheme_of(hash);
	struct span costs = { NULL, 0 };
	uint64_t m, t;

	if (scheme == NULL || !scheme->argon2)
		return -1;
	for (int i = 0; i < 4; i++)
		if (!span_cut(&hash, '$', &costs))
			return -1;
	if (cost_cut(&costs, 'm', USERDB_ARGON2_KIB_MAX, &m) || cost_cut(&costs, 't', USERDB_ARGON2_PASSES_MAX, &t))
		return -1;
	*kib = m;
	*passes = t;
	return 0;
}
