/* APOP: the example of RFC 1939 section 7 (its secret is "tanstaaf"), and all that is near it. */
#define _GNU_SOURCE
#include "apop.h"

#include <sys/wait.h>

#include "judge.h"
#include "secrets.h"

#define DIGEST "c4c9334bac560ecc979e58001b3e22fb" /* of the example's timestamp and secret */
#define SAME "37517402d6b6d7ada3d4f84c36854c32"   /* and of our users' secret */

static const struct method method = { USERDB_BY_APOP, apop_step };

static enum verdict
judged(const char *name, const char *digest)
{
	static struct attempt a;
	int status;

	(void)fflush(stdout);
	if (fork() == 0) {
		room_settle(&a, open("/dev/null", O_RDWR), open("/dev/null", O_RDWR), dup(1), database_of(users_add));
		a.method = &method;
		judge_user(&a, span_of(name));
		CHECK_EQ(apop_step(&a, true, span_of(digest)), STEP_JUDGED);
		_exit(check_failed ? 99 : (int)a.verdict);
	}
	CHECK(wait(&status) > 0);
	return (enum verdict)WEXITSTATUS(status);
}

int
main(void)
{
	static const char example[] = "<1896.697170952@dbc.mtview.ca.us>";

	CHECK(mkstemp(slots_path) >= 0);
	(void)shared("", 0, "");
	CHECK(strcmp(stamp, example) == 0);
	CHECK_EQ(judged("many", DIGEST), VERDICT_YES); /* one of his secrets is the example's */
	CHECK_EQ(judged("many", SAME), VERDICT_YES);   /* and this is the other */
	CHECK_EQ(judged("tim", SAME), VERDICT_YES);
	CHECK_EQ(judged("apop", SAME), VERDICT_YES); /* good for APOP alone */
	CHECK_EQ(judged("tim", DIGEST), VERDICT_PASSWORD);
	CHECK_EQ(judged("tom", SAME), VERDICT_DISABLED);
	CHECK_EQ(judged("tom", DIGEST), VERDICT_PASSWORD);
	CHECK_EQ(judged("hash", SAME), VERDICT_MECHANISM);
	CHECK_EQ(judged("nobody", SAME), VERDICT_NOUSER);
	CHECK_EQ(judged("damaged", SAME), VERDICT_BROKEN);
	CHECK_EQ(judged("many", "C4C9334BAC560ECC979E58001B3E22FB"), VERDICT_MALFORMED); /* small letters */
	CHECK_EQ(judged("many", DIGEST "0"), VERDICT_MALFORMED);
	CHECK_EQ(judged("many", ""), VERDICT_MALFORMED);
	/* Nobody was shown a timestamp: then nothing is its digest. */
	memcpy(stamp, "-", 2);
	CHECK_EQ(judged("many", "336d5ebc5436534e61d16e63ddfca327"), VERDICT_MALFORMED);
	/* Another timestamp than the one that the client heard: what it sends is wrong. */
	memcpy(stamp, "<1>", 4);
	CHECK_EQ(judged("many", DIGEST), VERDICT_PASSWORD);
	(void)unlink(slots_path);
	return check_end();
}
