#include "commands.h"

#include <string.h>

#include "authorize.h"
#include "exchange.h"
#include "reply.h"
#include "transact.h"

enum { A = 1 << AUTHORIZATION, T = 1 << TRANSACTION };

enum argument {
	ARG_NONE,
	ARG_RAW,      /* everything after the one space, its spaces included; not empty */
	ARG_TEXT,     /* the same, without spaces at its end */
	ARG_ANY,      /* text or nothing */
	ARG_MESSAGE,  /* the number of a message that is not deleted */
	ARG_OPTIONAL, /* that or nothing */
	ARG_TOP,      /* that, and a number of lines */
};

struct command {
	const char *verb;
	unsigned states;
	enum argument argument;
	enum event (*run)(struct session *s, const struct request *r);
};

static const struct command commands[] = {
	{ "CAPA", A | T, ARG_NONE, do_capa },
	{ "USER", A, ARG_TEXT, do_user },
	{ "PASS", A, ARG_RAW, do_pass },
	{ "QUIT", A | T, ARG_NONE, do_quit },
	{ "STAT", T, ARG_NONE, do_stat },
	{ "LIST", T, ARG_OPTIONAL, do_list },
	{ "UIDL", T, ARG_OPTIONAL, do_uidl },
	{ "RETR", T, ARG_MESSAGE, do_retr },
	{ "TOP", T, ARG_TOP, do_top },
	{ "DELE", T, ARG_MESSAGE, do_dele },
	{ "NOOP", T, ARG_NONE, do_noop },
	{ "RSET", T, ARG_NONE, do_rset },
	/* What clients try without asking CAPA: an error, but no rudeness. */
	{ "AUTH", A | T, ARG_ANY, do_auth },
	{ "STLS", A | T, ARG_ANY, do_stls },
	{ "APOP", A | T, ARG_ANY, do_apop },
	{ "UTF8", A | T, ARG_ANY, do_unsupported },
	{ "LANG", A | T, ARG_ANY, do_unsupported },
};

int
command_split(struct span line, struct span *verb, struct span *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < line.len; i++)
		if (line.p[i] < 0x20 || line.p[i] == 0x7f)
			return -1;
	while (n < line.len && line.p[n] != ' ')
		n++;
	if (n < 3 || n > 4)
		return -1;
	*verb = (struct span){ line.p, n };
	*arg = n == line.len ? (struct span){ line.p + n, 0 } : (struct span){ line.p + n + 1, line.len - n - 1 };
	return 0;
}

static const struct command *
command_find(struct span verb)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (span_is_nocase(verb, commands[i].verb))
			return &commands[i];
	return NULL;
}

static enum event
wrong(struct session *s, const char *why)
{
	reply_err(s, why);
	return WRONG;
}

/* A message number that this maildrop has.  Says what it is not and returns DONE only when it may be used. */
static enum event
message_number(struct session *s, struct span text, uint32_t *out)
{
	uint64_t n;

	/* Every number is a number, however long: the bound is the count, in a wider type. */
	if (text.len == 0 || span_number(text, UINT64_MAX, &n)) {
		for (size_t i = 0; i < text.len; i++)
			if (text.p[i] < '0' || text.p[i] > '9')
				return wrong(s, "bad arguments");
		if (text.len == 0)
			return wrong(s, "bad arguments");
		n = 0;
	}
	if (n == 0 || n > s->count) {
		reply_err(s, "no such message");
		return REFUSED;
	}
	if (bit_is_set(&s->deleted, (uint32_t)n)) {
		reply_err(s, "message is deleted");
		return REFUSED;
	}
	*out = (uint32_t)n;
	return DONE;
}

/* "n lines" of TOP.  More lines than any number holds are all lines. */
static enum event
top_arguments(struct session *s, struct request *r)
{
	struct span rest = r->text, first, second;
	enum event e;

	if (!span_cut(&rest, ' ', &first) || !span_cut(&rest, ' ', &second) || rest.p || second.len == 0)
		return wrong(s, "bad arguments");
	for (size_t i = 0; i < second.len; i++)
		if (second.p[i] < '0' || second.p[i] > '9')
			return wrong(s, "bad arguments");
	e = message_number(s, first, &r->n);
	if (e == DONE && span_number(second, UINT64_MAX, &r->lines))
		r->lines = UINT64_MAX;
	return e;
}

static enum event
arguments_check(struct session *s, const struct command *c, struct request *r)
{
	if (c->argument != ARG_RAW)
		while (r->text.len && r->text.p[r->text.len - 1] == ' ')
			r->text.len--;
	switch (c->argument) {
	case ARG_NONE:
		return r->text.len ? wrong(s, "bad arguments") : DONE;
	case ARG_RAW:
	case ARG_TEXT:
		return r->text.len ? DONE : wrong(s, "bad arguments");
	case ARG_ANY:
		return DONE;
	case ARG_OPTIONAL:
		r->has_n = r->text.len > 0;
		return r->has_n ? message_number(s, r->text, &r->n) : DONE;
	case ARG_MESSAGE:
		return message_number(s, r->text, &r->n);
	case ARG_TOP:
		return top_arguments(s, r);
	}
	return wrong(s, "bad arguments");
}

enum event
command_run(struct session *s, struct span line)
{
	struct request r = { .text = line };
	const struct command *c;
	struct span verb;
	enum event e;

	/* PASS is good immediately after USER (RFC 1939 section 7), and after nothing else. */
	bool user_given = s->user_given;

	s->user_given = false;
	if (command_split(line, &verb, &r.text) || (c = command_find(verb)) == NULL)
		return wrong(s, "unknown command");
	if (!(c->states & 1U << s->state))
		return wrong(s, "not now");
	e = arguments_check(s, c, &r);
	if (e != DONE)
		return e;
	s->user_given = user_given && c->run == do_pass;
	return c->run(s, &r);
}
