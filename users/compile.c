#define _GNU_SOURCE
#include "compile.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forms.h"
#include "hash.h"
#include "tables.h"
#include "tell.h"
#include "userdb.h"
#include "verifier.h"

/* How much of a verifier says its scheme and cost, so that equal beginnings mean equal work. */
static size_t
cost_length(struct span v)
{
	const struct userdb_scheme *scheme = userdb_scheme_of(v);
	size_t dollars = 2, n = 0;

	if (scheme->prefix[0] == '{')
		return strlen(scheme->prefix);
	if (strcmp(scheme->prefix, "$7$") == 0)
		return v.len < 14 ? v.len : 14; /* "$7$", then N, r and p as 1, 5 and 5 letters */
	if (scheme->argon2)
		dollars = 4;
	else if (scheme->prefix[1] == '2' || strstr(scheme->prefix, "y$"))
		dollars = 3;
	else if (v.len > 10 && memcmp(v.p + 3, "rounds=", 7) == 0)
		dollars = 3;
	while (n < v.len && dollars)
		dollars -= v.p[n++] == '$';
	return n;
}

enum { KINDS_MAX = 64 }; /* more kinds than this in one file are not counted */

struct span
compile_usual(const struct userfile *f)
{
	struct {
		struct span verifier;
		size_t length, users;
	} kinds[KINDS_MAX];
	size_t count = 0, best = 0;

	for (size_t i = 0; i < f->count; i++) {
		struct span v = f->users[i].verifier;
		size_t length, k = 0;

		if (f->users[i].kind != USERDB_PASSWORD)
			continue;
		length = cost_length(v);
		while (k < count && (kinds[k].length != length || memcmp(kinds[k].verifier.p, v.p, length)))
			k++;
		if (k == KINDS_MAX)
			continue;
		if (k == count) {
			kinds[k].verifier = v;
			kinds[k].length = length;
			kinds[count++].users = 0;
		}
		kinds[k].users++;
		if (kinds[k].users > kinds[best].users)
			best = k;
	}
	return count ? kinds[best].verifier : (struct span){ NULL, 0 };
}

static int
cdb_add(struct cdb_make *cdb, struct span key, const struct wr *value)
{
	struct span v = wr_span(value);

	if (v.len == 0)
		return -1;
	return cdb_make_add(cdb, key.p, (unsigned)key.len, v.p, (unsigned)v.len);
}

/* What secrets.cdb needs and users.cdb must not have. */
struct keys {
	uint8_t server[USERDB_SERVER_BYTES];
	uint8_t shared[USERDB_SHARED_KEY_BYTES];
};

static int
users_fill(struct cdb_make *cdb, const struct userfile *f, const struct keys *none)
{
	struct wr m;

	(void)none;
	for (size_t i = 0; i < f->count; i++) {
		const struct user *u = &f->users[i];

		userdb_user_put(&m, &(struct userdb_user){ u->uid_number, u->gid_number, u->maildrop });
		if (cdb_add(cdb, u->name, &m))
			return -1;
	}
	return 0;
}

/* What the text was parsed from, as secrets.cdb has it. */
struct encoded {
	struct userdb_secret secret;
	uint8_t octets[USERDB_VERIFIERS_MAX][VERIFIER_OCTETS_MAX];
};

/* Both cannot fail: userfile_parse has refused what has a fault, and how many there may be. */
static void
verifier_encode(struct encoded *e, struct span text, const struct options *o)
{
	struct userdb_verifier *v = &e->secret.verifiers[e->secret.count];

	(void)verifier_fault(text, v, e->octets[e->secret.count]);
	verifier_options(v, o);
	e->secret.count++;
}

static void
user_encode(struct encoded *e, const struct user *u)
{
	e->secret.flags = u->options.disabled ? USERDB_DISABLED : 0;
	e->secret.count = 0;
	verifier_encode(e, u->verifier, &u->options);
	for (size_t i = 0; i < u->further_count; i++)
		verifier_encode(e, u->further[i].verifier, &u->further[i].options);
}

/* How many iterations most SCRAM verifiers of that kind have; of whom there is no such verifier is to look like them. */
struct iterations {
	uint32_t of[KINDS_MAX];
	size_t users[KINDS_MAX], count;
};

static void
iterations_count(struct iterations *n, struct span text, enum userdb_kind kind)
{
	uint8_t octets[VERIFIER_OCTETS_MAX];
	struct userdb_verifier v;
	size_t k = 0;

	if (verifier_fault(text, &v, octets) || v.kind != kind)
		return;
	while (k < n->count && n->of[k] != v.iterations)
		k++;
	if (k == n->count && k < KINDS_MAX)
		n->of[n->count++] = v.iterations;
	if (k < KINDS_MAX)
		n->users[k]++;
}

static uint32_t
iterations_usual(const struct userfile *f, enum userdb_kind kind)
{
	struct iterations n = { .count = 0 };
	size_t best = 0;

	for (size_t i = 0; i < f->count; i++)
		if (f->users[i].kind == kind)
			iterations_count(&n, f->users[i].verifier, kind);
	for (size_t i = 0; i < f->further_count; i++)
		if (f->further[i].kind == kind && f->further[i].options.label.len == 0)
			iterations_count(&n, f->further[i].verifier, kind);
	for (size_t k = 1; k < n.count; k++)
		if (n.users[k] > n.users[best])
			best = k;
	return n.count ? n.of[best] : SCRAM_ITERATIONS;
}

