#include "guess.h"

#include <sodium.h>
#include <string.h>

enum {
	BLOCK_FOUR = 128, /* one address */
	BLOCK_SIX = 64,
	BLOCK_LARGE = 48,
	WRONG_MAX = 8, /* short hashes of wrong passwords that an account's record has */
};

/* The rest of an account's record: u8 where the next goes, then WRONG_MAX short hashes of two octets. */

static void
count_add(struct guess *g, const char *word, struct span a, struct span b, uint64_t period, unsigned limit)
{
	struct guess_count *c = &g->counts[g->count++];

	table_tag(g->table, word, a, b, c->tag);
	c->period = period;
	c->limit = limit;
}

/* Everybody behind a proxy of this machine comes from its loopback: that is no address to hold against anyone. */
static bool
is_loopback(const struct address *a)
{
	static const uint8_t six[ADDRESS_BYTES] = { [15] = 1 };

	return (address_is_four(a) && a->b[12] == 127) || memcmp(a->b, six, sizeof six) == 0;
}

void
guess_about(struct guess *g, const struct table *t, struct span user, const struct address *from, uint32_t known,
	    unsigned limit)
{
	struct span here = { (const uint8_t *)&known, sizeof known }, nowhere = { NULL, 0 };
	struct network block;

	memset(g, 0, sizeof *g);
	g->table = t;
	count_add(g, "account", user, known ? here : nowhere, GUESS_PERIOD_ACCOUNT, limit);
	/* An owner at a known address answers for himself alone, not for his neighbours. */
	if (known || from == NULL || is_loopback(from))
		return;
	block = address_block(from, address_is_four(from) ? BLOCK_FOUR : BLOCK_SIX);
	count_add(g, "block", (struct span){ block.a.b, sizeof block.a.b }, nowhere, GUESS_PERIOD_BLOCK,
		  limit * GUESS_BLOCK_FACTOR);
	if (address_is_four(from))
		return;
	block = address_block(from, BLOCK_LARGE);
	count_add(g, "large", (struct span){ block.a.b, sizeof block.a.b }, nowhere, GUESS_PERIOD_LARGE,
		  limit * GUESS_LARGE_FACTOR);
}

/* What is left of a count.  A clock that was set back must not keep anyone out for ever. */
static uint64_t
debt_of(const struct guess_count *c, uint64_t time, uint64_t now)
{
	uint64_t debt = time > now ? time - now : 0, most = c->period * c->limit * GUESS_DEBT_FACTOR;

	return debt < most ? debt : most;
}

static uint16_t
short_hash(const struct table *t, struct span user, struct span password)
{
	uint8_t tag[TABLE_TAG];
	uint16_t hash;

	table_tag(t, "wrong", user, password, tag);
	hash = (uint16_t)(tag[0] << 8 | tag[1]);
	sodium_memzero(tag, sizeof tag);
	return hash ? hash : 1;
}

static uint16_t
wrong_get(const uint8_t rest[TABLE_REST], size_t i)
{
	return (uint16_t)(rest[1 + 2 * i] << 8 | rest[2 + 2 * i]);
}

static void
wrong_put(uint8_t rest[TABLE_REST], size_t i, uint16_t hash)
{
	rest[1 + 2 * i] = (uint8_t)(hash >> 8);
	rest[2 + 2 * i] = (uint8_t)hash;
}

static void
look(struct guess *g, const struct guess_count *c, uint64_t debt)
{
	uint64_t level = (debt + c->period - 1) / c->period, free = c->limit / 2;
	unsigned delay = 0;

	/* Whoever waits until a part of a guess has faded is let in when that guess has: not by halves. */
	if (debt > c->period * (c->limit - 1))
		g->refused = true;
	if (level >= free)
		delay = level - free < 3 ? 1000U << (level - free) : GUESS_DELAY_MAX_MS;
	if (delay > g->delay_ms)
		g->delay_ms = delay;
}

void
guess_look(struct guess *g, uint64_t now_ms)
{
	g->delay_ms = 0;
	g->refused = false;
	for (unsigned i = 0; i < g->count; i++) {
		struct record_of_table r;

		memcpy(r.tag, g->counts[i].tag, sizeof r.tag);
		if (table_get(g->table, &r) > 0)
			look(g, &g->counts[i], debt_of(&g->counts[i], r.time, now_ms));
	}
}

/* What one change needs to know. */
struct step {
	const struct guess_count *c;
	uint64_t now;
	uint16_t wrong; /* a short hash of the password; 0 for none */
	bool known;     /* it is in the record */
};

static bool
charge(struct record_of_table *r, void *with)
{
	struct step *s = with;

	for (size_t i = 0; s->wrong && i < WRONG_MAX; i++)
		if (wrong_get(r->rest, i) == s->wrong)
			s->known = true;
	if (s->known)
		return false;
	r->time = s->now + debt_of(s->c, r->time, s->now) + s->c->period;
	if (s->wrong) {
		wrong_put(r->rest, r->rest[0] % WRONG_MAX, s->wrong);
		r->rest[0] = (uint8_t)((r->rest[0] + 1) % WRONG_MAX);
	}
	return true;
}

void
guess_wrong(const struct guess *g, struct span user, struct span password, uint64_t now_ms)
{
	struct step s = { .now = now_ms };

	s.wrong = password.len ? short_hash(g->table, user, password) : 0;
	for (unsigned i = 0; i < g->count && !s.known; i++, s.wrong = 0) {
		s.c = &g->counts[i];
		/* What cannot be written is not counted: a full disk keeps nobody out. */
		(void)table_change(g->table, s.c->tag, charge, &s);
	}
}

unsigned
guess_level(const struct guess *g, unsigned i, uint64_t now_ms)
{
	const struct guess_count *c = &g->counts[i];
	struct record_of_table r;

	memcpy(r.tag, c->tag, sizeof r.tag);
	if (table_get(g->table, &r) <= 0)
		return 0;
	return (unsigned)((debt_of(c, r.time, now_ms) + c->period - 1) / c->period);
}

static bool
clear(struct record_of_table *r, void *with)
{
	(void)with;
	if (r->time == 0)
		return false;
	r->time = 0;
	memset(r->rest, 0, sizeof r->rest);
	return true;
}

int
guess_clear(const struct guess *g, unsigned i)
{
	return table_change(g->table, g->counts[i].tag, clear, NULL);
}
