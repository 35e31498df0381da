#define _DEFAULT_SOURCE
#include "login.h"

#include <string.h>

#include "base64.h"
#include "die.h"
#include "reply.h"

static enum event
login_refused(struct session *s, enum answer a)
{
	static const char *const texts[ANSWER__MAX] = {
		[ANSWER_NO] = "[AUTH] login failed",
		[ANSWER_LATER] = "[SYS/TEMP] login is not possible now, try again later",
		[ANSWER_PERMANENT] = "[SYS/PERM] login is not possible, tell the administrator",
		[ANSWER_IN_USE] = "[IN-USE] another session has the maildrop",
		[ANSWER_LIMITED] = "too many failed logins, wait before the next",
	};

	reply_err(s, texts[a]);
	/* After the others launch has become storage or ended: nobody could judge another proof. */
	return a == ANSWER_NO || a == ANSWER_LATER || a == ANSWER_LIMITED ? REFUSED : BROKEN;
}

static enum event
login_done(struct session *s, const struct ready *ready, int table)
{
	s->table = table;
	s->count = ready->count;
	s->octets = ready->octets;
	if (table < 0 || span_copy(ready->user, s->user, sizeof s->user))
		die_peer("storage is ready without a table or with a bad name");
	reply_ok(s, "logged in");
	return LOGGED_IN;
}

/* RFC 5034 section 4: the space is there even if nothing follows it. */
static enum event
challenge_send(struct session *s, struct span challenge)
{
	static uint8_t text[BASE64_LENGTH(CHALLENGE_MAX)];

	reply_text(s, "+ ");
	reply_span(s, (struct span){ text, base64_put(challenge, text) });
	reply_text(s, "\r\n");
	return ASKED;
}

enum event
login_go_on(struct session *s, struct wr *m)
{
	static struct chan_in in;
	struct answer_msg answer;
	struct ready ready;
	bool sent = chan_put(FD_CTL, m) == 0;

	explicit_bzero(m->b, m->len);
	if (!sent || chan_wait(FD_CTL, session_time_left(s)) == 0 || chan_get(FD_CTL, &in, true)) {
		login_fail(s);
		return BROKEN;
	}
	s->last_command = clock_ms();
	if (answer_get(in.data, &answer) == 0 && in.fd < 0)
		return answer.answer == ANSWER_GO_ON ? challenge_send(s, answer.challenge)
						     : login_refused(s, (enum answer)answer.answer);
	if (ready_get(in.data, &ready) == 0)
		return login_done(s, &ready, in.fd);
	die_peer("neither an answer nor ready came to a login");
}

enum event
login_ask(struct session *s, struct wr *m)
{
	s->attempts++;
	return login_go_on(s, m);
}

void
login_fail(struct session *s)
{
	(void)login_refused(s, ANSWER_LATER);
}
