/* Of all that can be found and sent, exactly one combination is a yes. */
#include "verify.h"

#include <string.h>

#include "../check.h"

static const char VERIFIER[] = "$1$abcdefgh$9qMkHazuSy1Q8myEum7yb/"; /* of "open sesame" */

static const char DECOY[] = "$1$abcdefgh$9qMkHazuSy1Q8myEum7yb0";

static enum verdict
judge(enum users_result r, uint8_t flags, const char *verifier, const char *proof)
{
	static struct secret s;
	struct users found = { { flags, 1, { { .mechanisms = USERDB_BY_ALL, .hash = span_of(verifier) } } },
			       { 0, 1, { { .mechanisms = USERDB_BY_ALL, .hash = span_of(DECOY) } } } };

	return verify_password(&s, r, &found, span_of(proof));
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
	static struct secret s;
	struct users found = { { 0, 1, { { .kind = USERDB_SHARED, .mechanisms = USERDB_BY_ALL } } },
			       { 0, 1, { { .mechanisms = USERDB_BY_ALL, .hash = span_of(VERIFIER) } } } };

	CHECK_EQ(verify_password(&s, USERS_KNOWN, &found, span_of("open sesame")), VERDICT_PASSWORD);
	found.decoy.verifiers[0].label = span_of("x");
	CHECK_EQ(verify_password(&s, USERS_KNOWN, &found, span_of("open sesame")), VERDICT_BROKEN);
}

int
main(void)
{
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
	CHECK_EQ(verdict_answer(VERDICT_TEMPORARY), ANSWER_LATER);
	CHECK_EQ(verdict_answer(VERDICT_BROKEN), ANSWER_PERMANENT);
	return check_end();
}
