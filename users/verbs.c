#include "verbs.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms.h"
#include "hash.h"
#include "lines.h"
#include "moment.h"
#include "tell.h"
#include "terminal.h"
#include "userdb.h"

/* The new password, typed, read or made, and its verifier.  Slow, so it is done without the lock. */
static int
password_new(const struct request *r, char password[PASSWORD_MAX + 1], char verifier[USERDB_VERIFIER_MAX + 1])
{
	struct hash_cost cost;
	int status = hash_cost_read(&cost);

	if (status)
		return status;
	if (r->generate)
		hash_password_new(password);
	else if ((status = terminal_password(r->name, true, password)))
		return status;
	if (hash_make(password, &cost, verifier))
		return tell(EXIT_SYSTEM, "cannot make a verifier: out of memory");
	return 0;
}

static int
absent(const struct request *r)
{
	return tell(EXIT_ALREADY, "there is no user %s", r->name);
}

/* Is name there?  Asked before a person is asked to type a password; and asked again under the lock. */
static int
presence(const struct request *r, enum store_mode mode, bool *present)
{
	struct store s;
	int status = store_open(&s, r->users, r->data, mode);

	*present = status == 0 && userfile_find(&s.file, span_of(r->name)) != NULL;
	store_close(&s);
	return status;
}

/* What was asked for, as the fields of a line; -u without a gid takes the account's. */
static int
fields_asked(const struct request *r, struct fields *f)
{
	struct span asked = span_of(r->uid), uid = { NULL, 0 }, gid;
	const char *fault;
	gid_t primary, g;
	uid_t u;

	*f = (struct fields){ .options = { .mechanisms = USERDB_BY_ALL } };
	(void)span_cut(&asked, ':', &uid); /* a string always has a first field */
	if ((fault = name_fault(span_of(r->name))) || (fault = maildrop_fault(span_of(r->maildrop))) ||
	    (fault = uid_fault(uid, &u, &primary)))
		return tell(EXIT_USAGE, "%s", fault);
	if (asked.p == NULL && primary == (gid_t)-1)
		return tell(EXIT_USAGE, "uid %u is no account's, so it has no gid; write -u UID:GID", (unsigned)u);
	if (asked.p == NULL)
		(void)snprintf(f->gid, sizeof f->gid, "%u", (unsigned)primary); /* fits */
	gid = asked.p ? asked : span_of(f->gid);
	if ((fault = gid_fault(gid, &g)))
		return tell(EXIT_USAGE, "%s", fault);
	if (span_copy(span_of(r->name), f->name, sizeof f->name) || span_copy(uid, f->uid, sizeof f->uid) ||
	    (asked.p && span_copy(gid, f->gid, sizeof f->gid)) ||
	    span_copy(span_of(r->maildrop), f->maildrop, sizeof f->maildrop))
		return tell(EXIT_USAGE, "an argument is too long");
	return 0;
}

/* The user's own line, and one for each further form of the main password; slow too. */
static int
lines_new(const struct request *r, const struct fields *f, const char *password, char text[FORMS_TEXT_MAX])
{
	int status = line_print(f, text);

	return status ? status : forms_append(text, f, password, r->kinds, r->data);
}

/* The generated password is shown when it is valid, and only then. */
static int
password_show(const struct request *r, const char *password, int status)
{
	if (status == 0 && r->generate && (puts(password) == EOF || fflush(stdout)))
		return tell(EXIT_SYSTEM, "cannot show the password; set another with sallyport-user passwd");
	return status;
}

int
verb_add(const struct request *r)
{
	char password[PASSWORD_MAX + 1] = "", text[FORMS_TEXT_MAX];
	const struct edit edit = { { NULL, 0 }, text };
	struct fields f;
	struct store s;
	bool present;
	int status = fields_asked(r, &f);

	if (status || (status = presence(r, STORE_CREATE, &present)))
		return status;
	if (present)
		return tell(EXIT_ALREADY, "there is a user %s already", r->name);
	if ((status = password_new(r, password, f.verifier)) == 0 && (status = lines_new(r, &f, password, text)) == 0) {
		status = store_open(&s, r->users, r->data, STORE_CREATE);
		if (status == 0 && userfile_find(&s.file, span_of(r->name)))
			status = tell(EXIT_ALREADY, "there is a user %s already", r->name);
		if (status == 0)
			status = edits_put(&s, &edit, 1);
		store_close(&s);
	}
	status = password_show(r, password, status);
	sodium_memzero(password, sizeof password);
	return status;
}

