#define _GNU_SOURCE
#include "colons.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Hand over the whole lines in block.  Returns how many of its octets they are. */
static size_t
lines_hand_over(struct span block, bool skip, void (*each)(struct span line, void *with), void *with)
{
	struct span rest = block, line;
	size_t used = 0;

	while (span_cut(&rest, '\n', &line) && rest.p) {
		if (!skip && line.len <= COLONS_LINE_MAX)
			each(line, with);
		skip = false;
		used += line.len + 1;
	}
	return used;
}

int
colons_each(int fd, struct colons *c, void (*each)(struct span line, void *with), void *with)
{
	bool skip = false; /* we are inside a line that is too long */
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(fd, c->block, sizeof c->block, at);
		size_t used;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? 0 : -1;
		used = lines_hand_over((struct span){ c->block, (size_t)n }, skip, each, with);
		skip = used == 0;
		at += skip ? n : (off_t)used;
	}
}

void
colons_look(struct colons_search *s, struct span line)
{
	struct span rest = line, first;

	if (s->found || s->name.len == 0 || !span_cut(&rest, ':', &first) || first.len != s->name.len ||
	    memcmp(first.p, s->name.p, first.len) != 0)
		return;
	memcpy(s->c->line, line.p, line.len);
	s->len = line.len;
	s->found = true;
}

enum colons_result
colons_cut(const struct colons_search *s, unsigned fields)
{
	struct span rest = { s->c->line, s->len };

	if (!s->found)
		return COLONS_NONE;
	if (memchr(s->c->line, '\0', s->len))
		return COLONS_MALFORMED;
	for (unsigned i = 0; i < fields; i++)
		if (!span_cut(&rest, ':', &s->c->fields[i]))
			return COLONS_MALFORMED;
	return rest.p ? COLONS_MALFORMED : COLONS_FOUND;
}

static void
look(struct span line, void *with)
{
	colons_look(with, line);
}

enum colons_result
colons_find(int fd, struct span name, unsigned fields, struct colons *c)
{
	struct colons_search s = { .name = name, .c = c };

	return colons_each(fd, c, look, &s) ? COLONS_FAILED : colons_cut(&s, fields);
}
