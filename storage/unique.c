#include "unique.h"

#include <sodium/crypto_shorthash.h>
#include <sodium/crypto_shorthash_siphash24.h>
#include <stdlib.h>
#include <string.h>

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

void
unique_id(struct span base, unsigned nth, struct unique *u)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char hash[crypto_shorthash_siphashx24_BYTES], again[sizeof hash + 4];

	memset(u, 0, sizeof *u);
	if (nth == 0 && is_printable(base)) {
		u->len = (uint8_t)base.len;
		memcpy(u->id, base.p, base.len);
		return;
	}
	(void)crypto_shorthash_siphashx24(hash, base.p, base.len, key); /* always 0 */
	if (nth) {
		memcpy(again, hash, sizeof hash);
		for (size_t i = 0; i < 4; i++)
			again[sizeof hash + i] = (unsigned char)(nth >> 8 * i);
		(void)crypto_shorthash_siphashx24(hash, again, sizeof again, key);
	}
	u->len = 2 * sizeof hash;
	for (size_t i = 0; i < sizeof hash; i++) {
		u->id[2 * i] = hex[hash[i] >> 4];
		u->id[2 * i + 1] = hex[hash[i] & 15];
	}
}

static const struct unique *compared; /* qsort passes nothing on */

static int
order_compare(const void *va, const void *vb)
{
	uint32_t a = *(const uint32_t *)va, b = *(const uint32_t *)vb;
	int c = strcmp(compared[a].id, compared[b].id);

	/* Equal ids in list order: the first keeps the plain one. */
	return c ? c : a < b ? -1 : a > b;
}

/* How many equal ids stand before each in the sorted order?  Returns how many messages have any before them. */
static size_t
runs_count(const uint32_t *order, uint32_t *run, size_t n)
{
	size_t doubled = 0;

	for (size_t i = 0; i < n; i++) {
		bool equal = i && strcmp(compared[order[i - 1]].id, compared[order[i]].id) == 0;

		run[order[i]] = equal ? run[order[i - 1]] + 1 : 0;
		doubled += equal;
	}
	return doubled;
}

static void
ids_part(const struct list *l, struct unique *ids, uint32_t *order, uint32_t *run)
{
	for (unsigned round = 0;; round++) {
		compared = ids;
		qsort(order, l->n, sizeof *order, order_compare);
		if (runs_count(order, run, l->n) == 0)
			return;
		for (size_t i = 0; i < l->n; i++)
			if (run[i])
				unique_id(message_base(l, &l->m[i]), run[i] + round * MESSAGES_MAX, &ids[i]);
	}
}

int
unique_list(const struct list *l, struct unique *ids)
{
	uint32_t *order, *run;

	for (size_t i = 0; i < l->n; i++)
		unique_id(message_base(l, &l->m[i]), 0, &ids[i]);
	if (l->n < 2)
		return 0;
	order = calloc(l->n, sizeof *order);
	run = calloc(l->n, sizeof *run);
	if (order && run) {
		for (size_t i = 0; i < l->n; i++)
			order[i] = (uint32_t)i;
		ids_part(l, ids, order, run);
	}
	free(order);
	free(run);
	return order && run ? 0 : -1;
}
