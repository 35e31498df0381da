/* Of all that can be found and sent, exactly one combination is a yes. */
#include "verify.h"

#include <string.h>

#include "../check.h"

static const char VERIFIER[] = "$1$abcdefgh$9qMkHazuSy1Q8myEum7yb/"; /* of "open sesame" */

static const char DECOY[] = "$1$abcdefgh$9qMkHazuSy1Q8myEum7yb0";

static struct circumstances usual = { USERDB_BY_PASS, NULL, 1000 };

static enum verdict
verify(const struct users *found, enum users_result r, const char *proof)
{
	static struct secret s;
	const struct userdb_verifier *by = NULL;
	enum verdict v = verify_password(&s, r, found, span_of(proof), &usual, &by);

	CHECK(v != VERDICT_YES || (by && by->hash.len && !memcmp(by->hash.p, VERIFIER, 3)));
	return v;
}

static enum verdict
judge(enum users_result r, uint8_t flags, const char *verifier, const char *proof)
{
	struct users found = { { flags, 1, { { .mechanisms = USERDB_BY_ALL, .hash = span_of(verifier) } } },
			       { 0, 1, { { .mechanisms = USERDB_BY_ALL, .hash = span_of(DECOY) } } } };

	return verify(&found, r, proof);
}

static void
test_only_one_yes(void)
{
	static const enum users_result results[] = { USERS_KNOWN, USERS_UNKNOWN, USERS_FAILED, USERS_DAMAGED };
	static const char *const proofs[] = { "open sesame", "Open sesame", "", "*0" };
	static const char *const vs[] = { VERIFIER, "*0", "", "open sesame", "$y$x" };
	int yes = 0;

	for (size_t r = 0; r < 4; r++)
		for (uint8_t flags = 0; flags < 2; flags++)
			for (size_t p = 0; p < 4; p++)
				for (size_t v = 0; v < 5; v++)
					yes += judge(results[r], flags, vs[v], proofs[p]) == VERDICT_YES;
	CHECK_EQ(yes, 1);
	CHECK_EQ(judge(USERS_KNOWN, 0, VERIFIER, "open sesame"), VERDICT_YES);
}

static void
test_reasons(void)
{
	CHECK_EQ(judge(USERS_KNOWN, 0, VERIFIER, "open"), VERDICT_PASSWORD);
	CHECK_EQ(judge(USERS_UNKNOWN, 0, VERIFIER, "open"), VERDICT_NOUSER);
	CHECK_EQ(judge(USERS_UNKNOWN, 0, VERIFIER, "open sesame"), VERDICT_NOUSER);
	CHECK_EQ(judge(USERS_KNOWN, USERDB_DISABLED, VERIFIER, "open sesame"), VERDICT_DISABLED);
	CHECK_EQ(judge(USERS_KNOWN, USERDB_DISABLED, VERIFIER, "open"), VERDICT_PASSWORD);
	CHECK_EQ(judge(USERS_FAILED, 0, VERIFIER, "open sesame"), VERDICT_TEMPORARY);
	CHECK_EQ(judge(USERS_DAMAGED, 0, VERIFIER, "open sesame"), VERDICT_BROKEN);
	CHECK_EQ(judge(USERS_KNOWN, 0, "open", "open"), VERDICT_BROKEN);
	CHECK_EQ(judge(USERS_KNOWN, 0, "$y$x", "open"), VERDICT_TEMPORARY);
}

/* Whoever has no password, only other verifiers or app passwords, is judged by the decoy, and never let in by it. */
static void
test_without_password(void)
{
	struct users found = { { 0, 1, { { .kind = USERDB_SHARED, .mechanisms = USERDB_BY_ALL } } },
			       { 0, 1, { { .mechanisms = USERDB_BY_ALL, .hash = span_of(VERIFIER) } } } };

	CHECK_EQ(verify(&found, USERS_KNOWN, "open sesame"), VERDICT_PASSWORD);
	found.decoy.verifiers[0].label = span_of("x");
	CHECK_EQ(verify(&found, USERS_KNOWN, "open sesame"), VERDICT_BROKEN);
}

