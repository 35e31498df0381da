#include "shell.h"

#include <string.h>

enum { LIST_FIELDS = 1 };

enum shells
shells_read(const char *word)
{
	static const char *const words[SHELLS__MAX] = { "any", "login", "listed" };
	unsigned i = 0;

	while (i < SHELLS__MAX && strcmp(word, words[i]) != 0)
		i++;
	return (enum shells)i;
}

static bool
is(struct span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

/* An account without a shell has /bin/sh (passwd(5)). */
bool
shell_is_good(enum shells policy, struct span shell, int list, struct colons *c)
{
	struct span path = shell.len ? shell : span_of("/bin/sh"), rest = path, last = path;
	bool listed = colons_find(list, path, LIST_FIELDS, c) == COLONS_FOUND && path.p[0] == '/';

	while (span_cut(&rest, '/', &last))
		;
	if (policy == SHELLS_LOGIN)
		return !is(last, "nologin") && !is(last, "false");
	return policy == SHELLS_ANY || listed;
}
