#define _GNU_SOURCE
#include "gate.h"

#include <poll.h>
#include <time.h>

static uint64_t
milliseconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static enum gate_result
pause_take(unsigned ms, int ctl)
{
	struct pollfd p = { ctl, POLLIN, 0 };
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	return ms && ppoll(&p, 1, &t, NULL) > 0 ? GATE_LEFT : GATE_OPEN;
}

enum gate_result
gate_enter(struct gate *g, const struct secret *s, struct span user, const struct address *from, unsigned limit,
	   int ctl)
{
	uint32_t known = 0;

	g->user = user;
	g->from = from;
	g->counts = limit && table_open(&g->guesses, FD_GUESSES, s->server) == 0;
	g->remembers = table_open(&g->logins, FD_LOGINS, s->server) == 0;
	if (!g->counts)
		return GATE_OPEN;
	if (g->remembers && from)
		known = seen_known(&g->logins, user, from);
	guess_about(&g->guess, &g->guesses, user, from, known, limit);
	if (!gate_is_open(g))
		return GATE_REFUSED;
	return pause_take(g->guess.delay_ms, ctl);
}

bool
gate_is_open(struct gate *g)
{
	if (g->counts)
		guess_look(&g->guess, milliseconds());
	return !g->counts || !g->guess.refused;
}

void
gate_right(const struct gate *g, struct span label)
{
	if (g->remembers)
		seen_put(&g->logins, g->user, label, g->from, milliseconds());
}

void
gate_wrong(const struct gate *g, struct span password)
{
	if (g->counts)
		guess_wrong(&g->guess, g->user, password, milliseconds());
}
