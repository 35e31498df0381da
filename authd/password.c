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

static enum password
argon2_check(const struct secret *s, size_t proof_len)
{
	uint64_t kib, passes;

	if (userdb_argon2_cost(span_of(s->verifier), &kib, &passes))
		return PASSWORD_BAD_VERIFIER;
	if (!memory_is_there(kib) || sodium_init() < 0)
		return PASSWORD_NO_MEMORY;
	errno = 0;
	if (crypto_pwhash_str_verify(s->verifier, s->proof, proof_len) == 0)
		return PASSWORD_RIGHT;
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
