/* userdb: the values in the two databases that sallyport-user compiles; the key of both is the user's name.
 *
 * users.cdb tells launch what a verified name means; secrets.cdb tells authd how to verify it.  Neither holds
 * what the other one needs.  Integers are big-endian, "bytes" is a u16 length and that many bytes, as in msg.h.
 * In secrets.cdb the empty key, which no client can send, holds the decoy: a verifier that nothing matches,
 * so that an unknown name costs the same work as a known one. */
#ifndef USERDB_H
#define USERDB_H

#include "msg.h"

enum {
	USERDB_MAILDROP_MAX = 1023,
	USERDB_VERIFIER_MAX = 511,
	USERDB_ARGON2_KIB_MAX = 1 << 20, /* memory of one verification: authd may have 2 GiB in all */
	USERDB_ARGON2_PASSES_MAX = 1 << 10,
	USERDB_USER_MAX = 1 + 4 + 4 + 2 + USERDB_MAILDROP_MAX, /* octets of a value in users.cdb */
	USERDB_SECRET_MAX = 1 + 1 + 2 + USERDB_VERIFIER_MAX,   /* octets of a value in secrets.cdb */
};

/* A value in users.cdb:
 *	u8 version (1), u32 uid, u32 gid, bytes maildrop (1..1023, begins with "/", no NUL)
 *	01 00001388 00001388 000e 2f7661722f766d61696c2f626f62 */
struct userdb_user {
	uint32_t uid;
	uint32_t gid;
	struct span maildrop;
};
void userdb_user_put(struct wr *m, const struct userdb_user *u);
/* Returns 0, or -1 if in is not exactly such a value. */
int userdb_user_get(struct span in, struct userdb_user *u);

/* A value in secrets.cdb:
 *	u8 version (1), u8 flags, bytes verifier (1..511, no NUL)
 *	01 00 0025 2431246162636465666768... */
enum { USERDB_DISABLED = 1 }; /* the flag: nobody logs in by this name, whatever the password */
struct userdb_secret {
	uint8_t flags;
	struct span verifier;
};
void userdb_secret_put(struct wr *m, const struct userdb_secret *s);
/* Returns 0, or -1 if in is not exactly such a value. */
int userdb_secret_get(struct span in, struct userdb_secret *s);

/* What a verifier can be made by. */
struct userdb_scheme {
	const char *prefix; /* a verifier of this scheme begins with it */
	const char *name;
	bool argon2; /* libsodium judges it, otherwise libcrypt */
	bool weak;   /* still accepted, because people bring such verifiers with them */
};
/* The scheme of verifier, or NULL if it is none that we accept. */
const struct userdb_scheme *userdb_scheme_of(struct span verifier);
/* The costs in an argon2 verifier, "$argon2id$v=19$m=19456,t=2,p=1$...": memory in KiB, and passes over it.
 * Returns 0, or -1 if it has none or asks for more than we allow. */
int userdb_argon2_cost(struct span verifier, uint64_t *kib, uint64_t *passes);

#endif
