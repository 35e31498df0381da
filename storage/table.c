#define _GNU_SOURCE
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "chan.h"
#include "unique.h"

enum { SEALS = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL, BLOCK_RECORDS = 512 };

static int
write_all(int fd, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno != EINTR)
			return -1;
		p += w > 0 ? w : 0;
		n -= w > 0 ? (size_t)w : 0;
	}
	return 0;
}

static int
records_write(int fd, const struct list *l, const struct unique *ids, uint64_t *octets)
{
	static uint8_t block[BLOCK_RECORDS * RECORD_BYTES];
	size_t filled = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct record r = { l->m[i].octets, { (const uint8_t *)ids[i].id, ids[i].len } };

		*octets += r.octets;
		record_put(block + filled, &r);
		filled += RECORD_BYTES;
		if (filled == sizeof block || i + 1 == l->n) {
			if (write_all(fd, block, filled))
				return -1;
			filled = 0;
		}
	}
	return 0;
}

int
table_write(const struct list *l, uint64_t *octets)
{
	struct unique *ids = calloc(l->n ? l->n : 1, sizeof *ids);
	int bad;

	*octets = 0;
	bad = ids == NULL || unique_list(l, ids) || records_write(FD_TABLE, l, ids, octets) ||
	      fcntl(FD_TABLE, F_ADD_SEALS, SEALS);
	free(ids);
	return bad ? -1 : 0;
}