/* The right app password, under each circumstance and with each flag. */
static enum verdict
app(const char *proof, uint8_t flags, enum users_result r)
{
	struct span of_open = span_of("$1$abcdefgh$9qMkHazuSy1Q8myEum7yb/"), of_decoy = span_of(DECOY);
	struct users found = { { flags, 3, { { .mechanisms = USERDB_BY_ALL, .hash = of_decoy } } },
			       { 0, 1, { { .mechanisms = USERDB_BY_ALL, .hash = of_decoy } } } };
	static const uint8_t home[] = "\150\0\0\0\0\0\0\0\0\0\0\377\377\12\0\0\0"; /* 10.0.0.0/8 */

	found.user.verifiers[1] =
	    (struct userdb_verifier){ .mechanisms = 1, .label = span_of("old"), .hash = of_decoy };
	found.user.verifiers[2] = (struct userdb_verifier){ .mechanisms = USERDB_BY_PASS,
							    .expires = 2000,
							    .label = span_of("phone"),
							    .networks = { home, 17 },
							    .hash = of_open };
	return verify(&found, r, proof);
}

static void
test_app_passwords(void)
{
	struct address home, away;

	CHECK(!address_read(span_of("10.1.1.1"), &home) && !address_read(span_of("192.0.2.1"), &away));
	usual.from = &home;
	CHECK_EQ(app("open sesame", 0, USERS_KNOWN), VERDICT_YES);
	CHECK_EQ(app("open", 0, USERS_KNOWN), VERDICT_PASSWORD);
	CHECK_EQ(app("open sesame", USERDB_DISABLED, USERS_KNOWN), VERDICT_DISABLED);
	CHECK_EQ(app("open sesame", 0, USERS_UNKNOWN), VERDICT_NOUSER); /* the decoy's labels let nobody in */
	usual.by = USERDB_BY_PLAIN;
	CHECK_EQ(app("open sesame", 0, USERS_KNOWN), VERDICT_MECHANISM);
	usual.by = USERDB_BY_PASS;
	usual.from = &away;
	CHECK_EQ(app("open sesame", 0, USERS_KNOWN), VERDICT_NETWORK);
	CHECK_EQ(app("open", 0, USERS_KNOWN), VERDICT_PASSWORD);
	usual.from = NULL;
	CHECK_EQ(app("open sesame", 0, USERS_KNOWN), VERDICT_NETWORK);
	usual.from = &home;
	usual.now = 2000;
	CHECK_EQ(app("open sesame", 0, USERS_KNOWN), VERDICT_DISABLED);
	usual.now = 1000;
	usual.from = NULL;
}

int
main(void)
{
	test_app_passwords();
	test_without_password();
	test_only_one_yes();
	test_reasons();
	CHECK(!strcmp(verdict_reason(VERDICT_PASSWORD), "password"));
	CHECK(!strcmp(verdict_reason(VERDICT_NOUSER), "nouser"));
	CHECK(!strcmp(verdict_reason(VERDICT_DISABLED), "disabled"));
	CHECK(!strcmp(verdict_reason(VERDICT_TEMPORARY), "authtemp"));
	CHECK(!strcmp(verdict_reason(VERDICT_BROKEN), "authconf"));
	CHECK_EQ(verdict_answer(VERDICT_PASSWORD), ANSWER_NO);
	CHECK_EQ(verdict_answer(VERDICT_NOUSER), ANSWER_NO);
	CHECK_EQ(verdict_answer(VERDICT_DISABLED), ANSWER_NO);
	CHECK(!strcmp(verdict_reason(VERDICT_LIMITED), "ratelimit"));
	CHECK_EQ(verdict_answer(VERDICT_LIMITED), ANSWER_LIMITED);
	CHECK_EQ(verdict_answer(VERDICT_TEMPORARY), ANSWER_LATER);
	CHECK_EQ(verdict_answer(VERDICT_BROKEN), ANSWER_PERMANENT);
	return check_end();
}
