#include "double.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "die.h"
#include "unique.h"

/* Returns 0, or -1 with errno and the old name in use. */
static int
double_rename(struct maildir *d, struct message *m)
{
	const struct message before = *m;
	const char *old = message_name(&d->list, m);
	char new[NAME_ROOM];
	struct unique u;

	unique_id_double(&d->list, m, 0, &u);
	if (snprintf(new, sizeof new, "%s%s", u.id, old + m->base_len) >= (int)sizeof new) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* In the list first: that cannot be undone by the system, and the other can fail. */
	if (list_rename(&d->list, m, new))
		return -1;
	old = d->list.names + before.name;
	if (maildir_rename(d, m->where, old, m->where, new) == 0)
		return 0;
	*m = before;
	return -1;
}

void
doubles_part(struct maildir *d)
{
	struct list *l = &d->list;
	size_t first = 0;
	uint32_t unparted = 0;
	int error = 0;

	for (size_t i = 1; i < l->n; i++) {
		if (!message_same_base(l, &l->m[first], &l->m[i])) {
			first = i;
		} else if (double_rename(d, &l->m[i])) {
			error = errno;
			unparted++;
		}
	}
	if (unparted)
		warn("cannot rename %u messages whose names others have, the last: %s", unparted, strerror(error));
	list_sort(l);
}