/* Forms of the main password other than its hash: they end with the password that they are of. */
static bool
of_main_password(const struct further *v)
{
	return v->options.label.len == 0;
}

/* The new password takes the place of the main one, in whatever forms that is there.  verifier: its hash, or NULL if
 * that stays and only the forms are new. */
static int
password_put(const struct request *r, struct store *s, const struct user *u, const char *password, const char *verifier)
{
	struct edit edits[USERDB_VERIFIERS_MAX];
	char text[FORMS_TEXT_MAX];
	struct fields f;
	int status = fields_of(&f, u);

	if (status)
		return status;
	if (verifier)
		(void)span_copy(span_of(verifier), f.verifier, sizeof f.verifier); /* of the same size */
	if (verifier && f.options.created)
		f.options.created = moment_now();
	status = lines_new(r, &f, password, text);
	return status ? status : edits_put(s, edits, lines_edit(u, text, of_main_password, edits));
}

int
verb_passwd(const struct request *r)
{
	char password[PASSWORD_MAX + 1] = "", verifier[USERDB_VERIFIER_MAX + 1];
	const struct user *u;
	struct store s;
	bool present;
	int status = presence(r, STORE_READ, &present);

	if (status || !present)
		return status ? status : absent(r);
	if ((status = password_new(r, password, verifier)) == 0) {
		status = store_open(&s, r->users, r->data, STORE_CHANGE);
		u = status ? NULL : userfile_find(&s.file, span_of(r->name));
		if (status == 0)
			status = u ? password_put(r, &s, u, password, verifier) : absent(r);
		store_close(&s);
	}
	status = password_show(r, password, status);
	sodium_memzero(password, sizeof password);
	return status;
}

/* Does the user know his main password?  It counts as a guess at his account, and who is not there is no different. */
static int
current_check(const struct request *r)
{
	char password[PASSWORD_MAX + 1] = "";
	enum hash_result result = HASH_WRONG;
	const struct user *u;
	struct store s = { .lock = -1 };
	int status = guess_gate(r->data, r->name, NULL);

	if (status == 0)
		status = terminal_password(r->name, false, password);
	if (status == 0)
		status = store_open(&s, r->users, r->data, STORE_READ);
	u = status ? NULL : userfile_find(&s.file, span_of(r->name));
	if (u && u->kind == USERDB_PASSWORD && !u->options.disabled)
		result = hash_check(u->verifier, password);
	if (status == 0 && result != HASH_RIGHT) {
		(void)guess_gate(r->data, r->name, password); /* it tells what it cannot do */
		status = tell(EXIT_ALREADY, "that is not the current password of %s", r->name);
	}
	sodium_memzero(password, sizeof password);
	store_close(&s);
	return status;
}

/* For the user himself, by way of sudo: he proves who he is by the password that he changes. */
int
verb_change(const struct request *r)
{
	int status = current_check(r);

	return status ? status : verb_passwd(r);
}

/* The password has to be the main one, and is asked for only if there is a form to make of it. */
int
verb_forms(const struct request *r)
{
	char password[PASSWORD_MAX + 1] = "";
	const struct user *u;
	struct store s;
	bool present;
	int status = presence(r, STORE_READ, &present);

	if (status || !present)
		return status ? status : absent(r);
	if (r->kinds && (status = terminal_password(r->name, false, password)))
		return status;
	status = store_open(&s, r->users, r->data, STORE_CHANGE);
	u = status ? NULL : userfile_find(&s.file, span_of(r->name));
	if (status == 0 && u == NULL)
		status = absent(r);
	else if (status == 0 && u->kind != USERDB_PASSWORD)
		status =
		    tell(EXIT_USAGE, "the main verifier of %s is no hash; set a new password with passwd", r->name);
	else if (status == 0 && r->kinds && hash_check(u->verifier, password) != HASH_RIGHT)
		status = tell(EXIT_ALREADY, "that is not the current password of %s", r->name);
	if (status == 0)
		status = password_put(r, &s, u, password, NULL);
	sodium_memzero(password, sizeof password);
	store_close(&s);
	return status;
}

