/* App passwords and client certificates: further verifiers of a user, each with a label. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "digest.h"
#include "forms.h"
#include "hash.h"
#include "lines.h"
#include "moment.h"
#include "tell.h"
#include "verbs.h"

/* All lines under one label. */
static size_t
label_edit(const struct user *u, struct span label, struct edit edits[USERDB_VERIFIERS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < u->further_count; i++) {
		struct span l = u->further[i].options.label;

		if (l.len == label.len && memcmp(l.p, label.p, l.len) == 0)
			edits[n++] = (struct edit){ u->further[i].line, NULL };
	}
	for (size_t i = 1; i < n; i++) /* into the order of the file: there are a few */
		for (size_t j = i; j && edits[j].line.p < edits[j - 1].line.p; j--) {
			struct edit e = edits[j];

			edits[j] = edits[j - 1];
			edits[j - 1] = e;
		}
	return n;
}

/* The user of the request, and how many lines his label has; asked for with -x, -b and -a. */
static int
label_find(const struct request *r, struct store *s, const struct user **u, struct edit edits[USERDB_VERIFIERS_MAX],
	   size_t *n)
{
	const char *fault = label_fault(span_of(r->other));
	int status;

	*u = NULL;
	*n = 0;
	if (fault)
		return tell(EXIT_USAGE, "%s", fault);
	status = store_open(s, r->users, r->data, STORE_CHANGE);
	if (status)
		return status;
	*u = userfile_find(&s->file, span_of(r->name));
	if (*u == NULL)
		return tell(EXIT_ALREADY, "there is no user %s", r->name);
	*n = label_edit(*u, span_of(r->other), edits);
	return 0;
}

static int
label_put(const struct request *r, struct store *s, const struct user *u, const char *verifier)
{
	struct options o = r->options;
	char line[LINE_TEXT_MAX];
	const struct edit edit = { userfile_behind(u), line };
	int status;

	o.labelled = true;
	o.label = span_of(r->other);
	o.created = moment_now();
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): label_find gives no user only with a status */
	status = further_print(u->name, span_of(verifier), &o, line);
	return status ? status : edits_put(s, &edit, 1);
}

/* Always a random one: its hash is cheap, so that every one of a user can be tried at each login. */
static int
app_put(const struct request *r, struct store *s, const struct user *u, const char *password)
{
	char hash[USERDB_VERIFIER_MAX + 1];
	int status = 0;

	if (r->kinds)
		status = form_make(USERDB_SHARED, password, r->data, hash);
	else
		digest_make(span_of(password), hash);
	return status ? status : label_put(r, s, u, hash);
}

int
verb_app_add(const struct request *r)
{
	struct store s = { .lock = -1 };
	struct edit edits[USERDB_VERIFIERS_MAX];
	char password[PASSWORD_NEW_CHARS + 1];
	const struct user *u;
	size_t n;
	int status;

	/* A server that speaks SCRAM names one salt before it hears which password it is. */
	if (r->kinds & ~FORM_BIT(USERDB_SHARED))
		return tell(EXIT_USAGE, "an app password is for SCRAM in no case; write -k shared, or no -k");
	status = label_find(r, &s, &u, edits, &n);
	if (status == 0 && n)
		status = tell(EXIT_ALREADY, "%s has an app password %s already", r->name, r->other);
	if (status == 0 && u) {
		hash_password_new(password);
		status = app_put(r, &s, u, password);
		if (status == 0 && (puts(password) == EOF || fflush(stdout)))
			status = tell(EXIT_SYSTEM, "cannot show the password; remove it with sallyport-user app-del");
		sodium_memzero(password, sizeof password);
	}
	store_close(&s);
	return status;
}

static int
label_del(const struct request *r, const char *what)
{
	struct store s = { .lock = -1 };
	struct edit edits[USERDB_VERIFIERS_MAX];
	const struct user *u;
	size_t n;
	int status = label_find(r, &s, &u, edits, &n);

	if (status == 0)
		status = n ? edits_put(&s, edits, n) : tell(EXIT_ALREADY, "%s has no %s %s", r->name, what, r->other);
	store_close(&s);
	return status;
}

int
verb_app_del(const struct request *r)
{
	return label_del(r, "app password");
}

int
verb_cert_del(const struct request *r)
{
	return label_del(r, "certificate");
}

int
verb_cert_add(const struct request *r)
{
	struct store s = { .lock = -1 };
	struct edit edits[USERDB_VERIFIERS_MAX];
	char verifier[CERTIFICATE_TEXT_MAX];
	const struct user *u;
	size_t n;
	int status = label_find(r, &s, &u, edits, &n);

	if (status == 0 && n)
		status = tell(EXIT_ALREADY, "%s has something under the label %s already", r->name, r->other);
	if (status == 0)
		status = certificate_verifier(r->third, verifier);
	if (status == 0)
		status = label_put(r, &s, u, verifier);
	store_close(&s);
	return status;
}
