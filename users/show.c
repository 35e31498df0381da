#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "hash.h"
#include "name.h"
#include "store.h"
#include "tell.h"
#include "terminal.h"
#include "testlogin.h"
#include "userdb.h"
#include "verbs.h"
#include "verifier.h"

#define TEXT(s) (int)(s).len, (const char *)(s).p

int
verb_list(const struct request *r)
{
	struct store s;
	int status = store_open(&s, r->users, r->data, STORE_READ);

	for (size_t i = 0; status == 0 && i < s.file.count; i++) {
		const struct user *u = &s.file.users[i];

		(void)printf("%.*s\t%.*s:%.*s\t%.*s\t%s\t%s\n", TEXT(u->name), TEXT(u->uid), TEXT(u->gid),
			     TEXT(u->maildrop), u->options.disabled ? "disabled" : "enabled",
			     verifier_name(u->verifier)); /* main looks at stdout */
	}
	store_close(&s);
	return status;
}

static void
verifier_show(struct span text, const struct options *o, size_t number)
{
	const struct userdb_scheme *scheme = userdb_scheme_of(text);
	char options[OPTIONS_TEXT_MAX];
	bool weak = scheme && scheme->weak;

	/* App passwords are random: the salted digest that app-add makes is right for them. */
	if (o->label.len && digest_is(text))
		weak = false;
	options_print(o, options);
	(void)printf("verifier: %s%s%s%s (line %zu)\n", verifier_name(text), weak ? " (weak: set a new password)" : "",
		     *options ? " " : "", options, number); /* main looks at stdout */
}

static void
user_show(const struct user *u, const char *users)
{
	struct options o = u->options;

	o.disabled = false; /* it has a line of its own */
	(void)printf("name: %.*s\nline: %s:%zu\nuid: %u\ngid: %u\nmaildrop: %.*s\nstate: %s\n", TEXT(u->name), users,
		     u->number, (unsigned)u->uid_number, (unsigned)u->gid_number, TEXT(u->maildrop),
		     u->options.disabled ? "disabled" : "enabled"); /* main looks at stdout */
	verifier_show(u->verifier, &o, u->number);
	for (size_t i = 0; i < u->further_count; i++)
		verifier_show(u->further[i].verifier, &u->further[i].options, u->further[i].number);
}

int
verb_show(const struct request *r)
{
	const struct user *u;
	struct store s;
	int status = store_open(&s, r->users, r->data, STORE_READ);

	u = status ? NULL : userfile_find(&s.file, span_of(r->name));
	if (status == 0 && u == NULL)
		status = tell(EXIT_ALREADY, "there is no user %s", r->name);
	if (u) {
		user_show(u, r->users);
		tokens_show(s.directory, u);
		logins_show(r->data, u);
	}
	store_close(&s);
	return status;
}

/* The form of the name that sallyport would look for. */
static int
name_settle(const char *given, char name[USER_MAX + 1], char bare[USER_MAX + 1])
{
	struct name_policy p;
	uint8_t canonical[USER_MAX];
	int status = testlogin_policy(&p);
	size_t n;

	if (status)
		return status;
	n = name_canonical(span_of(given), &p, canonical); /* given has no fault, so it fits */
	(void)span_copy((struct span){ canonical, n }, name, USER_MAX + 1);
	(void)span_copy(name_bare((struct span){ canonical, n }, &p), bare, USER_MAX + 1);
	if (strcmp(name, given) != 0)
		(void)printf("ok   name: %s\n", name); /* main looks at stdout */
	return 0;
}

int
verb_test(const struct request *r)
{
	char name[USER_MAX + 1], bare[USER_MAX + 1];
	const struct testlogin t = { r->users, r->data, name, bare, r->from, r->token };
	int status;

	/* The empty key is the decoy's, not a user's. */
	if (name_fault(span_of(r->name)))
		return tell(EXIT_ALREADY, "there is no user %s", r->name);
	status = name_settle(r->name, name, bare);
	return status ? status : testlogin_run(&t);
}

/* Print the hash of a password, for a text that another program writes. */
int
verb_hash(const struct request *r)
{
	char password[PASSWORD_MAX + 1], verifier[USERDB_VERIFIER_MAX + 1];
	struct hash_cost cost;
	int status = hash_cost_read(&cost);

	(void)r;
	if (status || (status = terminal_password("the hash", true, password)))
		return status;
	if (hash_make(password, &cost, verifier))
		status = tell(EXIT_SYSTEM, "cannot make a verifier: out of memory");
	else
		(void)puts(verifier); /* main looks at stdout */
	sodium_memzero(password, sizeof password);
	return status;
}

/* Is a password the one that a hash, which is no secret worth hiding from its owner, was made from? */
int
verb_verify(const struct request *r)
{
	uint8_t octets[VERIFIER_OCTETS_MAX];
	char password[PASSWORD_MAX + 1];
	struct userdb_verifier v;
	const char *fault = verifier_fault(span_of(r->name), &v, octets);
	enum hash_result result;
	int status;

	if (fault)
		return tell(EXIT_USAGE, "%s", fault);
	if (v.kind != USERDB_PASSWORD)
		return tell(EXIT_USAGE, "this is no hash of a password; only those can be verified");
	if ((status = terminal_password("the hash", false, password)))
		return status;
	result = hash_check(v.hash, password);
	sodium_memzero(password, sizeof password);
	if (result == HASH_FAILED)
		return tell(EXIT_SYSTEM, "cannot judge it: out of memory");
	(void)printf("%s: %s\n", verifier_name(span_of(r->name)), result == HASH_RIGHT ? "right" : "wrong");
	return result == HASH_RIGHT ? EXIT_DONE : EXIT_ALREADY;
}
