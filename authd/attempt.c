#define _GNU_SOURCE
#include "attempt.h"

#include <string.h>
#include <unistd.h>

#include "die.h"
#include "judge.h"
#include "log.h"

enum {
	NUMBER_MAX = 1000000,
	SLOTS_MAX = 1024,
	GUESSES_MAX = 1000,
};

static unsigned
number_of(const char *what, const char *text, unsigned min, unsigned max)
{
	uint64_t n;

	if (span_number(span_of(text), max, &n) || n < min)
		die_usage("%s must be a number from %u to %u: this program is started by sallyport, not by hand", what,
			  min, max);
	return (unsigned)n;
}

void
attempt_args(struct attempt *a, int argc, char **argv)
{
	if (argc != 15 || (strcmp(argv[4], "landlock") && strcmp(argv[4], "nolandlock")) ||
	    (strcmp(argv[8], "private") && strcmp(argv[8], "clear")))
		die_usage("usage: authd SID RIP LIP landlock|nolandlock TRY SLOTS MECHANISMS private|clear HOST "
			  "GUESSES NAMES USERS SHELLS STAMP");
	a->sid = argv[1];
	a->rip = argv[2];
	a->lip = argv[3];
	a->landlock_optional = strcmp(argv[4], "nolandlock") == 0;
	a->number = number_of("TRY", argv[5], 1, NUMBER_MAX);
	a->slots = number_of("SLOTS", argv[6], 1, SLOTS_MAX);
	a->mechanisms = number_of("MECHANISMS", argv[7], 1, MECHANISM_BIT(MECH__MAX) - 1);
	a->clear = strcmp(argv[8], "clear") == 0;
	a->host = argv[9];
	a->guesses = number_of("GUESSES", argv[10], 0, GUESSES_MAX);
	if (name_policy_read(span_of(argv[11]), &a->names))
		die_usage("NAMES is no policy: this program is started by sallyport, not by hand");
	a->stamp = argv[14];
	if (system_policy_read(argv[12], argv[13], &a->users))
		die_usage("USERS or SHELLS is no policy: this program is started by sallyport, not by hand");
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
	log_tls(&l, &a->tls_text);
	log_span(&l, "user", user);
	log_number(&l, "try", a->number);
	log_text(&l, "reason", verdict_reason(v));
	log_send(&l);
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

	if (!a->told)
		fail_log(a, user, v);
	answer_put(&m, verdict_answer(v));
	(void)chan_put_now(FD_CTL, &m); /* a client that has gone needs no answer */
}

/* Every way out with a message that must not have come. */
static void __attribute__((noreturn)) peer_die(struct attempt *a, const char *why)
{
	secret_wipe(&a->secret);
	die_peer("%s", why);
}

enum step
attempt_ask(struct attempt *a, struct span challenge)
{
	if (challenge.len > sizeof a->challenge)
		die_bug("a challenge is too long");
	if (challenge.len)
		memcpy(a->challenge, challenge.p, challenge.len);
	a->challenge_len = challenge.len;
	return STEP_ASK;
}

enum step
attempt_judged(struct attempt *a, enum verdict v)
{
	a->verdict = a->refused ? VERDICT_LIMITED : v;
	return STEP_JUDGED;
}

enum step
attempt_refuse(struct attempt *a, enum verdict v, struct span challenge)
{
	a->verdict = v;
	a->told = true;
	fail_log(a, a->user, v);
	return attempt_ask(a, challenge);
}

/* None are there without a TLS of ours: then that is /dev/null. */
static void
facts_read(struct attempt *a)
{
	ssize_t n = lseek(FD_FACTS, 0, SEEK_SET) < 0 ? -1 : read(FD_FACTS, a->secret.facts, sizeof a->secret.facts);

	if (n < 0)
		die_sys("cannot read the facts of the client's TLS");
	a->tls = n > 0;
	if (a->tls && facts_get((struct span){ a->secret.facts, (size_t)n }, &a->facts))
		peer_die(a, "the facts of the client's TLS are malformed");
	if (a->tls)
		facts_text_of(&a->tls_text, &a->facts);
}

