#include "name.h"

#include <string.h>

static bool
is(struct span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

const char *
name_separator_fault(const char *text)
{
	if (text[0] <= 0x20 || text[0] >= 0x7f || text[1] != '\0' || text[0] == '@' || text[0] == ',')
		return "must be one character that may stand in a name, or -";
	return NULL;
}

int
name_policy_read(struct span text, struct name_policy *p)
{
	struct span letters, separator, domain = text;

	if (!span_cut(&domain, ',', &letters) || !span_cut(&domain, ',', &separator) || domain.len == 0 ||
	    separator.len != 1 || (!is(letters, "fold") && !is(letters, "exact")))
		return -1;
	p->fold = is(letters, "fold");
	p->separator = separator.p[0] == '-' ? '\0' : (char)separator.p[0];
	p->domain = is(domain, "-") ? (struct span){ NULL, 0 } : domain;
	return 0;
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* The last @ is the one before the domain. */
static size_t
local_length(struct span name)
{
	for (size_t n = name.len; n > 0; n--)
		if (name.p[n - 1] == '@')
			return n - 1;
	return name.len;
}

size_t
name_canonical(struct span name, const struct name_policy *p, uint8_t out[USER_MAX])
{
	size_t local = local_length(name), kept = local, n = 0;
	bool bare = local == name.len;
	const uint8_t *sub = p->separator && local ? memchr(name.p, p->separator, local) : NULL;

	if (sub && sub > name.p)
		kept = (size_t)(sub - name.p);
	for (size_t i = 0; i < kept; i++)
		out[n++] = name.p[i];
	for (size_t i = local; i < name.len; i++)
		out[n++] = name.p[i];
	if (bare && p->domain.len && n + 1 + p->domain.len <= USER_MAX) {
		out[n++] = '@';
		memcpy(out + n, p->domain.p, p->domain.len);
		n += p->domain.len;
	}
	for (size_t i = 0; p->fold && i < n; i++)
		out[i] = lower(out[i]);
	return n;
}

struct span
name_bare(struct span canonical, const struct name_policy *p)
{
	struct span local = { canonical.p, local_length(canonical) };
	uint8_t again[USER_MAX];
	size_t n = name_canonical(local, p, again);

	return n == canonical.len && memcmp(again, canonical.p, n) == 0 ? local : (struct span){ NULL, 0 };
}
