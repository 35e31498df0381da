#define _GNU_SOURCE
#include "verifier.h"

#include <crypt.h>
#include <sodium.h>
#include <string.h>

#include "digest.h"

static const struct {
	const char *prefix, *name;
	enum userdb_kind kind;
	size_t digest;
} kinds[] = {
	{ "{SCRAM-SHA-256}", "scram-sha-256", USERDB_SCRAM_SHA256, USERDB_SHA256_BYTES },
	{ "{SCRAM-SHA-1}", "scram-sha-1", USERDB_SCRAM_SHA1, USERDB_SHA1_BYTES },
	{ "{SHARED}", "shared", USERDB_SHARED, 0 },
	{ "{CERT-SHA-256}", "certificate", USERDB_FINGERPRINT, 0 },
	{ "{CERT-NAME}", "certified-name", USERDB_CERTIFIED, 0 },
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* The index of its kind; KINDS if it has no prefix of these, and so is a hash.  *rest is what follows. */
static size_t
kind_of(struct span text, struct span *rest)
{
	size_t k = 0;

	*rest = text;
	for (; k < KINDS; k++) {
		size_t n = strlen(kinds[k].prefix);

		if (text.len >= n && memcmp(text.p, kinds[k].prefix, n) == 0) {
			*rest = (struct span){ text.p + n, text.len - n };
			break;
		}
	}
	return k;
}

/* libsodium parses it without computing it; its argument needs 128 octets and a NUL. */
static bool
argon2_is_good(const struct userdb_scheme *scheme, const char text[USERDB_VERIFIER_MAX + 1])
{
	uint64_t kib, passes;
	int r;

	if (userdb_argon2_cost(span_of(text), &kib, &passes))
		return false;
	if (strcmp(scheme->name, "argon2id") == 0)
		r = crypto_pwhash_argon2id_str_needs_rehash(text, crypto_pwhash_argon2id_OPSLIMIT_MIN,
							    crypto_pwhash_argon2id_MEMLIMIT_MIN);
	else
		r = crypto_pwhash_argon2i_str_needs_rehash(text, crypto_pwhash_argon2i_OPSLIMIT_MIN,
							   crypto_pwhash_argon2i_MEMLIMIT_MIN);
	return r >= 0;
}

static bool
is_graphic(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return false;
	return true;
}

static const char *
hash_fault(struct span hash)
{
	const struct userdb_scheme *scheme = userdb_scheme_of(hash);
	char text[USERDB_VERIFIER_MAX + 1] = { 0 };
	int salt;

	if (scheme == NULL)
		return "the verifier's scheme is not accepted; set a new password with sallyport-user passwd";
	if (!is_graphic(hash) || span_copy(hash, text, sizeof text))
		return "the verifier is longer than 511 octets or not printable; set a new password with "
		       "sallyport-user passwd";
	if (scheme->argon2)
		return argon2_is_good(scheme, text) ? NULL
						    : "the verifier is damaged or asks for more than 1 GiB; set a new "
						      "password with sallyport-user passwd";
	if (digest_is(hash))
		return digest_is_good(hash) ? NULL
					    : "the verifier is damaged; set a new password with sallyport-user passwd";
	salt = crypt_checksalt(text);
	if (salt == CRYPT_SALT_INVALID || salt == CRYPT_SALT_METHOD_DISABLED)
		return "the verifier is damaged; set a new password with sallyport-user passwd";
	return NULL;
}

/* Octets decoded so far; the rest is free. */
struct decoded {
	uint8_t *octets;
	size_t used;
};

/* All of text is base64 of at least one octet.  Returns 0, or -1. */
static int
base64_read(struct decoded *d, struct span text, struct span *out)
{
	uint8_t *to = d->octets + d->used;
	size_t len;

	if (text.p == NULL || sodium_base642bin(to, VERIFIER_OCTETS_MAX - d->used, (const char *)text.p, text.len, NULL,
						&len, NULL, sodium_base64_VARIANT_ORIGINAL))
		return -1;
	d->used += len;
	*out = (struct span){ to, len };
	return len ? 0 : -1;
}

/* ITERATIONS,SALT,STOREDKEY,SERVERKEY, as Dovecot writes it too. */
static const char *
scram_fault(struct span text, struct userdb_verifier *v, size_t digest, uint8_t *octets)
{
	static const char damaged[] = "the SCRAM verifier is not {SCRAM-...}ITERATIONS,SALT,STOREDKEY,SERVERKEY; set a "
				      "new password with sallyport-user passwd";
	struct span fields[4] = { { NULL, 0 } };
	struct decoded d = { octets, 0 };
	uint64_t iterations;

	for (size_t i = 0; i < 4; i++)
		if (!span_cut(&text, ',', &fields[i]))
			return damaged;
	if (text.p || span_number(fields[0], USERDB_ITERATIONS_MAX, &iterations) ||
	    base64_read(&d, fields[1], &v->salt) || base64_read(&d, fields[2], &v->stored) ||
	    base64_read(&d, fields[3], &v->server))
		return damaged;
	if (v->salt.len > USERDB_SALT_MAX || v->stored.len != digest || v->server.len != digest)
		return damaged;
	if (iterations < USERDB_ITERATIONS_MIN)
		return "the SCRAM verifier has fewer than 4096 iterations; set a new password with sallyport-user "
		       "passwd";
	v->iterations = (uint32_t)iterations;
	return NULL;
}

/* The base64 of the nonce and the box, one behind the other. */
static const char *
shared_fault(struct span text, struct userdb_verifier *v, uint8_t *octets)
{
	struct decoded d = { octets, 0 };
	struct span both;

	if (base64_read(&d, text, &both) || both.len < USERDB_NONCE_BYTES + USERDB_BOX_MIN ||
	    both.len > USERDB_NONCE_BYTES + USERDB_BOX_MAX)
		return "the shared secret is damaged; set a new password with sallyport-user passwd";
	v->nonce = (struct span){ both.p, USERDB_NONCE_BYTES };
	v->box = (struct span){ both.p + USERDB_NONCE_BYTES, both.len - USERDB_NONCE_BYTES };
	return NULL;
}

/* 64 digits: libsodium's form, without what openssl puts between them. */
static const char *
fingerprint_fault(struct span text, struct userdb_verifier *v, uint8_t *octets)
{
	size_t len;

	if (text.p == NULL || text.len != 2 * (size_t)FINGERPRINT_BYTES ||
	    sodium_hex2bin(octets, VERIFIER_OCTETS_MAX, (const char *)text.p, text.len, NULL, &len, NULL) ||
	    len != FINGERPRINT_BYTES)
		return "the fingerprint is not 64 hexadecimal digits; write the SHA-256 of the certificate's DER";
	v->certificate = (struct span){ octets, len };
	return NULL;
}

static const char *
certified_fault(struct span text, struct userdb_verifier *v)
{
	if (text.len == 0 || text.len > USER_MAX || !is_graphic(text))
		return "the certified name is empty, longer than 255 octets or not printable ASCII; write it as the "
		       "certificate has it";
	v->certificate = text;
	return NULL;
}

const char *
verifier_fault(struct span text, struct userdb_verifier *v, uint8_t octets[VERIFIER_OCTETS_MAX])
{
	struct span rest;
	size_t k = kind_of(text, &rest);

	memset(v, 0, sizeof *v);
	v->kind = (uint8_t)(k < KINDS ? kinds[k].kind : USERDB_PASSWORD);
	v->hash = rest;
	if (k == KINDS)
		return hash_fault(text);
	v->hash = (struct span){ NULL, 0 };
	if (kinds[k].kind == USERDB_SHARED)
		return shared_fault(rest, v, octets);
	if (kinds[k].kind == USERDB_FINGERPRINT)
		return fingerprint_fault(rest, v, octets);
	if (kinds[k].kind == USERDB_CERTIFIED)
		return certified_fault(rest, v);
	return scram_fault(rest, v, kinds[k].digest, octets);
}

const char *
verifier_name(struct span text)
{
	struct span rest;
	size_t k = kind_of(text, &rest);

	return k < KINDS ? kinds[k].name : userdb_scheme_of(text)->name;
}

const char *
verifier_kind_name(enum userdb_kind kind)
{
	size_t k = 0;

	while (k < KINDS - 1 && kinds[k].kind != kind)
		k++;
	return kinds[k].name;
}

enum userdb_kind
verifier_kind(struct span name)
{
	for (size_t k = 0; k < KINDS; k++)
		if (name.len == strlen(kinds[k].name) && memcmp(name.p, kinds[k].name, name.len) == 0)
			return kinds[k].kind;
	return USERDB_KIND__MAX;
}

void
verifier_options(struct userdb_verifier *v, const struct options *o)
{
	v->mechanisms = o->mechanisms;
	v->created = o->created;
	v->expires = o->expires;
	v->label = o->label;
	v->networks = (struct span){ o->networks, o->networks_len };
}
