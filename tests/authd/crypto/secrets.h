/* secrets: users with shared secrets, and without, for the tests of the mechanisms that need them. */
#ifndef SECRETS_H
#define SECRETS_H

#include <sodium.h>

#include "../room.h"

/* Boxes of secrets, made under a key of sevens. */
static inline struct userdb_verifier
shared(const char *secret, uint16_t by, const char *label)
{
	static uint8_t b[16][USERDB_NONCE_BYTES + USERDB_BOX_MAX];
	static size_t used;
	uint8_t *nonce = b[used++ % 16], *box = nonce + USERDB_NONCE_BYTES;

	memset(shared_key, 7, sizeof shared_key);
	CHECK_EQ(crypto_secretbox_easy(box, (const uint8_t *)secret, strlen(secret), nonce, shared_key), 0);
	return (struct userdb_verifier){ .kind = USERDB_SHARED,
					 .mechanisms = by,
					 .label = span_of(label),
					 .nonce = { nonce, USERDB_NONCE_BYTES },
					 .box = { box, crypto_secretbox_MACBYTES + strlen(secret) } };
}

static inline void
users_add(struct cdb_make *cdb)
{
	const struct userdb_verifier hash = { .mechanisms = USERDB_BY_ALL,
					      .hash = span_of("$1$abcdefgh$ovjmp.B7kCMmCamnRddo91") };
	const struct userdb_verifier right = shared("tanstaaftanstaaf", USERDB_BY_ALL, "");
	struct userdb_verifier damaged = right;

	damaged.box.len--;
	value_add(cdb, span_of(""),
		  &(struct userdb_secret){ 0, 2, { hash, shared("nobody knows", USERDB_BY_ALL, "") } });
	value_add(cdb, span_of("tim"), &(struct userdb_secret){ 0, 2, { hash, right } });
	value_add(cdb, span_of("tom"), &(struct userdb_secret){ USERDB_DISABLED, 2, { hash, right } });
	value_add(cdb, span_of("hash"), &(struct userdb_secret){ 0, 1, { hash } });
	value_add(cdb, span_of("apop"),
		  &(struct userdb_secret){ 0, 1, { shared("tanstaaftanstaaf", USERDB_BY_APOP, "") } });
	value_add(cdb, span_of("many"),
		  &(struct userdb_secret){ 0,
					   3,
					   { hash, shared("tanstaaf", USERDB_BY_ALL, ""),
					     shared("tanstaaftanstaaf", USERDB_BY_ALL, "phone") } });
	value_add(cdb, span_of("damaged"), &(struct userdb_secret){ 0, 1, { damaged } });
	value_add(cdb, span_of("a b"), &(struct userdb_secret){ 0, 1, { right } });
}

static inline void
users_without_decoy(struct cdb_make *cdb)
{
	const struct userdb_verifier hash = { .mechanisms = USERDB_BY_ALL,
					      .hash = span_of("$1$abcdefgh$ovjmp.B7kCMmCamnRddo91") };

	value_add(cdb, span_of(""), &(struct userdb_secret){ 0, 1, { hash } });
	value_add(cdb, span_of("tim"),
		  &(struct userdb_secret){ 0, 1, { shared("tanstaaftanstaaf", USERDB_BY_ALL, "") } });
}

#endif
