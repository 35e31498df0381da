#include "lines.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tell.h"

int
edits_put(struct store *s, const struct edit *edits, size_t count)
{
	size_t len;
	char *text = userfile_edit(&s->file, edits, count, &len);
	int status;

	if (text == NULL)
		return tell(EXIT_SYSTEM, "out of memory");
	status = store_put(s, text, len);
	sodium_memzero(text, len);
	free(text);
	return status;
}

int
line_print(const struct fields *f, char line[LINE_TEXT_MAX])
{
	char options[OPTIONS_TEXT_MAX];
	int n;

	options_print(&f->options, options);
	n = snprintf(line, LINE_TEXT_MAX, "%s:%s:%s:%s:%s:%s", f->name, f->verifier, f->uid, f->gid, f->maildrop,
		     options);
	return n < 0 || n >= LINE_TEXT_MAX ? tell(EXIT_USAGE, "the line for %s would be too long", f->name) : 0;
}

int
further_print(struct span name, struct span verifier, const struct options *o, char line[LINE_TEXT_MAX])
{
	char options[OPTIONS_TEXT_MAX];
	int n;

	options_print(o, options);
	n = snprintf(line, LINE_TEXT_MAX, "%.*s:%.*s:%s", (int)name.len, (const char *)name.p, (int)verifier.len,
		     (const char *)verifier.p, options);
	return n < 0 || n >= LINE_TEXT_MAX ? tell(EXIT_USAGE, "the line of the verifier would be too long") : 0;
}

int
line_put(struct store *s, const struct user *old, const struct fields *f)
{
	char line[LINE_TEXT_MAX];
	const struct edit edit = { old ? old->line : (struct span){ NULL, 0 }, line };
	int status = line_print(f, line);

	return status ? status : edits_put(s, &edit, 1);
}

int
fields_of(struct fields *f, const struct user *u)
{
	f->options = u->options;
	if (span_copy(u->name, f->name, sizeof f->name) || span_copy(u->verifier, f->verifier, sizeof f->verifier) ||
	    span_copy(u->uid, f->uid, sizeof f->uid) || span_copy(u->gid, f->gid, sizeof f->gid) ||
	    span_copy(u->maildrop, f->maildrop, sizeof f->maildrop))
		return tell(EXIT_USAGE, "the line for this user has a field that is too long");
	return 0;
}

static int
by_place(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	return (x->line.p > y->line.p) - (x->line.p < y->line.p);
}

size_t
lines_edit(const struct user *u, const char *own, bool (*wanted)(const struct further *),
	   struct edit edits[USERDB_VERIFIERS_MAX])
{
	size_t n = 0;

	edits[n++] = (struct edit){ u->line, own };
	for (size_t i = 0; i < u->further_count; i++)
		if (wanted == NULL || wanted(&u->further[i]))
			edits[n++] = (struct edit){ u->further[i].line, NULL };
	qsort(edits, n, sizeof *edits, by_place);
	return n;
}

size_t
lines_replace(const struct user *u, char lines[USERDB_VERIFIERS_MAX][LINE_TEXT_MAX],
	      struct edit edits[USERDB_VERIFIERS_MAX])
{
	size_t n = 0;

	edits[n++] = (struct edit){ u->line, lines[0] };
	for (size_t i = 0; i < u->further_count; i++, n++)
		edits[n] = (struct edit){ u->further[i].line, lines[n] };
	qsort(edits, n, sizeof *edits, by_place);
	return n;
}
