#include "authorize.h"

#include "log.h"
#include "login.h"
#include "reply.h"

enum event
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

/* RFC 5034 section 3: the same list before and after login. */
static void
sasl_announce(struct session *s)
{
	if (!(s->mechanisms & MECHANISMS_SASL))
		return;
	reply_text(s, "SASL");
	for (unsigned m = MECH_PLAIN; m < MECH__MAX; m++)
		if (mechanism_allowed(s, (enum mechanism)m)) {
			reply_text(s, " ");
			reply_upper(s, mechanism_name((enum mechanism)m));
		}
	reply_text(s, "\r\n");
}

/* RFC 2449 section 5: the same list before and after login, but for STLS (RFC 2595 section 4). */
enum event
do_capa(struct session *s, const struct request *r)
{
	(void)r;
	reply_ok(s, "capabilities follow");
	reply_text(s, "TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\n");
	if (mechanism_allowed(s, MECH_PASS))
		reply_text(s, "USER\r\n");
	sasl_announce(s);
	if (s->way == WAY_STLS && s->state == AUTHORIZATION)
		reply_text(s, "STLS\r\n");
	reply_text(s, "EXPIRE NEVER\r\nIMPLEMENTATION sallyport\r\n");
	reply_dot(s);
	return DONE;
}

/* Always +OK: whether there is such a user is told by nothing (RFC 1939 section 7 permits it). */
enum event
do_user(struct session *s, const struct request *r)
{
	if (!mechanism_allowed(s, MECH_PASS))
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

enum event
do_pass(struct session *s, const struct request *r)
{
	static struct wr m;

	if (!mechanism_allowed(s, MECH_PASS))
		return plain_refuse(s, span_of(""));
	if (!s->user_given) {
		reply_err(s, "send USER first");
		return WRONG;
	}
	s->user_given = false;
	/* Replies to what was pipelined before must not wait while a password is judged. */
	if (reply_flush(s))
		return BROKEN;
	verify_put(&m, &(struct verify){ MECH_PASS, span_of(s->user), r->text });
	return login_ask(s, &m);
}

/* RFC 2595 section 4.  After this reply nothing is read: what comes next is TLS, and not for us. */
enum event
do_stls(struct session *s, const struct request *r)
{
	if (s->way != WAY_STLS)
		return do_unsupported(s, r);
	if (s->state != AUTHORIZATION) {
		reply_err(s, "not now");
		return REFUSED;
	}
	if (r->text.len) {
		reply_err(s, "bad arguments");
		return WRONG;
	}
	reply_ok(s, "begin TLS");
	return reply_flush(s) ? BROKEN : TO_TLS;
}

/* "NAME DIGEST" (RFC 1939 section 7); a name may have spaces. */
enum event
do_apop(struct session *s, const struct request *r)
{
	static struct wr m;
	size_t at = r->text.len;

	if (!mechanism_allowed(s, MECH_APOP))
		return do_unsupported(s, r);
	if (s->state != AUTHORIZATION) {
		reply_err(s, "not now");
		return REFUSED;
	}
	while (at && r->text.p[at - 1] != ' ')
		at--;
	if (at < 2 || at == r->text.len || at - 1 > USER_MAX) {
		reply_err(s, "bad arguments");
		return WRONG;
	}
	if (reply_flush(s))
		return BROKEN;
	verify_put(&m, &(struct verify){ MECH_APOP, { r->text.p, at - 1 }, { r->text.p + at, r->text.len - at } });
	return login_ask(s, &m);
}

enum event
do_unsupported(struct session *s, const struct request *r)
{
	(void)r;
	reply_err(s, "not supported");
	return REFUSED;
}
