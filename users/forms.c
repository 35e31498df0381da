#define _GNU_SOURCE
#include "forms.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fresh.h"
#include "moment.h"
#include "tell.h"
#include "verifier.h"

/* Made once and never replaced: without it the secrets are lost. */
static int
shared_key_make(const char *data, const char *path)
{
	uint8_t key[USERDB_SHARED_KEY_BYTES];
	struct fresh file = { .fd = -1 };
	int r;

	if (access(path, F_OK) == 0)
		return 0;
	randombytes_buf(key, sizeof key);
	if ((r = fresh_begin(&file, data, "shared.key")) || (r = fresh_write(&file, (const char *)key, sizeof key)) ||
	    (r = fresh_finish(&file)) || (r = fresh_rename(&file)))
		fresh_abandon(&file);
	sodium_memzero(key, sizeof key);
	return r;
}

int
shared_key_get(const char *data, uint8_t key[USERDB_SHARED_KEY_BYTES])
{
	char path[FRESH_PATH_MAX];
	ssize_t n;
	int fd, r;

	if ((size_t)snprintf(path, sizeof path, "%s/shared.key", data) >= sizeof path)
		return tell(EXIT_USAGE, "the name of %s is too long", data);
	if ((r = shared_key_make(data, path)))
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return tell(EXIT_SYSTEM, "cannot open %s: %s", path, strerror(errno));
	n = read(fd, key, USERDB_SHARED_KEY_BYTES);
	(void)close(fd); /* only read from */
	if (n != USERDB_SHARED_KEY_BYTES)
		return tell(EXIT_SYSTEM,
			    "%s has not 32 octets: bring the old one back; if it is lost, remove it, and every "
			    "{SHARED} verifier",
			    path);
	return 0;
}

void
shared_box(struct span secret, const uint8_t key[USERDB_SHARED_KEY_BYTES], uint8_t nonce[USERDB_NONCE_BYTES],
	   uint8_t box[USERDB_BOX_MAX])
{
	randombytes_buf(nonce, USERDB_NONCE_BYTES);
	(void)crypto_secretbox_easy(box, secret.p, secret.len, nonce, key); /* cannot fail */
}

static int
shared_make(const char *password, const char *data, char out[USERDB_VERIFIER_MAX + 1])
{
	uint8_t key[USERDB_SHARED_KEY_BYTES], both[USERDB_NONCE_BYTES + USERDB_BOX_MAX];
	int status = shared_key_get(data, key), n = snprintf(out, USERDB_VERIFIER_MAX + 1, "{SHARED}");

	if (status)
		return status;
	shared_box(span_of(password), key, both, both + USERDB_NONCE_BYTES);
	(void)sodium_bin2base64(out + n, USERDB_VERIFIER_MAX + 1 - (size_t)n, both,
				USERDB_NONCE_BYTES + 16 + strlen(password),
				sodium_base64_VARIANT_ORIGINAL); /* returns out + n: 384 octets of 504 */
	sodium_memzero(key, sizeof key);
	return 0;
}

/* RFC 5802 section 3. */
static bool
scram_keys(const EVP_MD *md, const char *password, struct span salt, uint32_t iterations, uint8_t *stored,
	   uint8_t *server)
{
	uint8_t salted[EVP_MAX_MD_SIZE], client[EVP_MAX_MD_SIZE];
	unsigned len = (unsigned)EVP_MD_get_size(md), n;
	bool good = PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt.p, (int)salt.len, (int)iterations, md,
				      (int)len, salted) &&
		    HMAC(md, salted, (int)len, (const uint8_t *)"Client Key", 10, client, &n) &&
		    EVP_Digest(client, len, stored, &n, md, NULL) &&
		    HMAC(md, salted, (int)len, (const uint8_t *)"Server Key", 10, server, &n);

	sodium_memzero(salted, sizeof salted);
	sodium_memzero(client, sizeof client);
	return good;
}

static const EVP_MD *
digest_of(enum userdb_kind kind)
{
	return kind == USERDB_SCRAM_SHA1 ? EVP_sha1() : EVP_sha256();
}

