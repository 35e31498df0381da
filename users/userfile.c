#include "userfile.h"

#include <stdlib.h>
#include <string.h>

#include "verifier.h"

static bool
span_same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static int
span_compare(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int d = n ? memcmp(a.p, b.p, n) : 0;

	return d ? d : (a.len > b.len) - (a.len < b.len);
}

static const char *
kind_fault(struct span verifier, enum userdb_kind *kind)
{
	uint8_t octets[VERIFIER_OCTETS_MAX];
	struct userdb_verifier v;
	const char *fault = verifier_fault(verifier, &v, octets);

	*kind = v.kind;
	return fault;
}

/* What is wrong with a line that has a name and a verifier, and rest behind them; or NULL. */
static const char *
further_fault(struct further *v, struct span rest)
{
	const char *fault;

	if ((fault = name_fault(v->name)) || (fault = kind_fault(v->verifier, &v->kind)) ||
	    (fault = options_fault(rest, &v->options)))
		return fault;
	if (v->options.disabled)
		return "disabled stands in the user's own line; write it there, or remove this verifier";
	return NULL;
}

static const char *
user_fault(struct user *u, struct span rest)
{
	const char *fault;

	if (!span_cut(&rest, ':', &u->uid) || !span_cut(&rest, ':', &u->gid) || !span_cut(&rest, ':', &u->maildrop) ||
	    rest.p == NULL)
		return "not six fields; write name:verifier:uid:gid:maildrop:options";
	if ((fault = name_fault(u->name)) || (fault = kind_fault(u->verifier, &u->kind)) ||
	    (fault = uid_fault(u->uid, &u->uid_number, NULL)) || (fault = gid_fault(u->gid, &u->gid_number)) ||
	    (fault = maildrop_fault(u->maildrop)) || (fault = options_fault(rest, &u->options)))
		return fault;
	if (u->options.labelled)
		return "label= in the user's own line; write the verifier in a further line name:verifier:label=LABEL";
	return NULL;
}

static void
report_fault(struct userfile *f, FILE *report, size_t number, const char *fault)
{
	f->errors++;
	(void)fprintf(report, "%s:%zu: %s\n", f->path, number, fault); /* nobody else could be told */
}

static bool
begins(struct span s, const char *word)
{
	size_t n = strlen(word);

	return s.len >= n && memcmp(s.p, word, n) == 0;
}

/* One line that is neither blank nor a comment. */
static void
line_take(struct userfile *f, FILE *report, struct span line, struct span text, size_t number)
{
	struct span name, verifier = { NULL, 0 }, rest = text;
	const char *fault;

	(void)span_cut(&rest, ':', &name); /* there is always a first field */
	(void)span_cut(&rest, ':', &verifier);
	if (memchr(text.p, '\r', text.len)) {
		fault = "a carriage return; write the file with LF line ends";
	} else if (begins(rest, "label=")) {
		struct further *v = &f->further[f->further_count];

		*v = (struct further){ .line = line, .number = number, .name = name, .verifier = verifier };
		fault = further_fault(v, rest);
		f->further_count += fault == NULL;
	} else {
		struct user *u = &f->users[f->count];

		*u = (struct user){ .line = line, .number = number, .name = name, .verifier = verifier };
		fault = user_fault(u, rest);
		f->count += fault == NULL;
	}
	if (fault)
		report_fault(f, report, number, fault);
}

static int
by_name(const void *a, const void *b)
{
	const struct user *x = *(const struct user *const *)a, *y = *(const struct user *const *)b;
	int d = span_compare(x->name, y->name);

	return d ? d : (x->number > y->number) - (x->number < y->number);
}

static int
by_label(const void *a, const void *b)
{
	const struct further *x = a, *y = b;
	int d = span_compare(x->name, y->name);

	if (d == 0)
		d = span_compare(x->options.label, y->options.label);
	if (d == 0)
		d = (int)x->kind - (int)y->kind;
	return d ? d : (x->number > y->number) - (x->number < y->number);
}

static void
users_sort(struct userfile *f, FILE *report)
{
	for (size_t i = 0; i < f->count; i++)
		f->order[i] = &f->users[i];
	qsort(f->order, f->count, sizeof *f->order, by_name);
	for (size_t i = 1; i < f->count; i++)
		if (span_same(f->order[i - 1]->name, f->order[i]->name))
			report_fault(f, report, f->order[i]->number,
				     "the name stands in an earlier line too; remove one");
}

