#include "line.h"

#include <string.h>

enum line_result
line_next(struct line *l, size_t max, struct span *out)
{
	uint8_t *p = l->b + l->start;
	size_t have = l->end - l->start;
	uint8_t *lf = have ? memchr(p, '\n', have) : NULL;
	size_t len;

	if (lf == NULL) {
		if (l->skipping || have >= max) {
			l->skipping = true;
			l->start = l->end = 0;
		}
		return LINE_NONE;
	}
	len = (size_t)(lf - p);
	l->start += len + 1;
	if (l->skipping || len + 1 > max) {
		l->skipping = false;
		return LINE_TOO_LONG;
	}
	if (len && p[len - 1] == '\r')
		len--;
	*out = (struct span){ p, len };
	return LINE_WHOLE;
}

bool
line_begins(const struct line *l, const char *word)
{
	size_t n = strlen(word);

	return l->end - l->start >= n && span_is_nocase((struct span){ l->b + l->start, n }, word);
}

uint8_t *
line_room(struct line *l, size_t *room)
{
	if (l->start) {
		memmove(l->b, l->b + l->start, l->end - l->start);
		l->end -= l->start;
		l->start = 0;
	}
	*room = sizeof l->b - l->end;
	return l->b + l->end;
}

void
line_add(struct line *l, size_t n)
{
	l->end += n;
}
