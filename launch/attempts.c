/* The attempts of one session to log in: wait, let authd judge, look up what its verdict means. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "launch.h"
#include "log.h"
#include "sandbox.h"

enum { WAIT_SLACK = 120 }; /* seconds that pop3d has after its own limit */

/* False: pop3d has gone. */
static bool
pop3d_wait(const struct launch *s)
{
	struct pollfd p = { s->ctl, POLLIN, 0 };
	struct timespec limit = { s->config.session + WAIT_SLACK, 0 };
	int n;

	do
		n = ppoll(&p, 1, &limit, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		die_sys("cannot wait");
	if (n == 0)
		die_peer("pop3d did not end in its time");
	return !(p.revents & (POLLHUP | POLLERR));
}

void
request_wait(struct launch *s, unsigned left)
{
	while (!pop3d_wait(s)) {
		int status = room_reap(s, s->pop3d, "pop3d");

		s->pop3d = 0;
		/* Once, before the login: then nothing is parked any more.  Whatever that pop3d asked for last is not
		 * judged: it was asked in the clear. */
		if (s->later_pop3d == 0 || left == 0 || !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_STLS)
			rooms_wait(s);
		tls_begin(s, left);
	}
}

/* The verified user's record is refused: tell the log why, the client only that an administrator is needed. */
static void
identity_refuse(const struct launch *s, const struct verified *v, unsigned try, const char *why)
{
	static struct wr m;
	struct logline l;

	log_start(&l, "fail");
	log_text(&l, "sid", s->sid);
	log_text(&l, "rip", s->peer.remote);
	log_text(&l, "lip", s->peer.local);
	log_text(&l, "tls", tls_version_name((uint16_t)(0x0300 | v->tls)));
	log_span(&l, "user", v->user);
	log_number(&l, "try", try);
	log_text(&l, "reason", "permission");
	log_send(&l);
	warn("login refused: %s", why);
	answer_put(&m, ANSWER_PERMANENT);
	(void)chan_put_now(s->ctl, &m); /* a pop3d that has gone needs no answer */
}

/* Serve login attempts until one succeeds, pop3d leaves, or there were too many: that limit is ours, so that it
 * holds against a pop3d that has been taken over. */
void
attempts_serve(struct launch *s)
{
	static struct identity id;
	uint8_t verdict[VERDICT_BYTES];

	for (unsigned try = 1; try <= s->config.tries; try++) {
		struct verified v;
		const char *refused;
		size_t got;

		request_wait(s, s->config.tries - try + 1);
		got = authd_ask(s, try, verdict);
		if (got == 0)
			continue;
		if (verdict_get((struct span){ verdict, got }, &v))
			die_peer("authd's verdict is malformed");
		refused = user_identify(s, &v, &id);
		if (refused == NULL)
			storage_become(s, &v, &id);
		identity_refuse(s, &v, try, refused);
		break;
	}
	request_wait(s, 0);
	die_peer("pop3d asked again after its last attempt");
}
