/* CRAM-MD5: RFC 2195's example, and all that is near it. */
#define _GNU_SOURCE
#include "cram.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include "mac.h"
#include "methods.h"
#include "secrets.h"

static const char challenge[] = "<1896.697170952@postoffice.reston.mci.net>";
#define DIGEST "b913a602c7eda7a495b4e6e7334d3890" /* of it under "tanstaaftanstaaf" */
#define OTHER "6df1a0ce2b012840213e4fe7a5b74b82"  /* of another */

static const struct method method = { USERDB_BY_CRAM_MD5, cram_md5_step };

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

/* A whole attempt, with this test as pop3d and as launch: who it was goes to launch, and nothing secret is left. */
static void
test_whole(void)
{
	uint8_t made[MAC_MAX], verdict[VERDICT_BYTES + 1], answer[MSG_MAX];
	static struct attempt a;
	struct answer_msg asked;
	char response[64];
	struct verified by;
	int ctl[2], tube[2], status;
	struct wr m;
	ssize_t n;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ctl) | pipe2(tube, O_CLOEXEC), 0);
	auth_put(&m, &(struct auth){ MECH_CRAM_MD5, false, span_of("") });
	CHECK_EQ(chan_put(ctl[0], &m), 0);
	(void)fflush(stdout);
	if (fork() == 0) {
		room_settle(&a, ctl[1], tube[1], dup(1), database_of(users_add));
		attempt_serve(&a, methods);
		room_leave(&a);
	}
	(void)(close(ctl[1]) | close(tube[1]));
	n = recv(ctl[0], answer, sizeof answer, 0);
	CHECK(n > 0 && answer_get((struct span){ answer, (size_t)n }, &asked) == 0);
	CHECK_EQ(asked.answer, ANSWER_GO_ON);
	CHECK_EQ(mac_make(MAC_MD5, span_of("tanstaaftanstaaf"), asked.challenge, made), 0);
	(void)snprintf(response, sizeof response, "tim ");
	(void)sodium_bin2hex(response + 4, sizeof response - 4, made, 16); /* returns response + 4 */
	response_put(&m, span_of(response));
	CHECK_EQ(chan_put(ctl[0], &m), 0);
	CHECK_EQ(read(tube[0], verdict, sizeof verdict), VERDICT_BYTES);
	CHECK_EQ(verdict_get((struct span){ verdict, VERDICT_BYTES }, &by), 0);
	CHECK(by.mechanism == MECH_CRAM_MD5 && by.user.len == 3 && memcmp(by.user.p, "tim", 3) == 0);
	CHECK_EQ(recv(ctl[0], answer, sizeof answer, 0), 0); /* pop3d hears nothing of it */
	CHECK(wait(&status) > 0 && status == 0);
	(void)(close(ctl[0]) | close(tube[0]));
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
	test_whole();
	(void)unlink(slots_path);
	return check_end();
}
