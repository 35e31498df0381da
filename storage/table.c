#define _GNU_SOURCE
#include "table.h"

#include <fcntl.h>

#include "chan.h"

enum { SEALS = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL };

void
records_put(struct sink *s, const struct list *l, const struct unique_ids *ids, uint64_t *octets)
{
	uint8_t b[RECORD_BYTES];

	for (size_t i = 0; i < l->n; i++) {
		const struct record r = { l->m[i].octets, unique_of(ids, l, i) };

		*octets += r.octets;
		record_put(b, &r);
		sink_put(s, b, sizeof b);
	}
}

int
table_write(const struct list *l, uint64_t *octets)
{
	static struct sink s;
	struct unique_ids ids;
	int bad = unique_list(l, &ids);

	*octets = 0;
	if (!bad) {
		sink_start(&s, FD_TABLE);
		records_put(&s, l, &ids, octets);
		bad = sink_flush(&s) || fcntl(FD_TABLE, F_ADD_SEALS, SEALS);
	}
	unique_free(&ids);
	return bad ? -1 : 0;
}
