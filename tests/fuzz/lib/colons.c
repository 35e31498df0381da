/* Files like /etc/passwd, any bytes: the same line as who splits the text in the plainest way.  u8 fields, the name, LF,
 * the file. */
#define _GNU_SOURCE
#include "colons.h"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "shadow.h"

/* The first whole line of at most COLONS_LINE_MAX octets that is name, or begins with it and a colon. */
static bool
plain_find(struct span text, struct span name, struct span *line)
{
	for (size_t start = 0, i = 0; i < text.len; i++) {
		if (text.p[i] != '\n')
			continue;
		*line = (struct span){ text.p + start, i - start };
		start = i + 1;
		if (name.len && line->len >= name.len && line->len <= COLONS_LINE_MAX &&
		    memcmp(line->p, name.p, name.len) == 0 && (line->len == name.len || line->p[name.len] == ':'))
			return true;
	}
	return false;
}

static void
fields_check(const struct colons *c, unsigned fields, struct span line)
{
	size_t len = fields - 1;

	for (unsigned i = 0; i < fields; i++) {
		len += c->fields[i].len;
		MUST(c->fields[i].len == 0 || memchr(c->fields[i].p, ':', c->fields[i].len) == NULL);
	}
	MUST(len == line.len && memcmp(c->line, line.p, line.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct colons c;
	struct shadow s;
	struct span text = { data, size }, name, line;
	unsigned fields;
	bool there, nul;
	int fd;

	if (size < 1)
		return 0;
	fields = 1 + data[0] % COLONS_FIELDS_MAX;
	text = (struct span){ data + 1, size - 1 };
	if (!span_cut(&text, '\n', &name) || text.p == NULL || memchr(name.p, ':', name.len))
		return 0;
	fd = memfd_create("colons", MFD_CLOEXEC);
	MUST(fd >= 0 && write(fd, text.p, text.len) == (ssize_t)text.len);
	there = plain_find(text, name, &line);
	nul = there && line.len && memchr(line.p, '\0', line.len);
	switch (colons_find(fd, name, fields, &c)) {
	case COLONS_NONE:
		MUST(!there);
		break;
	case COLONS_FOUND:
		MUST(there && !nul);
		fields_check(&c, fields, line);
		if (fields == SHADOW_FIELDS && shadow_read(c.fields, &s) == 0) {
			MUST(s.locked == (c.fields[1].len == 0 || c.fields[1].p[0] == '!' || c.fields[1].p[0] == '*'));
			MUST(s.hash.len == 0 || (s.hash.p[0] != '!' && s.hash.p[0] != '*'));
			MUST(s.expires || (c.fields[7].len == 0));
		}
		break;
	case COLONS_MALFORMED: {
		size_t colons = 0;

		MUST(there);
		for (size_t i = 0; i < line.len; i++)
			colons += line.p[i] == ':';
		MUST(nul || colons + 1 != fields);
		break;
	}
	case COLONS_FAILED:
		MUST(false);
	}
	(void)close(fd);
	return 0;
}