/* One verifier of each kind that a password makes, made from random octets that nobody will ever know. */
static int
decoy_add(struct cdb_make *cdb, const struct userfile *f, const struct keys *keys)
{
	uint8_t random[4][USERDB_SHA256_BYTES], nonce[USERDB_NONCE_BYTES], box[USERDB_BOX_MAX];
	struct userdb_secret decoy = { .count = USERDB_PROOF__MAX };
	char hash[USERDB_VERIFIER_MAX + 1];
	struct wr m;

	if (hash_decoy(compile_usual(f), hash))
		return -1;
	randombytes_buf(random, sizeof random);
	shared_box((struct span){ random[0], PASSWORD_NEW_CHARS }, keys->shared, nonce, box);
	for (unsigned kind = 0; kind < USERDB_PROOF__MAX; kind++) {
		size_t n = kind == USERDB_SCRAM_SHA1 ? USERDB_SHA1_BYTES : USERDB_SHA256_BYTES;

		decoy.verifiers[kind] = (struct userdb_verifier){
			.kind = (uint8_t)kind,
			.mechanisms = USERDB_BY_ALL,
			.hash = span_of(hash),
			.iterations = iterations_usual(f, kind),
			.salt = { random[1], SCRAM_SALT_BYTES },
			.stored = { random[2], n },
			.server = { random[3], n },
			.nonce = { nonce, sizeof nonce },
			.box = { box, 16 + PASSWORD_NEW_CHARS },
		};
	}
	userdb_secret_put(&m, &decoy);
	return cdb_add(cdb, span_of(""), &m);
}

static int
server_add(struct cdb_make *cdb, const uint8_t server[USERDB_SERVER_BYTES])
{
	struct wr m;

	userdb_server_put(&m, server);
	return cdb_add(cdb, userdb_server_key, &m);
}

/* Whose certificate is it?  Nobody's, when there was one before. */
static int
owner_add(struct cdb_make *cdb, struct span user, const struct userdb_verifier *v)
{
	uint8_t octets[USERDB_OWNER_KEY_MAX];
	struct span key = userdb_owner_key(v->kind, v->certificate, octets), value;
	int there = cdb_make_exists(cdb, key.p, (unsigned)key.len);
	struct wr m;

	userdb_owner_put(&m, there ? span_of("") : user);
	value = wr_span(&m);
	return there < 0 ? -1
			 : cdb_make_put(cdb, key.p, (unsigned)key.len, value.p, (unsigned)value.len, CDB_PUT_REPLACE);
}

static int
owners_add(struct cdb_make *cdb, struct span user, const struct userdb_secret *s)
{
	for (uint8_t i = 0; i < s->count; i++)
		if ((s->verifiers[i].kind == USERDB_FINGERPRINT || s->verifiers[i].kind == USERDB_CERTIFIED) &&
		    owner_add(cdb, user, &s->verifiers[i]) < 0)
			return -1;
	return 0;
}

static int
issuers_add(struct cdb_make *cdb, const struct issuers *issuers)
{
	struct wr m;

	if (issuers == NULL || issuers->count == 0)
		return 0;
	issuers_put(&m, issuers);
	return cdb_add(cdb, issuers_key, &m);
}

static int
secrets_fill(struct cdb_make *cdb, const struct userfile *f, const struct keys *keys)
{
	static struct encoded e;
	struct wr m;

	if (decoy_add(cdb, f, keys) || server_add(cdb, keys->server) || issuers_add(cdb, f->issuers))
		return -1;
	for (size_t i = 0; i < f->count; i++) {
		user_encode(&e, &f->users[i]);
		userdb_secret_put(&m, &e.secret);
		if (cdb_add(cdb, f->users[i].name, &m) || owners_add(cdb, f->users[i].name, &e.secret))
			return -1;
	}
	return 0;
}

static int
database_make(struct fresh *file, const struct userfile *f, const char *data, const char *name, const struct keys *keys,
	      int (*fill)(struct cdb_make *, const struct userfile *, const struct keys *))
{
	struct cdb_make cdb;
	int r = fresh_begin(file, data, name);

	if (r)
		return r;
	if (cdb_make_start(&cdb, file->fd))
		return tell(EXIT_SYSTEM, "cannot write %s: %s", file->temporary, strerror(errno));
	r = fill(&cdb, f, keys);
	/* cdb_make_finish also frees what cdb_make_start took, so it is called in any case. */
	if (cdb_make_finish(&cdb) || r)
		return tell(EXIT_SYSTEM, "cannot write %s: %s", file->temporary, strerror(errno ? errno : ENOMEM));
	return fresh_finish(file);
}

int
compile_make(struct compiled *c, const struct userfile *f, const char *data)
{
	struct keys keys;
	int r;

	c->secrets.fd = c->users.fd = -1;
	/* What is there already outlives this. */
	if (!server_secret_read(data, keys.server))
		randombytes_buf(keys.server, sizeof keys.server);
	if ((r = shared_key_get(data, keys.shared)) ||
	    (r = database_make(&c->secrets, f, data, "secrets.cdb", &keys, secrets_fill)) ||
	    (r = database_make(&c->users, f, data, "users.cdb", NULL, users_fill)) ||
	    (r = tables_make(data, f->count + f->further_count, keys.server)))
		compile_abandon(c);
	sodium_memzero(&keys, sizeof keys);
	return r;
}

int
compile_rename(struct compiled *c)
{
	int r = fresh_rename(&c->secrets);

	if (r == 0)
		r = fresh_rename(&c->users);
	compile_abandon(c);
	return r;
}

void
compile_abandon(struct compiled *c)
{
	fresh_abandon(&c->secrets);
	fresh_abandon(&c->users);
}
