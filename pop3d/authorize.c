#define _DEFAULT_SOURCE
#include "authorize.h"

#include <string.h>

#include "die.h"
#include "log.h"
#include "reply.h"

/* The same answer whoever asks: whether the password was right stays unknown (RFC 8314 section 4.2). */
static enum event
plain_refuse(struct session *s, struct span user)
{
	struct logline l;

	if (!s->refusal_logged) {
		log_start(&l, "fail");
		log_text(&l, "sid", s->sid);
		log_text(&l, "rip", s->rip);
		log_text(&l, "lip", s->lip);
		log_text(&l, "tls", "-");
		log_span(&l, "user", user);
		log_number(&l, "try", 0);
		log_text(&l, "reason", "notls");
		log_send(&l);
	}
	s->refusal_logged = true;
	reply_err(s, "plaintext login is not allowed here");
	return REFUSED;
}

/* RFC 2449 section 5: the same list before and after login. */
enum event
do_capa(struct session *s, const struct request *r)
{
	(void)r;
	reply_ok(s, "capabilities follow");
	reply_text(s, "TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\n");
	if (s->plain_allowed)
		reply_text(s, "USER\r\n");
	reply_text(s, "EXPIRE NEVER\r\nIMPLEMENTATION sallyport\r\n");
	reply_dot(s);
	return DONE;
}

/* Always +OK: whether there is such a user is told by nothing (RFC 1939 section 7 permits it). */
enum event
do_user(struct session *s, const struct request *r)
{
	if (!s->plain_allowed)
		return plain_refuse(s, r->text);
	if (span_copy(r->text, s->user, sizeof s->user)) {
		s->user[0] = '\0';
		reply_err(s, "bad arguments");
		return WRONG;
	}
	s->user_given = true;
	reply_ok(s, "send PASS");
	return DONE;
}

static enum event
login_refused(struct session *s, enum answer a)
{
	static const char *const texts[ANSWER__MAX] = {
		[ANSWER_NO] = "[AUTH] login failed",
		[ANSWER_LATER] = "[SYS/TEMP] login is not possible now, try again later",
		[ANSWER_PERMANENT] = "[SYS/PERM] login is not possible, tell the administrator",
		[ANSWER_IN_USE] = "[IN-USE] another session has the maildrop",
	};

	reply_err(s, texts[a]);
	/* After the last two launch has become storage or ended: nobody could judge another proof. */
	return a == ANSWER_NO || a == ANSWER_LATER ? REFUSED : BROKEN;
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

/* Send the proof and hear what came of it, from authd, launch or storage: whoever holds the other end. */
static enum event
login_ask(struct session *s, struct span proof)
{
	static struct wr m;
	static struct chan_in in;
	const struct verify v = { MECH_PASS, span_of(s->user), proof };
	struct answer_msg answer;
	struct ready ready;
	bool sent;

	verify_put(&m, &v);
	sent = chan_put(FD_CTL, &m) == 0;
	explicit_bzero(m.b, sizeof m.b);
	if (!sent || chan_wait(FD_CTL, session_time_left(s)) == 0 || chan_get(FD_CTL, &in, true)) {
		(void)login_refused(s, ANSWER_LATER);
		return BROKEN;
	}
	if (answer_get(in.data, &answer) == 0 && in.fd < 0)
		return login_refused(s, (enum answer)answer.answer);
	if (ready_get(in.data, &ready) == 0)
		return login_done(s, &ready, in.fd);
	die_peer("neither an answer nor ready came to a login");
}

enum event
do_pass(struct session *s, const struct request *r)
{
	enum event e;

	if (!s->plain_allowed)
		return plain_refuse(s, span_of(""));
	if (!s->user_given) {
		reply_err(s, "send USER first");
		return WRONG;
	}
	s->user_given = false;
	/* Replies to what was pipelined before must not wait while a password is judged. */
	if (reply_flush(s))
		return BROKEN;
	s->attempts++;
	e = login_ask(s, r->text);
	s->last_command = clock_ms();
	return e;
}

/* "AUTH" and "AUTH " ask for a list (RFC 1734's clients, Outlook): it is empty. */
enum event
do_auth(struct session *s, const struct request *r)
{
	if (r->text.len) {
		reply_err(s, "mechanism is not supported");
		return REFUSED;
	}
	reply_ok(s, "mechanisms follow");
	reply_dot(s);
	return DONE;
}

enum event
do_unsupported(struct session *s, const struct request *r)
{
	(void)r;
	reply_err(s, "not supported");
	return REFUSED;
}
