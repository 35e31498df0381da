/* CRAM-MD5: RFC 2195's example, and all that is near it. */
#define _GNU_SOURCE
#include "cram.h"

#include <sodium.h>
#include <sys/wait.h>

#include "../room.h"

static const char challenge[] = "<1896.697170952@postoffice.reston.mci.net>";
#define DIGEST "b913a602c7eda7a495b4e6e7334d3890" /* of it under "tanstaaftanstaaf" */
#define OTHER "6df1a0ce2b012840213e4fe7a5b74b82"  /* of another */

static const struct method method = { USERDB_BY_CRAM_MD5, cram_md5_step };

/* Boxes of secrets, made under a key of sevens. */
static struct userdb_verifier
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

static void
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

static void
users_without_decoy(struct cdb_make *cdb)
{
	const struct userdb_verifier hash = { .mechanisms = USERDB_BY_ALL,
					      .hash = span_of("$1$abcdefgh$ovjmp.B7kCMmCamnRddo91") };

	value_add(cdb, span_of(""), &(struct userdb_secret){ 0, 1, { hash } });
	value_add(cdb, span_of("tim"),
		  &(struct userdb_secret){ 0, 1, { shared("tanstaaftanstaaf", USERDB_BY_ALL, "") } });
}

static void (*users)(struct cdb_make *) = users_add;

/* The verdict of a response to that challenge. */
static enum verdict
judged(const char *response, size_t len)
{
	static struct attempt a;
	int status;

	(void)fflush(stdout);
	if (fork() == 0) {
		room_settle(&a, open("/dev/null", O_RDWR), open("/dev/null", O_RDWR), dup(1), database_of(users));
		a.method = &method;
		CHECK_EQ(attempt_ask(&a, span_of(challenge)), STEP_ASK);
		CHECK_EQ(cram_md5_step(&a, true, (struct span){ (const uint8_t *)response, len }), STEP_JUDGED);
		CHECK_EQ(a.verdict == VERDICT_YES, a.by != NULL && a.verdict == VERDICT_YES);
		if (a.verdict == VERDICT_YES)
			CHECK(len < 4 || memcmp(response, "many", 4) != 0 || a.by->label.len == 5);
		_exit(check_failed ? 99 : (int)a.verdict);
	}
	CHECK(wait(&status) > 0);
	return (enum verdict)WEXITSTATUS(status);
}

#define JUDGED(response, verdict) CHECK_EQ(judged(response, sizeof response - 1), verdict)

static void
test_judged(void)
{
	JUDGED("tim " DIGEST, VERDICT_YES);
	JUDGED("many " DIGEST, VERDICT_YES);
	JUDGED("many " OTHER, VERDICT_PASSWORD); /* of another challenge */
	JUDGED("a b " DIGEST, VERDICT_YES);
	JUDGED("tim " OTHER, VERDICT_PASSWORD);
	JUDGED("tom " DIGEST, VERDICT_DISABLED);
	JUDGED("tom " OTHER, VERDICT_PASSWORD);
	JUDGED("hash " DIGEST, VERDICT_MECHANISM);
	JUDGED("apop " DIGEST, VERDICT_MECHANISM);
	JUDGED("nobody " DIGEST, VERDICT_NOUSER);
	JUDGED("damaged " DIGEST, VERDICT_BROKEN);
	JUDGED("tim b913a602c7eda7a495b4e6e7334d3891", VERDICT_PASSWORD);
}

static void
test_malformed(void)
{
	JUDGED("", VERDICT_MALFORMED);
	JUDGED("tim", VERDICT_MALFORMED);
	JUDGED("tim ", VERDICT_MALFORMED);
	JUDGED(" " DIGEST, VERDICT_MALFORMED);
	JUDGED(DIGEST, VERDICT_MALFORMED);
	JUDGED("tim " DIGEST " ", VERDICT_MALFORMED);
	JUDGED("tim " DIGEST "0", VERDICT_MALFORMED);
	JUDGED("tim b913a602c7eda7a495b4e6e7334d389", VERDICT_MALFORMED);
	JUDGED("tim B913A602C7EDA7A495B4E6E7334D3890", VERDICT_MALFORMED); /* small letters: RFC 2195 section 2 */
	JUDGED("tim b913a602c7eda7a495b4e6e7334d389g", VERDICT_MALFORMED);
	JUDGED("t\0m " DIGEST, VERDICT_MALFORMED);
	JUDGED("\xff " DIGEST, VERDICT_MALFORMED);
}

/* Without the right key, or without a decoy, nothing can be judged, and nobody is let in. */
static void
test_damaged(void)
{
	shared_key_len = 31;
	JUDGED("tim " DIGEST, VERDICT_BROKEN);
	shared_key_len = 33;
	JUDGED("tim " DIGEST, VERDICT_BROKEN);
	shared_key_len = 0;
	JUDGED("tim " DIGEST, VERDICT_BROKEN);
	shared_key_len = 32;
	users = users_without_decoy;
	JUDGED("tim " DIGEST, VERDICT_BROKEN);
	users = users_add;
	JUDGED("tim " DIGEST, VERDICT_YES);
}

/* The server goes first, with a challenge that nobody has seen before. */
static void
test_challenge(void)
{
	static struct attempt a = { .host = "mail.example.org" }, b = { .host = "-" };

	CHECK_EQ(cram_md5_step(&a, false, span_of("")), STEP_ASK);
	CHECK_EQ(cram_md5_step(&b, false, span_of("")), STEP_ASK);
	CHECK_EQ(a.challenge_len, 1 + 32 + sizeof "@mail.example.org>" - 1);
	CHECK(a.challenge[0] == '<' && memcmp(a.challenge + 33, "@mail.example.org>", 18) == 0);
	CHECK(memcmp(b.challenge + 33, "@localhost>", 11) == 0 && memcmp(a.challenge, b.challenge, 33) != 0);
	a.challenge_len = 0;
	CHECK_EQ(cram_md5_step(&a, true, span_of("tim " DIGEST)), STEP_JUDGED);
	CHECK_EQ(a.verdict, VERDICT_MALFORMED);
}

int
main(void)
{
	CHECK(mkstemp(slots_path) >= 0);
	(void)shared("", 0, "");
	test_judged();
	test_malformed();
	test_damaged();
	test_challenge();
	(void)unlink(slots_path);
	return check_end();
}
