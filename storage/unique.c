#include "unique.h"

#include <sodium/crypto_shorthash.h>
#include <sodium/crypto_shorthash_siphash24.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "sort.h"

/* Fixed for ever: another key would be another unique-id for every such message. */
static const unsigned char key[crypto_shorthash_siphashx24_KEYBYTES] = "sallyport uid 1";

#define EACH 0x0101010101010101ULL

static bool
is_printable(struct span s)
{
	uint64_t bad = 0, eight;
	size_t i = 0;

	if (s.len < 1 || s.len > UID_MAX)
		return false;
	/* Of each octet the high bit tells: it has it, it is below 0x21, it is 0x7f.  What a sum carries into the next one
	 * comes from an octet that is bad already. */
	for (; i + 8 <= s.len; i += 8) {
		memcpy(&eight, s.p + i, 8);
		bad |= eight | ~(eight + 0x5f * EACH) | (eight + EACH);
	}
	for (; i < s.len; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e)
			return false;
	return (bad & 0x80 * EACH) == 0;
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
	const struct odd_id *odd = ids;
	size_t a = *(const size_t *)va, b = *(const size_t *)vb;
	int c = strcmp(odd[a].id.id, odd[b].id.id);

	/* Equal ids in list order: the first keeps the plain one. */
	return c ? c : a < b ? -1 : a > b;
}

/* How many equal ids stand before each in the sorted order?  Returns how many have any before them. */
static size_t
runs_count(const struct odd_id *odd, const size_t *order, uint32_t *run, size_t n)
{
	size_t doubled = 0;

	for (size_t i = 0; i < n; i++) {
		bool equal = i && strcmp(odd[order[i - 1]].id.id, odd[order[i]].id.id) == 0;

		run[i] = equal ? run[i - 1] + 1 : 0;
		doubled += equal;
	}
	return doubled;
}

/* Give those of the n ids that have an equal one before them another, until none has. */
static void
ids_part(const struct list *l, struct odd_id *odd, size_t *order, uint32_t *run, size_t n)
{
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	for (uint32_t round = 0;; round++) {
		sort(order, n, sizeof *order, order_compare, odd);
		if (runs_count(odd, order, run, n) == 0)
			return;
		for (size_t i = 0; i < n; i++)
			if (run[i])
				unique_id_double(l, &l->m[odd[order[i]].at], round ? run[i] + round * MESSAGES_MAX : 0,
						 &odd[order[i]].id);
	}
}

/* Could this be a hash of ours: 16 hexadecimal digits, perhaps with a number and a dot before them? */
static bool
is_like_hash(struct span id)
{
	size_t digits = id.len - (size_t)(2 * HASH_BYTES), dot = 0;

	if (id.len < 2 * HASH_BYTES)
		return false;
	for (size_t i = digits; i < id.len; i++)
		if (!((id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'f')))
			return false;
	while (dot < digits && id.p[dot] >= '0' && id.p[dot] <= '9')
		dot++;
	return digits == 0 || (dot + 1 == digits && id.p[dot] == '.');
}

/* Most ids are base names that stand alone, because equal ones are neighbours in the list, and that are like no hash:
 * nothing can be equal to them. */
static bool
is_odd(const struct list *l, size_t i)
{
	struct span base = message_base(l, &l->m[i]);

	return !is_printable(base) || is_like_hash(base) || (i && message_same_base(l, &l->m[i - 1], &l->m[i])) ||
	       (i + 1 < l->n && message_same_base(l, &l->m[i], &l->m[i + 1]));
}

int
unique_list(const struct list *l, struct unique_ids *ids)
{
	size_t n = 0, *order;
	uint32_t *run;

	*ids = (struct unique_ids){ NULL, 0 };
	for (size_t i = 0; i < l->n; i++)
		n += is_odd(l, i);
	if (n == 0)
		return 0;
	ids->odd = memory_get(n, sizeof *ids->odd);
	order = memory_get(n, sizeof *order);
	run = memory_get(n, sizeof *run);
	if (ids->odd && order && run) {
		for (size_t i = 0; i < l->n; i++)
			if (is_odd(l, i)) {
				ids->odd[ids->n].at = i;
				unique_id(message_base(l, &l->m[i]), &ids->odd[ids->n++].id);
			}
		ids_part(l, ids->odd, order, run, n);
	}
	memory_free(order, n, sizeof *order);
	memory_free(run, n, sizeof *run);
	if (ids->n == n)
		return 0;
	memory_free(ids->odd, n, sizeof *ids->odd);
	ids->odd = NULL;
	return -1;
}

struct span
unique_of(const struct unique_ids *ids, const struct list *l, size_t i)
{
	size_t low = 0, high = ids->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ids->odd[middle].at == i)
			return (struct span){ (const uint8_t *)ids->odd[middle].id.id, ids->odd[middle].id.len };
		if (ids->odd[middle].at < i)
			low = middle + 1;
		else
			high = middle;
	}
	return message_base(l, &l->m[i]);
}

void
unique_free(struct unique_ids *ids)
{
	memory_free(ids->odd, ids->n, sizeof *ids->odd);
	*ids = (struct unique_ids){ NULL, 0 };
}