/* Beyond ASCII, one client prepares a password as RFC 4013 has it and another does not. */
static bool
is_ascii(const char *password)
{
	for (; *password; password++)
		if (*password & 0x80)
			return false;
	return true;
}

static void
base64_append(char out[USERDB_VERIFIER_MAX + 1], const uint8_t *octets, size_t len)
{
	size_t n = strlen(out);

	out[n++] = ',';
	(void)sodium_bin2base64(out + n, USERDB_VERIFIER_MAX + 1 - n, octets, len,
				sodium_base64_VARIANT_ORIGINAL); /* returns out + n */
}

static int
scram_make(enum userdb_kind kind, const char *password, char out[USERDB_VERIFIER_MAX + 1])
{
	uint8_t salt[SCRAM_SALT_BYTES], stored[EVP_MAX_MD_SIZE], server[EVP_MAX_MD_SIZE];
	size_t len = (size_t)EVP_MD_get_size(digest_of(kind));

	if (!is_ascii(password))
		return tell(EXIT_USAGE, "a password for SCRAM must be of ASCII characters: clients do not agree on "
					"what the others are");
	randombytes_buf(salt, sizeof salt);
	if (!scram_keys(digest_of(kind), password, (struct span){ salt, sizeof salt }, SCRAM_ITERATIONS, stored,
			server))
		return tell(EXIT_SYSTEM, "cannot make a verifier: OpenSSL fails");
	(void)snprintf(out, USERDB_VERIFIER_MAX + 1, "{SCRAM-SHA-%s}%d", kind == USERDB_SCRAM_SHA1 ? "1" : "256",
		       SCRAM_ITERATIONS); /* fits, and so does what follows */
	base64_append(out, salt, sizeof salt);
	base64_append(out, stored, len);
	base64_append(out, server, len);
	return 0;
}

int
form_make(enum userdb_kind kind, const char *password, const char *data, char out[USERDB_VERIFIER_MAX + 1])
{
	return kind == USERDB_SHARED ? shared_make(password, data, out) : scram_make(kind, password, out);
}

static enum hash_result
shared_check(const struct userdb_verifier *v, const char *password, const char *data)
{
	uint8_t key[USERDB_SHARED_KEY_BYTES], secret[USERDB_BOX_MAX];
	size_t len = v->box.len - crypto_secretbox_MACBYTES;
	enum hash_result r = HASH_FAILED;

	if (shared_key_get(data, key) == 0 &&
	    crypto_secretbox_open_easy(secret, v->box.p, v->box.len, v->nonce.p, key) == 0)
		r = len == strlen(password) && sodium_memcmp(secret, password, len) == 0 ? HASH_RIGHT : HASH_WRONG;
	sodium_memzero(key, sizeof key);
	sodium_memzero(secret, sizeof secret);
	return r;
}

enum hash_result
form_check(const struct userdb_verifier *v, const char *password, const char *data)
{
	uint8_t stored[EVP_MAX_MD_SIZE], server[EVP_MAX_MD_SIZE];

	if (v->kind == USERDB_SHARED)
		return shared_check(v, password, data);
	if (!scram_keys(digest_of(v->kind), password, v->salt, v->iterations, stored, server))
		return HASH_FAILED;
	return sodium_memcmp(stored, v->stored.p, v->stored.len) == 0 ? HASH_RIGHT : HASH_WRONG;
}

int
forms_append(char text[FORMS_TEXT_MAX], const struct fields *f, const char *password, unsigned kinds, const char *data)
{
	char verifier[USERDB_VERIFIER_MAX + 1], line[LINE_TEXT_MAX];
	struct options o = f->options;
	size_t n = strlen(text);
	int status;

	o.disabled = false; /* that stands in the user's own line */
	o.labelled = true;
	o.created = moment_now();
	for (unsigned kind = USERDB_PASSWORD + 1; kind < USERDB_PROOF__MAX; kind++) {
		if (!(kinds & FORM_BIT(kind)))
			continue;
		if ((status = form_make(kind, password, data, verifier)) ||
		    (status = further_print(span_of(f->name), span_of(verifier), &o, line)))
			return status;
		n += (size_t)snprintf(text + n, FORMS_TEXT_MAX - n, "\n%s", line); /* fits: it is one of three */
	}
	return 0;
}
