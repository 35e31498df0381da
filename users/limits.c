/* What authd counts and remembers, for an administrator to see and to clear. */
#define _GNU_SOURCE
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guess.h"
#include "moment.h"
#include "seen.h"
#include "tables.h"
#include "tell.h"
#include "verbs.h"

enum { GUESSES_DEFAULT = 10, GUESSES_MAX = 1000 };

/* Both tables, and how many guesses there may be. */
struct view {
	struct table guesses, logins;
	int guesses_fd, logins_fd;
	uint8_t server[USERDB_SERVER_BYTES];
	unsigned limit;
	uint64_t now;
};

static int
view_open(struct view *v, const char *data)
{
	const char *text = getenv("POP3_GUESSES");
	uint64_t limit = GUESSES_DEFAULT;
	struct timespec now;
	int r;

	v->guesses_fd = v->logins_fd = -1;
	if (text && (span_number(span_of(text), GUESSES_MAX, &limit)))
		return tell(EXIT_USAGE, "POP3_GUESSES must be a number from 0 to %d", GUESSES_MAX);
	v->limit = limit ? (unsigned)limit : 1;
	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	v->now = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	r = tables_open(data, "guesses", &v->guesses, v->server, &v->guesses_fd);
	return r ? r : tables_open(data, "logins", &v->logins, v->server, &v->logins_fd);
}

static void
view_close(struct view *v)
{
	if (v->guesses_fd >= 0)
		(void)close(v->guesses_fd); /* each change was written by itself */
	if (v->logins_fd >= 0)
		(void)close(v->logins_fd);
	sodium_memzero(v->server, sizeof v->server);
}

/* What a count says, or forget it.  Returns 0, or -1 if it cannot be forgotten. */
typedef int count_function(const struct guess *g, unsigned i, const char *what, uint64_t now);

static int
count_show(const struct guess *g, unsigned i, const char *what, uint64_t now)
{
	unsigned level = guess_level(g, i, now), limit = g->counts[i].limit;

	(void)printf("%s: %u of %u guesses%s\n", what, level, limit,
		     level >= limit      ? ", refused"
		     : level > limit / 2 ? ", delayed"
					 : ""); /* main looks at stdout */
	return 0;
}

static int
count_clear(const struct guess *g, unsigned i, const char *what, uint64_t now)
{
	(void)what;
	(void)now;
	return guess_clear(g, i);
}

/* Each count of an account: from anywhere, and from each address where the user is known. */
static int
account_each(const struct view *v, struct span user, count_function *f)
{
	struct guess g = { .count = 0 };
	char what[64];
	int r;

	guess_about(&g, &v->guesses, user, NULL, 0, v->limit);
	r = f(&g, 0, "from unknown addresses", v->now);
	for (unsigned i = 0; i < SEEN_KNOWN; i++) {
		uint32_t known = seen_known_nth(&v->logins, user, i);

		if (known == 0)
			continue;
		guess_about(&g, &v->guesses, user, NULL, known, v->limit);
		(void)snprintf(what, sizeof what, "from known address %u", i + 1); /* it fits */
		r |= f(&g, 0, what, v->now);
	}
	return r;
}

static int
address_each(const struct view *v, const struct address *a, count_function *f)
{
	static const char *const whats[] = { "account", "address block", "larger address block" };
	struct guess g = { .count = 0 };
	int r = 0;

	guess_about(&g, &v->guesses, span_of(""), a, 0, v->limit);
	for (unsigned i = 1; i < g.count && i < GUESS_COUNTS; i++)
		r |= f(&g, i, whats[i], v->now);
	return r;
}

/* NAME is an address or a user. */
static int
each(const struct request *r, count_function *f)
{
	struct view v = { .limit = 0 };
	struct address a = { { 0 } };
	int status = view_open(&v, r->data);

	if (status == 0 &&
	    (address_read(span_of(r->name), &a) == 0 ? address_each(&v, &a, f) : account_each(&v, span_of(r->name), f)))
		status = tell(EXIT_SYSTEM, "cannot write %s/guesses: %s", r->data, strerror(errno));
	view_close(&v);
	return status;
}

int
verb_guesses(const struct request *r)
{
	return each(r, count_show);
}

int
verb_unban(const struct request *r)
{
	return each(r, count_clear);
}

int
guess_gate(const char *data, const char *name, const char *wrong)
{
	struct view v = { .limit = 0 };
	struct guess g = { .count = 0 };
	int status = view_open(&v, data);

	if (status == 0) {
		guess_about(&g, &v.guesses, span_of(name), NULL, 0, v.limit);
		if (wrong)
			guess_wrong(&g, span_of(name), span_of(wrong), v.now);
		guess_look(&g, v.now);
		if (g.refused && wrong == NULL)
			status = tell(EXIT_ALREADY, "too many wrong passwords for this user; wait before the next");
	}
	view_close(&v);
	return status;
}

/* "2026-11-25T04:10:00Z from 192.0.2.1", or "never". */
static void
seen_print(const struct seen *s, const char *what)
{
	char time[MOMENT_TEXT_MAX], from[ADDRESS_TEXT_MAX] = "an address that is not known";

	if (s->time == 0) {
		(void)printf("last login%s: never\n", what); /* main looks at stdout */
		return;
	}
	moment_print(s->time / 1000, time);
	if (s->somewhere)
		address_print(&s->from, from);
	(void)printf("last login%s: %s from %s\n", what, time, from);
}

void
logins_show(const char *data, const struct user *u)
{
	struct table t;
	uint8_t server[USERDB_SERVER_BYTES];
	struct span label = { NULL, 0 };
	struct seen s;
	char what[USERDB_LABEL_MAX + 16];
	int fd;

	if (tables_open(data, "logins", &t, server, &fd) == 0) {
		s = seen_get(&t, u->name, NULL);
		seen_print(&s, "");
		for (size_t i = 0; i < u->further_count; i++) {
			struct span l = u->further[i].options.label;

			if (l.len == 0 || (l.len == label.len && memcmp(l.p, label.p, l.len) == 0))
				continue;
			label = l;
			s = seen_get(&t, u->name, &label);
			(void)snprintf(what, sizeof what, " by %.*s", (int)l.len, (const char *)l.p); /* it fits */
			seen_print(&s, what);
		}
	}
	if (fd >= 0)
		(void)close(fd); /* only read from */
	sodium_memzero(server, sizeof server);
}
