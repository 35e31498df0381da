/* Which certificate is for the name that a client asks for: any name, any list.  One of them, and never one for another
 * host. */
#include "names.h"

#include <strings.h>

#include "fuzz.h"

enum { NAMES = 8 };

static int
covers(const char *name, struct span asked)
{
	size_t len = strlen(name), label = 0;

	if (len == asked.len && strncasecmp(name, (const char *)asked.p, len) == 0)
		return 1;
	if ((name[0] != '*' && name[0] != '_') || name[1] != '.')
		return 0;
	while (label < asked.len && asked.p[label] != '.')
		label++;
	return label && asked.len - label == len - 1 &&
	       strncasecmp(name + 1, (const char *)asked.p + label, len - 1) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	char text[NAMES][64];
	const char *names[NAMES];
	unsigned n = 1 + take_u8(&t) % NAMES, found;
	size_t len;
	uint8_t *asked;

	for (unsigned i = 0; i < n; i++) {
		size_t l = 0;

		while (t.len && *t.p && l < sizeof text[i] - 1)
			text[i][l++] = (char)take_u8(&t);
		(void)take_u8(&t);
		text[i][l] = '\0';
		names[i] = text[i];
	}
	asked = take_copy(&t, 256, &len);
	found = name_find(names, n, (struct span){ asked, len });
	MUST(found < n);
	if (len && asked[len - 1] == '.')
		len--; /* the root's dot */
	if (!covers(names[found], (struct span){ asked, len })) {
		/* There is none for it: the default one, or the first. */
		for (unsigned i = 0; i < n && len; i++)
			MUST(!covers(names[i], (struct span){ asked, len }));
		MUST(found == 0 || strcmp(names[found], "default") == 0);
	}
	free(asked);
	return 0;
}