static struct user *
find(const struct userfile *f, struct span name)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int d = span_compare(f->order[middle]->name, name);

		if (d == 0)
			return f->order[middle];
		if (d < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* How many octets of secrets.cdb one verifier may take, and then some. */
static size_t
weight(struct span verifier, const struct options *o)
{
	return verifier.len + o->label.len + o->networks_len + 64;
}

/* All further verifiers of one user: u->further and what follows it. */
static void
group_check(struct userfile *f, FILE *report, struct user *u)
{
	size_t octets = weight(u->verifier, &u->options);

	for (size_t i = 0; i < u->further_count; i++) {
		const struct further *v = &u->further[i];

		octets += weight(v->verifier, &v->options);
		if ((i && v->kind == v[-1].kind && span_same(v->options.label, v[-1].options.label)) ||
		    (v->options.label.len == 0 && v->kind == u->kind))
			report_fault(f, report, v->number,
				     "there is such a verifier under this label already; remove one");
	}
	if (u->further_count + 1 > USERDB_VERIFIERS_MAX || octets > USERDB_SECRET_MAX)
		report_fault(f, report, u->further[u->further_count - 1].number,
			     "more than 16 verifiers or 8000 octets of them for this user; remove some");
}

static void
further_sort(struct userfile *f, FILE *report)
{
	qsort(f->further, f->further_count, sizeof *f->further, by_label);
	for (size_t i = 0, n; i < f->further_count; i += n) {
		struct user *u = find(f, f->further[i].name);

		for (n = 1; i + n < f->further_count && span_same(f->further[i].name, f->further[i + n].name); n++)
			;
		if (u == NULL) {
			report_fault(
			    f, report, f->further[i].number,
			    "a verifier of a user who has no line; write name:verifier:uid:gid:maildrop:options");
			continue;
		}
		u->further = &f->further[i];
		u->further_count = n;
		group_check(f, report, u);
	}
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
	f->further = calloc(lines, sizeof *f->further);
	f->order = calloc(lines, sizeof *f->order);
	f->count = f->further_count = f->errors = 0;
	if (f->users == NULL || f->further == NULL || f->order == NULL)
		return -1;
	for (size_t at = 0; at < f->text.len;) {
		const uint8_t *p = f->text.p + at, *lf = memchr(p, '\n', f->text.len - at);
		size_t len = lf ? (size_t)(lf - p) : f->text.len - at, whole = len + (lf != NULL);

		at += whole;
		number++;
		if (!is_blank((struct span){ p, len }) && p[0] != '#')
			line_take(f, report, (struct span){ p, whole }, (struct span){ p, len }, number);
	}
	users_sort(f, report);
	further_sort(f, report);
	return f->errors ? -1 : 0;
}

void
userfile_free(struct userfile *f)
{
	free(f->users);
	free(f->further);
	free(f->order);
	f->users = NULL;
	f->further = NULL;
	f->order = NULL;
	f->count = f->further_count = 0;
}

const struct user *
userfile_find(const struct userfile *f, struct span name)
{
	return find(f, name);
}

struct span
userfile_behind(const struct user *u)
{
	struct span last = u->line;

	for (size_t i = 0; i < u->further_count; i++)
		if (u->further[i].line.p > last.p)
			last = u->further[i].line;
	return (struct span){ last.p + last.len, 0 };
}

static size_t
put(char *text, size_t n, const void *bytes, size_t len)
{
	if (len)
		memcpy(text + n, bytes, len);
	return n + len;
}

char *
userfile_edit(const struct userfile *f, const struct edit *edits, size_t count, size_t *len)
{
	size_t room = f->text.len + 1, n = 0, at = 0;
	char *text;

	for (size_t i = 0; i < count; i++)
		room += edits[i].text ? strlen(edits[i].text) + 2 : 0;
	text = malloc(room);
	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const struct edit *e = &edits[i];
		size_t start = e->line.p ? (size_t)(e->line.p - f->text.p) : f->text.len;

		n = put(text, n, f->text.p + at, start - at);
		at = start + e->line.len;
		if (e->text == NULL)
			continue;
		if (n && text[n - 1] != '\n')
			text[n++] = '\n';
		n = put(text, n, e->text, strlen(e->text));
		text[n++] = '\n';
	}
	*len = put(text, n, f->text.p + at, f->text.len - at);
	return text;
}
