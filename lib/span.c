#include "span.h"

#include <string.h>

struct span
span_of(const char *s)
{
	return (struct span){ (const uint8_t *)s, strlen(s) };
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool
span_is_nocase(struct span a, const char *b)
{
	struct span s = span_of(b);

	if (a.len != s.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.p[i]) != lower(s.p[i]))
			return false;
	return true;
}

int
span_number(struct span s, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)s.p[i] - '0';

		if (s.p[i] < '0' || digit > 9 || n > (max - digit) / 10 || digit > max)
			return -1;
		n = n * 10 + digit;
	}
	*out = n;
	return 0;
}

bool
span_cut(struct span *rest, char sep, struct span *field)
{
	const uint8_t *end;

	if (rest->p == NULL)
		return false;
	end = rest->len ? memchr(rest->p, sep, rest->len) : NULL;
	if (end == NULL) {
		*field = *rest;
		*rest = (struct span){ NULL, 0 };
		return true;
	}
	*field = (struct span){ rest->p, (size_t)(end - rest->p) };
	*rest = (struct span){ end + 1, rest->len - field->len - 1 };
	return true;
}

int
span_copy(struct span s, char *to, size_t room)
{
	if (s.len >= room || (s.len && memchr(s.p, '\0', s.len)))
		return -1;
	if (s.len)
		memcpy(to, s.p, s.len);
	to[s.len] = '\0';
	return 0;
}
