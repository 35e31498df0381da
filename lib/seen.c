#include "seen.h"

#include <string.h>

enum { BLOCK_FOUR = 128, BLOCK_SIX = 64, KNOWN_AT = ADDRESS_BYTES };

/* The rest of a record: 16 octets of the address (zeros: not known).  In a user's own record the names of the blocks
 * that he is known at follow, four octets each, the latest first. */

static const uint8_t nowhere[ADDRESS_BYTES];

static uint32_t
name_of(const struct table *t, struct span user, const struct address *from)
{
	struct network block = address_block(from, address_is_four(from) ? BLOCK_FOUR : BLOCK_SIX);
	uint8_t tag[TABLE_TAG];
	uint32_t name;

	table_tag(t, "known", user, (struct span){ block.a.b, sizeof block.a.b }, tag);
	memcpy(&name, tag, sizeof name);
	return name ? name : 1;
}

static uint32_t
known_get(const uint8_t rest[TABLE_REST], size_t i)
{
	uint32_t name;

	memcpy(&name, rest + KNOWN_AT + i * sizeof name, sizeof name);
	return name;
}

static void
tag_of(const struct table *t, struct span user, const struct span *label, uint8_t tag[TABLE_TAG])
{
	table_tag(t, label ? "seen-by" : "seen", user, label ? *label : (struct span){ NULL, 0 }, tag);
}

uint32_t
seen_known_nth(const struct table *t, struct span user, unsigned i)
{
	struct record_of_table r;

	tag_of(t, user, NULL, r.tag);
	return table_get(t, &r) > 0 ? known_get(r.rest, i) : 0;
}

uint32_t
seen_known(const struct table *t, struct span user, const struct address *from)
{
	uint32_t name = name_of(t, user, from);
	struct record_of_table r;

	tag_of(t, user, NULL, r.tag);
	if (table_get(t, &r) <= 0)
		return 0;
	for (size_t i = 0; i < SEEN_KNOWN; i++)
		if (known_get(r.rest, i) == name)
			return name;
	return 0;
}

struct login {
	uint64_t now;
	const struct address *from;
	uint32_t name; /* 0: not for this record */
};

/* The name moves to the front; the last one falls off unless it was that one. */
static void
known_put(uint8_t rest[TABLE_REST], uint32_t name)
{
	uint8_t *names = rest + KNOWN_AT;
	size_t i = 0;

	while (i < SEEN_KNOWN - 1 && known_get(rest, i) != name)
		i++;
	memmove(names + sizeof name, names, i * sizeof name);
	memcpy(names, &name, sizeof name);
}

static bool
login_put(struct record_of_table *r, void *with)
{
	const struct login *l = with;

	r->time = l->now;
	memcpy(r->rest, l->from ? l->from->b : nowhere, ADDRESS_BYTES);
	if (l->name)
		known_put(r->rest, l->name);
	return true;
}

void
seen_put(const struct table *t, struct span user, struct span label, const struct address *from, uint64_t now_ms)
{
	struct login l = { now_ms, from, 0 };
	uint8_t tag[TABLE_TAG];

	if (label.len) {
		tag_of(t, user, &label, tag);
		(void)table_change(t, tag, login_put, &l);
	}
	l.name = from ? name_of(t, user, from) : 0;
	tag_of(t, user, NULL, tag);
	(void)table_change(t, tag, login_put, &l);
}

struct seen
seen_get(const struct table *t, struct span user, const struct span *label)
{
	struct record_of_table r;
	struct seen s = { 0, false, { { 0 } } };

	tag_of(t, user, label, r.tag);
	if (table_get(t, &r) <= 0)
		return s;
	s.time = r.time;
	s.somewhere = memcmp(r.rest, nowhere, sizeof nowhere) != 0;
	memcpy(s.from.b, r.rest, sizeof s.from.b);
	return s;
}

static bool
forget(struct record_of_table *r, void *with)
{
	(void)with;
	memset(r->rest + KNOWN_AT, 0, TABLE_REST - KNOWN_AT);
	return r->time != 0;
}

int
seen_forget(const struct table *t, struct span user)
{
	uint8_t tag[TABLE_TAG];

	tag_of(t, user, NULL, tag);
	return table_change(t, tag, forget, NULL);
}
