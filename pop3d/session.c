#define _GNU_SOURCE
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "die.h"
#include "exchange.h"
#include "log.h"
#include "reply.h"
#include "transact.h"

/* What each event does to the session: the only place the state changes. */
/* clang-format off */
static const enum state next[STATE__MAX][EVENT__MAX] = {
	/*                   DONE           REFUSED        WRONG          ASKED     LOGGED_IN    LEAVE   TO_TLS  BROKEN */
	[AUTHORIZATION] = { AUTHORIZATION, AUTHORIZATION, AUTHORIZATION, EXCHANGE, TRANSACTION, CLOSED, CLOSED, CLOSED },
	[EXCHANGE] =      { CLOSED,        AUTHORIZATION, AUTHORIZATION, EXCHANGE, TRANSACTION, CLOSED, CLOSED, CLOSED },
	[TRANSACTION] =   { TRANSACTION,   TRANSACTION,   TRANSACTION,   CLOSED,   CLOSED,      UPDATE, CLOSED, CLOSED },
	[UPDATE] =        { CLOSED,        CLOSED,        CLOSED,        CLOSED,   CLOSED,      CLOSED, CLOSED, CLOSED },
	[CLOSED] =        { CLOSED,        CLOSED,        CLOSED,        CLOSED,   CLOSED,      CLOSED, CLOSED, CLOSED },
};
/* clang-format on */

int64_t
clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int
session_time_left(const struct session *s)
{
	int64_t now = clock_ms();
	int64_t idle = s->last_command + (int64_t)s->idle * 1000 - now;
	int64_t whole = s->started + (int64_t)s->limit * 1000 - now;
	int64_t left = idle < whole ? idle : whole;

	return left > 0 ? (int)left : 0;
}

bool
mechanism_allowed(const struct session *s, enum mechanism m)
{
	return s->mechanisms & MECHANISM_BIT(m);
}

bool
bit_is_set(const struct bitmap *m, uint32_t n)
{
	return m->b[(n - 1) / 8] >> (n - 1) % 8 & 1;
}

void
bit_set(struct bitmap *m, uint32_t n)
{
	if (!bit_is_set(m, n)) {
		m->b[(n - 1) / 8] |= (uint8_t)(1 << (n - 1) % 8);
		m->set++;
	}
}

static void
session_advance(struct session *s, enum event e, enum ending if_closed)
{
	if (s->state != CLOSED && (s->state = next[s->state][e]) == CLOSED)
		s->ending = if_closed;
}

static void
wrong_count(struct session *s)
{
	unsigned most = s->state == TRANSACTION ? WRONG_AFTER : WRONG_BEFORE;

	if (++s->wrong >= most)
		session_advance(s, BROKEN, END_LIMIT);
}

/* What one line, or its coming too late, did to the session. */
static void
event_take(struct session *s, enum event e)
{
	session_advance(s, e, e == LEAVE ? END_QUIT : e == TO_TLS ? END_STLS : END_ERROR);
	if (e == WRONG)
		wrong_count(s);
	if (e == LOGGED_IN)
		s->wrong = 0;
	if (s->state == AUTHORIZATION && s->attempts >= s->tries)
		session_advance(s, BROKEN, END_LIMIT);
	if (s->state == UPDATE) {
		e = update_commit(s);
		session_advance(s, e, e == BROKEN ? END_ERROR : END_QUIT);
	}
}

/* A token has some thousand octets, and clients send it with AUTH. */
static size_t
line_limit(const struct session *s)
{
	bool tokens = s->mechanisms & MECHANISMS_OF_TOKENS && line_begins(&s->line, "AUTH ");

	return s->state == EXCHANGE || (s->state == AUTHORIZATION && tokens) ? LINE_RESPONSE : LINE_MAX_OCTETS;
}

static void
line_obey(struct session *s, enum line_result got, struct span line)
{
	enum event e;

	s->last_command = clock_ms();
	if (s->state == EXCHANGE) {
		e = exchange_line(s, got, line);
	} else if (got == LINE_TOO_LONG) {
		reply_err(s, "line too long");
		e = WRONG;
	} else {
		e = command_run(s, line);
	}
	/* A password must not stay in this room's memory longer than it must. */
	if (line.len)
		explicit_bzero((uint8_t *)(uintptr_t)line.p, line.len);
	event_take(s, e);
}

