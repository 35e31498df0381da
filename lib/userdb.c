#include "userdb.h"

#include <string.h>

enum { VERSION = 1 };

static void
value_begin(struct wr *m)
{
	m->len = 0;
	m->bad = false;
	wr_u8(m, VERSION);
}

void
userdb_user_put(struct wr *m, const struct userdb_user *u)
{
	value_begin(m);
	wr_u32(m, u->uid);
	wr_u32(m, u->gid);
	wr_bytes(m, u->maildrop);
}

int
userdb_user_get(struct span in, struct userdb_user *u)
{
	struct rd m = rd_of(in);
	uint8_t version = rd_u8(&m);
	struct userdb_user v;

	v.uid = rd_u32(&m);
	v.gid = rd_u32(&m);
	v.maildrop = rd_bytes(&m, USERDB_MAILDROP_MAX);
	if (rd_end(&m) || version != VERSION)
		return -1;
	if (v.maildrop.len == 0 || v.maildrop.p[0] != '/' || memchr(v.maildrop.p, '\0', v.maildrop.len))
		return -1;
	*u = v;
	return 0;
}

void
userdb_secret_put(struct wr *m, const struct userdb_secret *s)
{
	value_begin(m);
	wr_u8(m, s->flags);
	wr_bytes(m, s->verifier);
}

int
userdb_secret_get(struct span in, struct userdb_secret *s)
{
	struct rd m = rd_of(in);
	uint8_t version = rd_u8(&m);
	struct userdb_secret v;

	v.flags = rd_u8(&m);
	v.verifier = rd_bytes(&m, USERDB_VERIFIER_MAX);
	if (rd_end(&m) || version != VERSION || (v.flags & ~USERDB_DISABLED))
		return -1;
	if (v.verifier.len == 0 || memchr(v.verifier.p, '\0', v.verifier.len))
		return -1;
	*s = v;
	return 0;
}

/* Not here, though libcrypt knows them: schemes that judge eight characters, that have no salt, or whose cost the
 * verifier does not say. */
static const struct userdb_scheme schemes[] = {
	{ "$argon2id$", "argon2id", true, false }, { "$argon2i$", "argon2i", true, false },
	{ "$y$", "yescrypt", false, false },       { "$gy$", "gost-yescrypt", false, false },
	{ "$7$", "scrypt", false, false },         { "$2b$", "bcrypt", false, false },
	{ "$2y$", "bcrypt", false, false },        { "$2a$", "bcrypt", false, false },
	{ "$6$", "sha512crypt", false, false },    { "$5$", "sha256crypt", false, false },
	{ "$1$", "md5crypt", false, true },
};

const struct userdb_scheme *
userdb_scheme_of(struct span verifier)
{
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		size_t n = strlen(schemes[i].prefix);

		if (verifier.len > n && memcmp(verifier.p, schemes[i].prefix, n) == 0)
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
userdb_argon2_cost(struct span verifier, uint64_t *kib, uint64_t *passes)
{
	const struct userdb_scheme *scheme = userdb_scheme_of(verifier);
	struct span costs = { NULL, 0 };
	uint64_t m, t;

	if (scheme == NULL || !scheme->argon2)
		return -1;
	for (int i = 0; i < 4; i++)
		if (!span_cut(&verifier, '$', &costs))
			return -1;
	if (cost_cut(&costs, 'm', USERDB_ARGON2_KIB_MAX, &m) || cost_cut(&costs, 't', USERDB_ARGON2_PASSES_MAX, &t))
		return -1;
	*kib = m;
	*passes = t;
	return 0;
}
