#include "userfile.h"

#include <stdlib.h>
#include <string.h>

static bool
span_same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* Six fields and nothing left over. */
static int
fields_cut(struct span text, struct user *u)
{
	struct span *fields[] = { &u->name, &u->verifier, &u->uid, &u->gid, &u->maildrop, &u->flags };

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (!span_cut(&text, ':', fields[i]))
			return -1;
	return text.p == NULL ? 0 : -1;
}

static const char *
flags_fault(struct span flags, bool *disabled)
{
	struct span flag;

	*disabled = false;
	if (flags.len == 0)
		return NULL;
	while (span_cut(&flags, ',', &flag)) {
		if (!span_same(flag, span_of("disabled")))
			return "an unknown flag; the only one there is is: disabled";
		*disabled = true;
	}
	return NULL;
}

/* What is wrong with the line, or NULL. */
static const char *
line_fault(struct span text, struct user *u)
{
	const char *fault;

	if (memchr(text.p, '\r', text.len))
		return "a carriage return; write the file with LF line ends";
	if (fields_cut(text, u))
		return "not six fields; write name:verifier:uid:gid:maildrop:flags";
	if ((fault = name_fault(u->name)) || (fault = verifier_fault(u->verifier)) ||
	    (fault = uid_fault(u->uid, &u->uid_number, NULL)) || (fault = gid_fault(u->gid, &u->gid_number)) ||
	    (fault = maildrop_fault(u->maildrop)) || (fault = flags_fault(u->flags, &u->disabled)))
		return fault;
	return NULL;
}

static void
report_fault(struct userfile *f, FILE *report, size_t number, const char *fault)
{
	f->errors++;
	(void)fprintf(report, "%s:%zu: %s\n", f->path, number, fault); /* nobody else could be told */
}

static int
by_name(const void *a, const void *b)
{
	const struct user *x = *(const struct user *const *)a, *y = *(const struct user *const *)b;
	size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
	int d = memcmp(x->name.p, y->name.p, n);

	if (d == 0)
		d = (x->name.len > y->name.len) - (x->name.len < y->name.len);
	return d ? d : (x->number > y->number) - (x->number < y->number);
}

static int
duplicates_report(struct userfile *f, FILE *report)
{
	struct user **order = calloc(f->count + 1, sizeof *order);

	if (order == NULL)
		return -1;
	for (size_t i = 0; i < f->count; i++)
		order[i] = &f->users[i];
	qsort(order, f->count, sizeof *order, by_name);
	for (size_t i = 1; i < f->count; i++)
		if (span_same(order[i - 1]->name, order[i]->name))
			report_fault(f, report, order[i]->number, "the name stands in an earlier line too; remove one");
	free(order);
	return 0;
}

static bool
is_blank(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != ' ' && s.p[i] != '\t')
			return false;
	return true;
}

int
userfile_parse(struct userfile *f, FILE *report)
{
	size_t lines = 1, number = 0;

	for (size_t i = 0; i < f->text.len; i++)
		lines += f->text.p[i] == '\n';
	f->users = calloc(lines, sizeof *f->users);
	f->count = f->errors = 0;
	if (f->users == NULL)
		return -1;
	for (size_t at = 0; at < f->text.len; number++) {
		const uint8_t *p = f->text.p + at, *lf = memchr(p, '\n', f->text.len - at);
		size_t len = lf ? (size_t)(lf - p) : f->text.len - at;
		struct user *u = &f->users[f->count];
		const char *fault;

		at += len + (lf != NULL);
		if (is_blank((struct span){ p, len }) || p[0] == '#')
			continue;
		*u = (struct user){ .line = { p, len + (lf != NULL) }, .number = number + 1 };
		fault = line_fault((struct span){ p, len }, u);
		if (fault)
			report_fault(f, report, number + 1, fault);
		else
			f->count++;
	}
	if (duplicates_report(f, report))
		return -1;
	return f->errors ? -1 : 0;
}

void
userfile_free(struct userfile *f)
{
	free(f->users);
	f->users = NULL;
	f->count = 0;
}

const struct user *
userfile_find(const struct userfile *f, struct span name)
{
	for (size_t i = 0; i < f->count; i++)
		if (span_same(f->users[i].name, name))
			return &f->users[i];
	return NULL;
}

char *
userfile_edit(const struct userfile *f, const struct user *old, const char *line, size_t *len)
{
	size_t before = old ? (size_t)(old->line.p - f->text.p) : f->text.len;
	size_t after = old ? before + old->line.len : f->text.len;
	size_t add = line ? strlen(line) : 0;
	char *text = malloc(f->text.len + add + 2);
	size_t n = before;

	if (text == NULL)
		return NULL;
	if (before)
		memcpy(text, f->text.p, before);
	if (line) {
		if (n && text[n - 1] != '\n')
			text[n++] = '\n';
		memcpy(text + n, line, add);
		n += add;
		text[n++] = '\n';
	}
	if (after < f->text.len)
		memcpy(text + n, f->text.p + after, f->text.len - after);
	*len = n + (f->text.len - after);
	return text;
}
