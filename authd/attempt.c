#define _GNU_SOURCE
#include "attempt.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "die.h"
#include "log.h"
#include "slots.h"
#include "verify.h"

enum {
	NUMBER_MAX = 1000000,
	SLOTS_MAX = 1024,
};

static unsigned
number_of(const char *what, const char *text, unsigned max)
{
	uint64_t n;

	if (span_number(span_of(text), max, &n) || n == 0)
		die_usage("%s must be a number from 1 to %u: this program is started by sallyport, not by hand", what,
			  max);
	return (unsigned)n;
}

void
attempt_args(struct attempt *a, int argc, char **argv)
{
	if (argc != 7 || (strcmp(argv[4], "landlock") && strcmp(argv[4], "nolandlock")))
		die_usage("usage: authd SID RIP LIP landlock|nolandlock TRY SLOTS");
	a->sid = argv[1];
	a->rip = argv[2];
	a->lip = argv[3];
	a->landlock_optional = strcmp(argv[4], "nolandlock") == 0;
	a->number = number_of("TRY", argv[5], NUMBER_MAX);
	a->slots = number_of("SLOTS", argv[6], SLOTS_MAX);
	die_session(a->sid);
}

static void
fail_log(const struct attempt *a, struct span user, enum verdict v)
{
	struct logline l;

	log_start(&l, "fail");
	log_text(&l, "sid", a->sid);
	log_text(&l, "rip", a->rip);
	log_text(&l, "lip", a->lip);
	log_text(&l, "tls", "-");
	log_span(&l, "user", user);
	log_number(&l, "try", a->number);
	log_text(&l, "reason", verdict_reason(v));
	log_send(&l);
}

/* Holds the secrets: everything it calls returns. */
static enum verdict
attempt_judge(struct attempt *a, const struct verify *v, bool *left)
{
	static struct users found; /* it only points at secrets */
	enum users_result result = users_find(FD_SECRETS, v->user, &a->secret, &found);
	enum slot slot = slot_take(FD_SLOTS, a->slots, FD_CTL, SLOT_WAIT_MS);
	const struct userdb_verifier *by;
	struct circumstances c = { .by = USERDB_BY_PASS };
	struct address from;
	struct timespec now;

	if (address_read(span_of(a->rip), &from) == 0)
		c.from = &from;
	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	c.now = (uint64_t)now.tv_sec;
	*left = slot == SLOT_LEFT;
	if (slot != SLOT_TAKEN)
		return VERDICT_TEMPORARY;
	return verify_password(&a->secret, result, &found, v->proof, &c, &by);
}

/* launch reads exactly so many bytes and believes them: one write, all or nothing. */
static void
yes_say(const uint8_t verdict[VERDICT_BYTES])
{
	if (write(FD_VERDICT, verdict, VERDICT_BYTES) != VERDICT_BYTES)
		die_sys("cannot tell the verdict");
}

static void
no_say(const struct attempt *a, struct span user, enum verdict v)
{
	struct wr m;

	fail_log(a, user, v);
	answer_put(&m, verdict_answer(v));
	(void)chan_put_now(FD_CTL, &m); /* a client that has gone needs no answer */
}

void
attempt_serve(struct attempt *a)
{
	struct verify v;
	uint8_t verdict[VERDICT_BYTES];
	struct span user;
	enum verdict judged;
	bool left;

	if (chan_get(FD_CTL, &a->secret.in, false))
		return;
	if (verify_get(a->secret.in.data, &v)) {
		secret_wipe(&a->secret);
		die_peer("the attempt is malformed");
	}
	verdict_put(verdict, v.user);
	judged = attempt_judge(a, &v, &left);
	secret_wipe(&a->secret);
	if (verdict_get((struct span){ verdict, sizeof verdict }, &user))
		die_bug("a verdict without a name");
	if (left) {
		if (chan_get(FD_CTL, &a->secret.in, false))
			return;
		secret_wipe(&a->secret);
		die_peer("a second attempt came before the first was answered");
	}
	if (judged == VERDICT_YES)
		yes_say(verdict);
	else
		no_say(a, user, judged);
}
