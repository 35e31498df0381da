/* userdb: the values in the two databases that sallyport-user compiles; the key of both is the user's name.
 *
 * users.cdb tells launch what a verified name means; secrets.cdb tells authd how to verify it.  Neither holds
 * what the other one needs.  Integers are big-endian, "bytes" is a u16 length and that many bytes, as in msg.h.
 * Keys of secrets.cdb that are empty or begin with NUL can be sent by no client.  The empty key holds the decoy:
 * verifiers that nothing matches, so that an unknown name costs the same work as a known one.  The key of one NUL octet
 * holds the server secret, that of a NUL and an "i" what issuers.h describes, others whose a certificate is. */
#ifndef USERDB_H
#define USERDB_H

#include "address.h"
#include "msg.h"

enum {
	USERDB_MAILDROP_MAX = 1023,
	USERDB_VERIFIER_MAX = 511,       /* of a PASSWORD */
	USERDB_ARGON2_KIB_MAX = 1 << 20, /* memory of one verification: authd may have 2 GiB in all */
	USERDB_ARGON2_PASSES_MAX = 1 << 10,
	USERDB_VERIFIERS_MAX = 16, /* of one user, the main ones included */
	USERDB_LABEL_MAX = 64,
	USERDB_NETWORKS_MAX = 8,         /* of one verifier */
	USERDB_NETWORK_BYTES = 1 + 16,   /* u8 bits, 16 octets of the address */
	USERDB_SALT_MAX = 64,            /* of SCRAM */
	USERDB_ITERATIONS_MIN = 4096,    /* RFC 7677 section 4 */
	USERDB_ITERATIONS_MAX = 1 << 24, /* the client computes them; more would be a joke at its expense */
	USERDB_SHA256_BYTES = 32,
	USERDB_SHA1_BYTES = 20,
	USERDB_NONCE_BYTES = 24, /* of libsodium's secretbox */
	USERDB_BOX_MIN = 16 + 1, /* its authenticator, and a secret of one octet */
	USERDB_BOX_MAX = 16 + 248,
	USERDB_SERVER_BYTES = 32,                              /* the server secret */
	USERDB_SHARED_KEY_BYTES = 32,                          /* of the file shared.key */
	USERDB_USER_MAX = 1 + 4 + 4 + 2 + USERDB_MAILDROP_MAX, /* octets of a value in users.cdb */
	USERDB_SECRET_MAX = MSG_MAX,                           /* octets of a user's value in secrets.cdb */
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

/* From here on, in secretdb.c: the other database, which root's program never reads. */

/* What a verifier is made of. */
enum userdb_kind {
	USERDB_PASSWORD,     /* a hash as libsodium or libcrypt writes it */
	USERDB_SCRAM_SHA256, /* RFC 7677 */
	USERDB_SCRAM_SHA1,   /* RFC 5802 */
	USERDB_SHARED,       /* the secret itself, for APOP and CRAM-MD5, in a secretbox whose key is in shared.key */
	USERDB_FINGERPRINT,  /* a client certificate, for EXTERNAL: SHA-256 of its DER */
	USERDB_CERTIFIED,    /* the same: a name in certificates of an authority that tlsd was told to believe */
	USERDB_KIND__MAX,
	USERDB_PROOF__MAX = USERDB_FINGERPRINT /* those before are made of a password or a secret */
};

/* What a verifier may be used by: bits of a mask. */
enum {
	USERDB_BY_PASS = 1 << 0,
	USERDB_BY_PLAIN = 1 << 1,
	USERDB_BY_LOGIN = 1 << 2,
	USERDB_BY_APOP = 1 << 3,
	USERDB_BY_CRAM_MD5 = 1 << 4,
	USERDB_BY_SCRAM_SHA1 = 1 << 5,
	USERDB_BY_SCRAM_SHA256 = 1 << 6,
	USERDB_BY_OAUTHBEARER = 1 << 7, /* of the user's own line: a token stands for the main password */
	USERDB_BY_XOAUTH2 = 1 << 8,
	USERDB_BY_EXTERNAL = 1 << 9,
	USERDB_BY_ALL = (1 << 10) - 1,
	USERDB_BY_COUNT = 10
};
/* The name of bit 1 << i as the text has it, or NULL. */
const char *userdb_by_name(unsigned i);

/* One verifier:
 *	u8 kind, u16 mechanisms (at least one), u64 created, u64 expires, bytes label, bytes networks, and by kind
 *	PASSWORD: bytes hash (1..511, no NUL)
 *	SCRAM:    u32 iterations, bytes salt (1..64), bytes StoredKey, bytes ServerKey (32 or 20)
 *	SHARED:   bytes nonce (24), bytes box (17..264)
 *	FINGERPRINT: bytes digest (32)
 *	CERTIFIED: bytes name (1..255, no NUL)
 * Times are seconds since 1970; created 0 is not known, expires 0 is never.  Networks is a sequence of at most 8
 * pieces of 17 octets: u8 bits, 16 octets of the address; none means from everywhere.  The label is empty for the main
 * password, of which there may be one verifier of each kind; it names an app password otherwise. */
struct userdb_verifier {
	uint8_t kind;
	uint16_t mechanisms;
	uint64_t created, expires;
	struct span label, networks;
	struct span hash;
	uint32_t iterations;
	struct span salt, stored, server;
	struct span nonce, box;
	struct span certificate; /* digest or name */
};

/* A user's value in secrets.cdb:
 *	u8 version (2), u8 flags, u8 count (1..16), count verifiers
 *	02 00 01  00 007f 000000006565a5c0 0000000000000000 0000 0000 0025 2431246162636465666768... */
enum { USERDB_DISABLED = 1 }; /* the flag: nobody logs in by this name, whatever the password */
struct userdb_secret {
	uint8_t flags;
	uint8_t count;
	struct userdb_verifier verifiers[USERDB_VERIFIERS_MAX];
};
void userdb_secret_put(struct wr *m, const struct userdb_secret *s);
/* Returns 0, or -1 if in is not exactly such a value.  The spans point into in. */
int userdb_secret_get(struct span in, struct userdb_secret *s);
/* The verifier of that kind of the main password, or NULL. */
const struct userdb_verifier *userdb_main(const struct userdb_secret *s, enum userdb_kind kind);
/* May it be used by the mechanism of that bit, from that address (NULL: not known), now (seconds since 1970)? */
bool userdb_verifier_applies(const struct userdb_verifier *v, unsigned by, const struct address *from, uint64_t now);

/* The key and the value that tell whose a certificate is, for clients that do not say who they are: kind FINGERPRINT or
 * CERTIFIED, and the digest or name.  No octets for a name: more than one user's.
 *	key: 00, u8 kind, digest or name		value: u8 version (2), bytes user (0..255) */
enum { USERDB_OWNER_KEY_MAX = 2 + USER_MAX };
struct span userdb_owner_key(enum userdb_kind kind, struct span certificate, uint8_t out[USERDB_OWNER_KEY_MAX]);
void userdb_owner_put(struct wr *m, struct span user);
/* Returns 0, or -1 if in is not exactly such a value. */
int userdb_owner_get(struct span in, struct span *user);

/* The key and the value of the server secret: random octets that outlive every compilation, for salts that look like
 * those of users and for keyed hashes.
 *	u8 version (2), bytes secret (32) */
extern const struct span userdb_server_key;
void userdb_server_put(struct wr *m, const uint8_t secret[USERDB_SERVER_BYTES]);
/* Returns 0, or -1 if in is not exactly such a value. */
int userdb_server_get(struct span in, uint8_t secret[USERDB_SERVER_BYTES]);

/* What a hash can be made by. */
struct userdb_scheme {
	const char *prefix; /* a hash of this scheme begins with it */
	const char *name;
	bool argon2; /* libsodium judges it, otherwise digest.h or libcrypt */
	bool weak;   /* of passwords that people choose; accepted, because they bring such hashes with them */
};
/* The scheme of hash, or NULL if it is none that we accept. */
const struct userdb_scheme *userdb_scheme_of(struct span hash);
/* The costs in an argon2 hash, "$argon2id$v=19$m=19456,t=2,p=1$...": memory in KiB, and passes over it.
 * Returns 0, or -1 if it has none or asks for more than we allow. */
int userdb_argon2_cost(struct span hash, uint64_t *kib, uint64_t *passes);

#endif