/* tlsd's own octet, before the client's: is this a TLS that something can be bound to?  n is at least 1; returns how many
 * octets are the client's. */
static size_t
mark_take(struct session *s, uint8_t *read, size_t n)
{
	if (!s->mark_due)
		return n;
	s->mark_due = false;
	if (read[0] != MARK_EXPORTER)
		s->mechanisms &= ~(unsigned)MECHANISMS_BOUND;
	memmove(read, read + 1, n - 1);
	return n - 1;
}

/* Wait until the client has sent more; false when it will not, or when the room at the other end of ctl left. */
static bool
client_read(struct session *s)
{
	struct pollfd p[2] = { { FD_IN, POLLIN, 0 }, { FD_CTL, POLLIN, 0 } };
	bool hurry = s->state == EXCHANGE && exchange_time_left(s) < session_time_left(s);
	int left = hurry ? exchange_time_left(s) : session_time_left(s);
	struct timespec limit = { left / 1000, (long)(left % 1000) * 1000000 };
	size_t room;
	uint8_t *to;
	ssize_t n;
	int ready;

	ready = ppoll(p, 2, &limit, NULL);
	if (ready < 0 && errno == EINTR)
		return true;
	if (ready < 0)
		die_sys("cannot wait for the client");
	if (ready == 0 && hurry) {
		event_take(s, exchange_late(s));
		return true;
	}
	if (ready == 0) {
		session_advance(s, BROKEN, END_TIMEOUT);
		return false;
	}
	if (p[1].revents) {
		if (s->state == EXCHANGE)
			exchange_fail(s);
		session_advance(s, BROKEN, END_ERROR);
		return false;
	}
	to = line_room(&s->line, &room);
	n = read(FD_IN, to, room);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0) {
		session_advance(s, BROKEN, END_NOQUIT);
		return false;
	}
	room = mark_take(s, to, (size_t)n);
	s->in += room;
	line_add(&s->line, room);
	return true;
}

static void
end_log(const struct session *s)
{
	static const char *const words[] = { "noquit", "quit", "timeout", "limit", "error" };
	struct logline l;

	log_start(&l, "end");
	log_text(&l, "sid", s->sid);
	log_text(&l, "rip", s->rip);
	log_text(&l, "user", s->user);
	log_text(&l, "end", words[s->ending]);
	log_number(&l, "secs", (uint64_t)(clock_ms() - s->started) / 1000);
	log_pair(&l, "top", s->top.messages, s->top.octets);
	log_pair(&l, "retr", s->retr.messages, s->retr.octets);
	log_pair(&l, "del", s->outcome.removed, s->deleted.set);
	log_number(&l, "in", s->in);
	log_number(&l, "out", s->out);
	log_send(&l);
}

int
session_serve(struct session *s)
{
	enum line_result got;
	struct span line;

	s->started = s->last_command = clock_ms();
	if (s->way != WAY_TLS_BEGUN && s->way != WAY_BEGUN)
		reply_greeting(s);
	while (s->state != CLOSED) {
		line = (struct span){ NULL, 0 };
		got = line_next(&s->line, line_limit(s), &line);
		if (got != LINE_NONE) {
			line_obey(s, got, line);
			continue;
		}
		/* Nothing waits in a buffer while the client waits. */
		if (reply_flush(s) || !client_read(s))
			session_advance(s, BROKEN, END_NOQUIT);
	}
	/* What else was read ends here; what was not is for TLS. */
	if (s->ending == END_STLS)
		return EXIT_STLS;
	if (s->ending != END_TIMEOUT)
		(void)reply_flush(s); /* a client that does not read its last reply loses nothing else */
	if (s->ending != END_TIMEOUT && s->ending != END_NOQUIT)
		reply_linger();
	/* A handshake that failed has its own line: on a port of TLS, a session in which nothing was said has none. */
	if (s->in || s->way != WAY_TLS)
		end_log(s);
	return 0;
}
