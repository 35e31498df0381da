#include "pem.h"

#include <string.h>

static const char begin[] = "-----BEGIN ", end[] = "-----END ", dashes[] = "-----";

/* The next line without its line end. */
static bool
line_cut(struct span *text, struct span *line)
{
	if (text->len == 0 || !span_cut(text, '\n', line))
		return false;
	while (line->len && (line->p[line->len - 1] == '\r' || line->p[line->len - 1] == ' '))
		line->len--;
	return true;
}

/* "-----BEGIN LABEL-----": the label. */
static bool
boundary(struct span line, const char *start, struct span *label)
{
	size_t before = strlen(start), after = sizeof dashes - 1;

	if (line.len <= before + after || memcmp(line.p, start, before) != 0 ||
	    memcmp(line.p + line.len - after, dashes, after) != 0)
		return false;
	*label = (struct span){ line.p + before, line.len - before - after };
	return label->len <= PEM_LABEL_MAX;
}

static int
value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Base64 that comes in lines (RFC 4648 section 4). */
struct decoder {
	uint32_t bits;
	unsigned have, padding;
	uint8_t *out;
	size_t n, room;
};

static int
decode(struct decoder *d, struct span line)
{
	for (size_t i = 0; i < line.len; i++) {
		int v = line.p[i] == '=' ? 0 : value(line.p[i]);

		if (v < 0 || (d->padding && line.p[i] != '='))
			return -1;
		d->padding += line.p[i] == '=';
		d->bits = d->bits << 6 | (uint32_t)v;
		if (++d->have < 4)
			continue;
		if (d->padding > 2 || d->room - d->n < 3)
			return -1;
		for (unsigned b = 0; b < 3 - d->padding; b++)
			d->out[d->n++] = (uint8_t)(d->bits >> (16 - 8 * b));
		d->have = 0;
		d->bits = 0;
	}
	return 0;
}

int
pem_next(struct span *text, struct pem *block, uint8_t *out, size_t room)
{
	struct decoder d = { .out = out, .room = room };
	struct span line, label;

	do
		if (!line_cut(text, &line))
			return 0;
	while (!boundary(line, begin, &block->label));
	while (line_cut(text, &line)) {
		if (boundary(line, end, &label)) {
			block->len = d.n;
			return d.have || label.len != block->label.len ||
				       memcmp(label.p, block->label.p, label.len) != 0
				   ? -1
				   : 1;
		}
		if (decode(&d, line))
			return -1;
	}
	return -1;
}