static void
method_set(struct attempt *a, const struct method *methods, uint8_t mechanism)
{
	a->mechanism = (enum mechanism)mechanism;
	a->method = &methods[mechanism];
	if (!(a->mechanisms & MECHANISM_BIT(mechanism)) || a->method->step == NULL)
		peer_die(a, "the attempt is by a mechanism that is not offered");
}

/* The first message: what the client proves, or begins to. */
static enum step
attempt_begin(struct attempt *a, const struct method *methods)
{
	struct verify v;
	struct auth s;

	if (verify_get(a->secret.in.data, &v) == 0) {
		method_set(a, methods, v.mechanism);
		judge_user(a, v.user);
		return a->method->step(a, true, v.proof);
	}
	if (auth_get(a->secret.in.data, &s) == 0) {
		method_set(a, methods, s.mechanism);
		return a->method->step(a, s.given, s.response);
	}
	peer_die(a, "the attempt is malformed");
}

/* Ask the client, through pop3d.  Returns its response's step, or -1 when there will be none. */
static int
attempt_go_on(struct attempt *a)
{
	struct span response;
	struct wr m;

	if (++a->stage > CHALLENGES_MAX)
		die_bug("a mechanism goes on for ever");
	challenge_put(&m, (struct span){ a->challenge, a->challenge_len });
	if (chan_put_now(FD_CTL, &m) || chan_get(FD_CTL, &a->secret.in, false) || cancel_get(a->secret.in.data) == 0)
		return -1;
	if (response_get(a->secret.in.data, &response))
		peer_die(a, "no response came to a challenge, but something else");
	return (int)a->method->step(a, true, response);
}

/* What this attempt was, for those that come after it.  A certificate is no guess. */
static void
attempt_count(struct attempt *a)
{
	static const bool is_guess[VERDICT__MAX] = {
		[VERDICT_PASSWORD] = true,  [VERDICT_NOUSER] = true,  [VERDICT_DISABLED] = true,
		[VERDICT_MECHANISM] = true, [VERDICT_NETWORK] = true,
	};

	if (a->user.len == 0)
		return;
	if (a->verdict == VERDICT_YES)
		gate_right(&a->gate, a->by ? a->by->label : span_of(""));
	else if (a->method->by && is_guess[a->verdict] && !a->counted)
		gate_wrong(&a->gate, span_of(""));
}

/* The verdict, with nothing secret left to lose. */
static void
attempt_finish(struct attempt *a)
{
	uint8_t verdict[VERDICT_BYTES];
	struct verified by = { (uint8_t)a->mechanism, (uint8_t)a->of, a->user, (uint8_t)a->tls_text.version };
	enum verdict v = a->verdict;
	bool yes = v == VERDICT_YES;

	attempt_count(a);
	verdict_put(verdict, &by);
	secret_wipe(&a->secret);
	by.user = (struct span){ verdict + 3, verdict[2] };
	if (a->left) {
		if (chan_get(FD_CTL, &a->secret.in, false))
			return;
		peer_die(a, "a message came before the last was answered");
	}
	if (yes && verdict_get((struct span){ verdict, sizeof verdict }, &by))
		die_bug("a verdict without a name");
	if (yes)
		yes_say(verdict);
	else
		no_say(a, by.user, v);
}

bool
attempt_is_by(const struct attempt *a, unsigned mechanisms)
{
	uint8_t head[2]; /* the type and the mechanism, in both messages that begin one */

	return chan_peek(FD_CTL, head, sizeof head) == sizeof head && (head[0] == MSG_VERIFY || head[0] == MSG_AUTH) &&
	       head[1] < MECH__MAX && a->mechanisms & mechanisms & MECHANISM_BIT(head[1]);
}

void
attempt_serve(struct attempt *a, const struct method *methods)
{
	int step;

	if (chan_get(FD_CTL, &a->secret.in, false))
		return;
	facts_read(a);
	step = (int)attempt_begin(a, methods);
	while (step == STEP_ASK)
		step = attempt_go_on(a);
	if (step == STEP_JUDGED)
		attempt_finish(a);
	secret_wipe(&a->secret);
}
