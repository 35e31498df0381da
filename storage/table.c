#define _GNU_SOURCE
#include "table.h"

#include <fcntl.h>

#include "chan.h"
#include "memory.h"

enum { SEALS = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL };

void
records_put(struct sink *s, const struct list *l, const struct unique *ids, uint64_t *octets)
{
	uint8_t b[RECORD_BYTES];

	for (size_t i = 0; i < l->n; i++) {
		const struct record r = { l->m[i].octets, { (const uint8_t *)ids[i].id, ids[i].len } };

		*octets += r.octets;
		record_put(b, &r);
		sink_put(s, b, sizeof b);
	}
}

int
table_write(const struct list *l, uint64_t *octets)
{
	static struct sink s;
	struct unique *ids = memory_get(l->n, sizeof *ids);
	int bad = ids == NULL || unique_list(l, ids);

	*octets = 0;
	if (!bad) {
		sink_start(&s, FD_TABLE);
		records_put(&s, l, ids, octets);
		bad = sink_flush(&s) || fcntl(FD_TABLE, F_ADD_SEALS, SEALS);
	}
	memory_free(ids, l->n, sizeof *ids);
	return bad ? -1 : 0;
}
