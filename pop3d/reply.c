#define _GNU_SOURCE
#include "reply.h"

#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "die.h"

/* Wait until the client reads.  False when it went or the session's time is over. */
static bool
client_takes(struct session *s)
{
	struct pollfd p = { FD_OUT, POLLOUT, 0 };
	int left = session_time_left(s);
	struct timespec limit = { left / 1000, (long)(left % 1000) * 1000000 };
	int n = ppoll(&p, 1, &limit, NULL);

	if (n < 0 && errno != EINTR)
		die_sys("cannot wait for the client");
	return n != 0;
}

int
reply_flush(struct session *s)
{
	size_t done = 0, whole = s->waiting;

	s->waiting = 0;
	if (s->gone)
		return -1;
	s->gone = true;
	while (done < whole) {
		ssize_t n = write(FD_OUT, s->reply + done, whole - done);

		if (n > 0) {
			done += (size_t)n;
			s->out += (uint64_t)n;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return -1;
		} else if (!client_takes(s)) {
			return -1;
		}
		/* A client that reads is not idle. */
		if (done < whole)
			s->last_command = clock_ms();
	}
	s->gone = false;
	return 0;
}

uint8_t *
reply_room(struct session *s, size_t n)
{
	if (sizeof s->reply - s->waiting < n && reply_flush(s))
		return NULL;
	return s->reply + s->waiting;
}

void
reply_added(struct session *s, size_t n)
{
	s->waiting += n;
}

/* A client that has gone is noticed at the next flush; until then its replies go nowhere. */
void
reply_span(struct session *s, struct span bytes)
{
	uint8_t *to = reply_room(s, bytes.len);

	if (to && bytes.len) {
		memcpy(to, bytes.p, bytes.len);
		reply_added(s, bytes.len);
	}
}

void
reply_text(struct session *s, const char *text)
{
	reply_span(s, span_of(text));
}

void
reply_upper(struct session *s, const char *text)
{
	for (; *text; text++) {
		uint8_t c = (uint8_t)(*text >= 'a' && *text <= 'z' ? *text - 0x20 : *text);

		reply_span(s, (struct span){ &c, 1 });
	}
}

void
reply_number(struct session *s, uint64_t n)
{
	uint8_t digits[20];
	size_t at = sizeof digits;

	do
		digits[--at] = (uint8_t)('0' + n % 10);
	while (n /= 10);
	reply_span(s, (struct span){ digits + at, sizeof digits - at });
}

void
reply_ok(struct session *s, const char *text)
{
	reply_text(s, *text ? "+OK " : "+OK");
	reply_text(s, text);
	reply_text(s, "\r\n");
}

void
reply_err(struct session *s, const char *text)
{
	reply_text(s, "-ERR ");
	reply_text(s, text);
	reply_text(s, "\r\n");
}

void
reply_dot(struct session *s)
{
	reply_text(s, ".\r\n");
}

void
reply_greeting(struct session *s)
{
	bool stamp = mechanism_allowed(s, MECH_APOP);

	reply_text(s, "+OK ");
	if (strcmp(s->host, "-") != 0 && !stamp) {
		reply_text(s, s->host);
		reply_text(s, " ");
	}
	reply_text(s, "POP3 ready");
	/* The host is in it, and its name twice would not fit 512 octets.  Nothing else has angle brackets. */
	if (stamp) {
		reply_text(s, " ");
		reply_text(s, s->stamp);
	}
	reply_text(s, "\r\n");
}

int
reply_drain(struct session *s)
{
	struct timespec pause = { 0, 1000000 };
	int owed, before = INT_MAX;

	for (;;) {
		struct pollfd p = { FD_OUT, 0, 0 };

		/* Not a socket: whoever stands between us and the network has taken all of it. */
		if (ioctl(FD_OUT, SIOCOUTQ, &owed) || owed == 0)
			return 0;
		if (owed < before)
			s->last_command = clock_ms(); /* slow is not idle */
		before = owed;
		if (session_time_left(s) == 0)
			return -1;
		if (ppoll(&p, 1, &pause, NULL) > 0)
			return -1; /* nothing was asked for: it is an error or a hang-up */
		if (pause.tv_nsec < 128000000)
			pause.tv_nsec *= 2;
	}
}

void
reply_linger(void)
{
	uint8_t away[4096];

	for (int i = 0; i < 16 && read(FD_IN, away, sizeof away) > 0; i++)
		;
}
