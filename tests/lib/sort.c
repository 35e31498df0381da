/* Sorting: every order of a few, and many in orders that make other sorts slow. */
#include "sort.h"

#include <stdint.h>
#include <string.h>

#include "check.h"

enum { MANY = 20000 };

struct element {
	uint32_t key, same_as_key;
	char padding[92];
};

static uint64_t compared;

/* with: what each comparison adds to. */
static int
by_key(const void *va, const void *vb, const void *with)
{
	const struct element *a = va, *b = vb;

	CHECK(with == &compared);
	compared++;
	return a->key < b->key ? -1 : a->key > b->key;
}

static void
sorted(const uint32_t *keys, size_t n)
{
	static struct element e[MANY];
	uint64_t before = 0, after = 0;

	for (size_t i = 0; i < n; i++) {
		e[i] = (struct element){ .key = keys[i], .same_as_key = keys[i] };
		before += keys[i];
	}
	compared = 0;
	sort(e, n, sizeof e[0], by_key, &compared);
	CHECK(compared <= n * 2 * 15);
	for (size_t i = 0; i < n; i++) {
		CHECK_EQ(e[i].key, e[i].same_as_key);
		CHECK(i == 0 || e[i - 1].key <= e[i].key);
		after += e[i].key;
	}
	CHECK(before == after);
}

int
main(void)
{
	static uint32_t keys[MANY];
	uint32_t random = 1;

	/* All lists of up to 5 of 5 keys. */
	for (size_t n = 0; n <= 5; n++)
		for (uint32_t all = 0; all < 3125; all++) {
			uint32_t rest = all;

			for (size_t i = 0; i < n; i++, rest /= 5)
				keys[i] = rest % 5;
			sorted(keys, n);
		}
	for (int order = 0; order < 4; order++) {
		for (uint32_t i = 0; i < MANY; i++) {
			random = random * 1664525 + 1013904223;
			keys[i] = order == 0 ? i : order == 1 ? MANY - i : order == 2 ? 7 : random;
		}
		sorted(keys, MANY);
	}
	return check_end();
}
