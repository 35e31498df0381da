/* ids: all unique-ids of a list in an array, as a session would hear them. */
#include <string.h>

#include "unique.h"

static int
ids_all(const struct list *l, struct unique *all)
{
	struct unique_ids ids;

	if (unique_list(l, &ids))
		return -1;
	for (size_t i = 0; i < l->n; i++) {
		struct span id = unique_of(&ids, l, i);

		if (id.len > UID_MAX)
			return -1;
		memset(&all[i], 0, sizeof all[i]);
		all[i].len = (uint8_t)id.len;
		memcpy(all[i].id, id.p, id.len);
	}
	unique_free(&ids);
	return 0;
}