int
verb_del(const struct request *r)
{
	struct edit edits[USERDB_VERIFIERS_MAX];
	const struct user *u;
	struct store s;
	int status = store_open(&s, r->users, r->data, STORE_CHANGE);

	u = status ? NULL : userfile_find(&s.file, span_of(r->name));
	if (status == 0)
		status = u ? edits_put(&s, edits, lines_edit(u, NULL, NULL, edits)) : absent(r);
	store_close(&s);
	return status;
}

static int
disabled_set(const struct request *r, bool disabled)
{
	const struct user *u;
	struct fields f;
	struct store s;
	int status = store_open(&s, r->users, r->data, STORE_CHANGE);

	u = status ? NULL : userfile_find(&s.file, span_of(r->name));
	if (status == 0 && u == NULL)
		status = absent(r);
	else if (status == 0 && u->options.disabled == disabled)
		status = tell(EXIT_ALREADY, "%s is %s already", r->name, disabled ? "disabled" : "enabled");
	if (u && status == 0 && (status = fields_of(&f, u)) == 0) {
		f.options.disabled = disabled;
		status = line_put(&s, u, &f);
	}
	store_close(&s);
	return status;
}

int
verb_disable(const struct request *r)
{
	return disabled_set(r, true);
}

int
verb_enable(const struct request *r)
{
	return disabled_set(r, false);
}

int
verb_rename(const struct request *r)
{
	struct edit edits[USERDB_VERIFIERS_MAX];
	static char lines[USERDB_VERIFIERS_MAX][LINE_TEXT_MAX];
	const char *fault = name_fault(span_of(r->other));
	const struct user *u;
	struct fields f;
	struct store s;
	size_t n;
	int status;

	if (fault)
		return tell(EXIT_USAGE, "%s", fault);
	status = store_open(&s, r->users, r->data, STORE_CHANGE);
	u = status ? NULL : userfile_find(&s.file, span_of(r->name));
	if (status == 0 && u == NULL)
		status = absent(r);
	if (status == 0 && userfile_find(&s.file, span_of(r->other)))
		status = tell(EXIT_ALREADY, "there is a user %s already", r->other);
	if (u && status == 0 && (status = fields_of(&f, u)) == 0) {
		(void)span_copy(span_of(r->other), f.name, sizeof f.name); /* fits: it has no fault */
		status = line_print(&f, lines[0]);
		for (size_t i = 0; status == 0 && i < u->further_count; i++)
			status = further_print(span_of(r->other), u->further[i].verifier, &u->further[i].options,
					       lines[i + 1]);
		n = lines_replace(u, lines, edits);
		if (status == 0)
			status = edits_put(&s, edits, n);
	}
	store_close(&s);
	return status;
}

/* The limits of the request, and the rest as it is. */
static struct options
limits_put(const struct request *r, const struct options *old)
{
	struct options o = r->options;

	o.disabled = old->disabled;
	o.created = old->created;
	o.labelled = old->labelled;
	o.label = old->label;
	return o;
}

/* What the main password is good for, in each of its forms; what is not asked for is not restricted. */
int
verb_restrict(const struct request *r)
{
	struct edit edits[USERDB_VERIFIERS_MAX];
	static char lines[USERDB_VERIFIERS_MAX][LINE_TEXT_MAX];
	const struct user *u;
	struct fields f;
	struct store s;
	int status = store_open(&s, r->users, r->data, STORE_CHANGE);

	u = status ? NULL : userfile_find(&s.file, span_of(r->name));
	if (status == 0)
		status = u ? fields_of(&f, u) : absent(r);
	if (u && status == 0) {
		f.options = limits_put(r, &f.options);
		status = line_print(&f, lines[0]);
		for (size_t i = 0; status == 0 && i < u->further_count; i++) {
			const struct further *v = &u->further[i];
			struct options o = of_main_password(v) ? limits_put(r, &v->options) : v->options;

			status = further_print(u->name, v->verifier, &o, lines[i + 1]);
		}
		if (status == 0)
			status = edits_put(&s, edits, lines_replace(u, lines, edits));
	}
	store_close(&s);
	return status;
}

int
verb_compile(const struct request *r)
{
	struct store s;
	int status = store_open(&s, r->users, r->data, STORE_CHANGE);

	if (status == 0)
		status = store_put(&s, NULL, 0);
	store_close(&s);
	return status;
}
