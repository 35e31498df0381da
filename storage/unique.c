#include "unique.h"

#include <sodium/crypto_shorthash.h>
#include <sodium/crypto_shorthash_siphash24.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "sort.h"

/* Fixed for ever: another key would be another unique-id for every such message. */
static const unsigned char key[crypto_shorthash_siphashx24_KEYBYTES] = "sallyport uid 1";

static bool
is_printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e)
			return false;
	return s.len >= 1 && s.len <= UID_MAX;
}

enum { HASH_BYTES = crypto_shorthash_siphashx24_BYTES };

static void
hash_put(struct unique *u, const unsigned char hash[HASH_BYTES])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < HASH_BYTES; i++) {
		u->id[u->len++] = hex[hash[i] >> 4];
		u->id[u->len++] = hex[hash[i] & 15];
	}
}

void
unique_id(struct span base, struct unique *u)
{
	unsigned char hash[HASH_BYTES];

	memset(u, 0, sizeof *u);
	if (is_printable(base)) {
		u->len = (uint8_t)base.len;
		memcpy(u->id, base.p, base.len);
		return;
	}
	(void)crypto_shorthash_siphashx24(hash, base.p, base.len, key); /* always 0 */
	hash_put(u, hash);
}

void
unique_id_double(const struct list *l, const struct message *m, uint32_t nth, struct unique *u)
{
	const struct span base = message_base(l, m);
	const uint64_t told[] = { (uint64_t)m->changed, m->size, nth };
	unsigned char hash[HASH_BYTES], all[HASH_BYTES + 8 * 3];
	int n;

	(void)crypto_shorthash_siphashx24(all, base.p, base.len, key); /* always 0 */
	for (size_t i = 0; i < 8 * 3; i++)
		all[HASH_BYTES + i] = (unsigned char)(told[i / 8] >> 8 * (i % 8));
	(void)crypto_shorthash_siphashx24(hash, all, sizeof all, key);
	memset(u, 0, sizeof *u);
	n = snprintf(u->id, sizeof u->id, "%llu.", (unsigned long long)m->time); /* at most 18 digits */
	u->len = (uint8_t)(n > 0 ? n : 0);
	hash_put(u, hash);
}

static int
order_compare(const void *va, const void *vb, const void *ids)
{
	const struct unique *u = ids;
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;
	int c = strcmp(u[a].id, u[b].id);

	/* Equal ids in list order: the first keeps the plain one. */
	return c ? c : a < b ? -1 : a > b;
}

/* How many equal ids stand before each in the sorted order?  Returns how many messages have any before them. */
static size_t
runs_count(const struct unique *ids, const uint32_t *order, uint32_t *run, size_t n)
{
	size_t doubled = 0;

	for (size_t i = 0; i < n; i++) {
		bool equal = i && strcmp(ids[order[i - 1]].id, ids[order[i]].id) == 0;

		run[i] = equal ? run[i - 1] + 1 : 0;
		doubled += equal;
	}
	return doubled;
}

/* Give those of the n messages in order that have the id of one before them another, until none has. */
static void
ids_part(const struct list *l, struct unique *ids, uint32_t *order, uint32_t *run, size_t n)
{
	for (uint32_t round = 0;; round++) {
		sort(order, n, sizeof *order, order_compare, ids);
		if (runs_count(ids, order, run, n) == 0)
			return;
		for (size_t i = 0; i < n; i++)
			if (run[i])
				unique_id_double(l, &l->m[order[i]], round ? run[i] + round * MESSAGES_MAX : 0,
						 &ids[order[i]]);
	}
}

/* Could this id be a hash of ours: 16 hexadecimal digits, perhaps with a number and a dot before them? */
static bool
is_like_hash(const struct unique *u)
{
	size_t digits = u->len - (size_t)(2 * HASH_BYTES), dot = 0;

	if (u->len < 2 * HASH_BYTES || strspn(u->id + digits, "0123456789abcdef") != 2 * HASH_BYTES)
		return false;
	dot = strspn(u->id, "0123456789");
	return digits == 0 || (dot + 1 == digits && u->id[dot] == '.');
}

/* Most ids are base names that stand alone, because equal ones are neighbours in the list, and that are like no hash:
 * nothing can be equal to them.  Only the others are sorted.  Returns how many. */
static size_t
doubtful_find(const struct unique *ids, size_t n, uint32_t *order)
{
	size_t doubtful = 0;

	for (size_t i = 0; i < n; i++) {
		bool alone = (i == 0 || strcmp(ids[i - 1].id, ids[i].id) != 0) &&
			     (i + 1 == n || strcmp(ids[i].id, ids[i + 1].id) != 0);

		if (!alone || is_like_hash(&ids[i]))
			order[doubtful++] = (uint32_t)i;
	}
	return doubtful;
}

int
unique_list(const struct list *l, struct unique *ids)
{
	uint32_t *order, *run;

	for (size_t i = 0; i < l->n; i++)
		unique_id(message_base(l, &l->m[i]), &ids[i]);
	if (l->n < 2)
		return 0;
	order = memory_get(l->n, sizeof *order);
	run = memory_get(l->n, sizeof *run);
	if (order && run)
		ids_part(l, ids, order, run, doubtful_find(ids, l->n, order));
	memory_free(order, l->n, sizeof *order);
	memory_free(run, l->n, sizeof *run);
	return order && run ? 0 : -1;
}
