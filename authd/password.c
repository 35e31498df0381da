#define _GNU_SOURCE
#include "password.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#include "digest.h"

enum { SPARE = 1 << 20 }; /* octets that libsodium needs beside the memory of the hash itself */

/* Can this process have kib KiB?  libsodium says "wrong password" when it cannot, and so would we without asking. */
static bool
memory_is_there(uint64_t kib)
{
	size_t bytes = (size_t)kib * 1024 + SPARE;
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return false;
	(void)munmap(p, bytes); /* a mapping of our own making */
	return true;
}

/* The bytes that the last two fields of an argon2 verifier stand for. */
static int
argon2_fields(struct span verifier, unsigned char *salt, size_t salt_len, unsigned char *hash, size_t hash_len)
{
	struct span costs = { NULL, 0 }, text[2] = { { NULL, 0 }, { NULL, 0 } };
	const int form = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
	size_t len;

	for (int i = 0; i < 4; i++)
		if (!span_cut(&verifier, '$', &costs))
			return -1;
	if (!span_cut(&verifier, '$', &text[0]) || !span_cut(&verifier, '$', &text[1]) || verifier.p)
		return -1;
	if (costs.len < 4 || memcmp(costs.p + costs.len - 4, ",p=1", 4) != 0)
		return -1;
	if (sodium_base642bin(salt, salt_len, (const char *)text[0].p, text[0].len, NULL, &len, NULL, form) ||
	    len != salt_len)
		return -1;
	return sodium_base642bin(hash, hash_len, (const char *)text[1].p, text[1].len, NULL, &len, NULL, form) ||
		       len != hash_len
		   ? -1
		   : 0;
}

/* A verifier in libsodium's own form: make the hash again and compare, because its verification says "wrong" when memory
 * ends while it works.  PASSWORD_BAD_VERIFIER: it is not in that form. */
static enum password
argon2_make(const struct secret *s, size_t proof_len, uint64_t kib, uint64_t passes)
{
	unsigned char salt[crypto_pwhash_SALTBYTES], hash[crypto_pwhash_BYTES_MIN * 2], made[sizeof hash];
	const bool id = strncmp(s->verifier, "$argon2id$", 10) == 0;
	enum password p = PASSWORD_NO_MEMORY;

	if (argon2_fields(span_of(s->verifier), salt, sizeof salt, hash, sizeof hash))
		return PASSWORD_BAD_VERIFIER;
	errno = 0;
	if (crypto_pwhash(made, sizeof made, s->proof, proof_len, salt, passes, (size_t)kib * 1024,
			  id ? crypto_pwhash_ALG_ARGON2ID13 : crypto_pwhash_ALG_ARGON2I13) == 0)
		p = sodium_memcmp(made, hash, sizeof made) == 0 ? PASSWORD_RIGHT : PASSWORD_WRONG;
	else if (errno == EINVAL)
		p = PASSWORD_BAD_VERIFIER; /* costs lower than it would choose */
	sodium_memzero(made, sizeof made);
	return p;
}

static enum password
argon2_check(const struct secret *s, size_t proof_len)
{
	uint64_t kib, passes;
	enum password p;

	if (userdb_argon2_cost(span_of(s->verifier), &kib, &passes))
		return PASSWORD_BAD_VERIFIER;
	if (!memory_is_there(kib) || sodium_init() < 0)
		return PASSWORD_NO_MEMORY;
	p = argon2_make(s, proof_len, kib, passes);
	if (p != PASSWORD_BAD_VERIFIER)
		return p;
	errno = 0;
	if (crypto_pwhash_str_verify(s->verifier, s->proof, proof_len) == 0)
		return PASSWORD_RIGHT;
	if (errno && !memory_is_there(kib))
		return PASSWORD_NO_MEMORY;
	/* EINVAL means that it was computed and differs; nothing, that the verifier was not understood. */
	return errno == EINVAL ? PASSWORD_WRONG : errno == 0 ? PASSWORD_BAD_VERIFIER : PASSWORD_NO_MEMORY;
}

static enum password
crypt_check(struct secret *s)
{
	int salt = crypt_checksalt(s->verifier);
	const char *made;
	size_t len;

	if (salt == CRYPT_SALT_INVALID || salt == CRYPT_SALT_METHOD_DISABLED)
		return PASSWORD_BAD_VERIFIER;
	made = crypt_rn(s->proof, s->verifier, &s->work, sizeof s->work);
	if (made == NULL)
		return PASSWORD_NO_MEMORY; /* it does not tell that from a verifier with a damaged salt */
	len = strlen(made);
	if (len != strlen(s->verifier))
		return PASSWORD_WRONG;
	return sodium_memcmp(made, s->verifier, len) ? PASSWORD_WRONG : PASSWORD_RIGHT;
}

static enum password
digest_of_password_check(struct span hash, struct span proof)
{
	switch (digest_check(hash, proof)) {
	case DIGEST_RIGHT:
		return PASSWORD_RIGHT;
	case DIGEST_WRONG:
		return PASSWORD_WRONG;
	default:
		return PASSWORD_BAD_VERIFIER;
	}
}

enum password
password_check(struct secret *s, struct span proof, struct span verifier)
{
	const struct userdb_scheme *scheme = userdb_scheme_of(verifier);

	if (scheme == NULL || span_copy(verifier, s->verifier, sizeof s->verifier))
		return PASSWORD_BAD_VERIFIER;
	if (proof.len >= CRYPT_MAX_PASSPHRASE_SIZE)
		return PASSWORD_WRONG; /* more than libcrypt takes, so no verifier was made from it */
	if (span_copy(proof, s->proof, sizeof s->proof))
		return PASSWORD_WRONG; /* a NUL inside: libcrypt would judge what stands before it */
	if (digest_is(verifier))
		return digest_of_password_check(verifier, proof);
	return scheme->argon2 ? argon2_check(s, proof.len) : crypt_check(s);
}
