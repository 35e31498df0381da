#include "names.h"

#include <string.h>

static bool
covers(const char *name, struct span asked)
{
	struct span rest = asked, label;

	if ((name[0] != '*' && name[0] != '_') || name[1] != '.' || !span_cut(&rest, '.', &label) || label.len == 0)
		return false;
	return rest.p && span_is_nocase(rest, name + 2);
}

unsigned
name_find(const char *const *names, unsigned n, struct span asked)
{
	/* A name may end in the root's dot. */
	if (asked.len && asked.p[asked.len - 1] == '.')
		asked.len--;
	for (unsigned i = 0; i < n; i++)
		if (span_is_nocase(asked, names[i]))
			return i;
	for (unsigned i = 0; i < n; i++)
		if (covers(names[i], asked))
			return i;
	for (unsigned i = 0; i < n; i++)
		if (strcmp(names[i], "default") == 0)
			return i;
	return 0;
}
