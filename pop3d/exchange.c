#define _DEFAULT_SOURCE
#include "exchange.h"

#include <string.h>

#include "authorize.h"
#include "base64.h"
#include "login.h"
#include "reply.h"

static struct wr message;
static uint8_t decoded[RESPONSE_MAX];

/* "AUTH" and "AUTH " ask for a list (RFC 1734's clients, Outlook). */
static enum event
mechanisms_list(struct session *s)
{
	reply_ok(s, "mechanisms follow");
	for (unsigned m = MECH_PLAIN; m < MECH__MAX; m++)
		if (mechanism_allowed(s, (enum mechanism)m)) {
			reply_upper(s, mechanism_name((enum mechanism)m));
			reply_text(s, "\r\n");
		}
	reply_dot(s);
	return DONE;
}

static enum event
mechanism_refuse(struct session *s, enum mechanism m)
{
	if ((m == MECH_PLAIN || m == MECH_LOGIN) && !mechanism_allowed(s, MECH_PASS))
		return plain_refuse(s, span_of(""));
	reply_err(s, "mechanism is not supported");
	return REFUSED;
}

/* "=" is a response of no octets, which is not the same as none (RFC 5034 section 4). */
static int
initial_get(struct span text, struct auth *a)
{
	size_t len = 0;

	a->given = text.p != NULL;
	if (a->given && !(text.len == 1 && text.p[0] == '=') &&
	    (text.len == 0 || base64_get(text, decoded, sizeof decoded, &len)))
		return -1;
	a->response = (struct span){ decoded, len };
	return 0;
}

enum event
do_auth(struct session *s, const struct request *r)
{
	struct span rest = r->text, name;
	enum mechanism m;
	struct auth a;
	enum event e;

	if (rest.len == 0)
		return mechanisms_list(s);
	(void)span_cut(&rest, ' ', &name); /* there is always a first piece */
	m = mechanism_find(name);
	if (s->state != AUTHORIZATION) {
		reply_err(s, "not now");
		return REFUSED;
	}
	if (m == MECH__MAX || !mechanism_allowed(s, m))
		return mechanism_refuse(s, m);
	a.mechanism = (uint8_t)m;
	if (initial_get(rest, &a)) {
		reply_err(s, "bad base64");
		return WRONG;
	}
	/* Replies to what was pipelined before must not wait while a password is judged. */
	if (reply_flush(s))
		return BROKEN;
	auth_put(&message, &a);
	explicit_bzero(decoded, a.response.len);
	s->exchange_end = clock_ms() + (int64_t)s->exchange * 1000;
	e = login_ask(s, &message);
	return e;
}

/* authd hears that there will be no response, and ends; what it would answer nobody needs. */
static enum event
cancel(struct session *s, const char *why, enum event e)
{
	cancel_put(&message);
	if (chan_put(FD_CTL, &message)) {
		login_fail(s);
		return BROKEN;
	}
	reply_err(s, why);
	return e;
}

enum event
exchange_line(struct session *s, enum line_result got, struct span line)
{
	size_t len;

	if (got == LINE_TOO_LONG)
		return cancel(s, "line too long", WRONG);
	if (line.len == 1 && line.p[0] == '*')
		return cancel(s, "login cancelled", REFUSED);
	if (base64_get(line, decoded, sizeof decoded, &len))
		return cancel(s, "bad base64", WRONG);
	if (reply_flush(s))
		return BROKEN;
	response_put(&message, (struct span){ decoded, len });
	explicit_bzero(decoded, len);
	return login_go_on(s, &message);
}

int
exchange_time_left(const struct session *s)
{
	int64_t left = s->exchange_end - clock_ms();

	return left > 0 ? (int)left : 0;
}

enum event
exchange_late(struct session *s)
{
	return cancel(s, "no response came in time", REFUSED);
}

void
exchange_fail(struct session *s)
{
	login_fail(s);
}
