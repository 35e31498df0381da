/* Tokens, as an administrator sees them. */
#include <stdio.h>

#include "issuerfile.h"
#include "store.h"
#include "tell.h"
#include "verbs.h"

#define TEXT(s) (int)(s).len, (const char *)(s).p

static void
left_out(const char *path, size_t number, struct span kid, const char *why)
{
	(void)printf("left out: key %zu of %s, %.*s: %s\n", number, path, TEXT(kid), why); /* main looks at stdout */
}

static void
issuer_show(const struct issuer *u)
{
	(void)printf("issuer: %.*s\nuser: %.*s\n", TEXT(u->name), TEXT(u->claim)); /* main looks at stdout */
	for (uint8_t i = 0; i < u->audience_count; i++)
		(void)printf("audience: %.*s\n", TEXT(u->audiences[i]));
	if (u->scope.len)
		(void)printf("scope: %.*s\n", TEXT(u->scope));
	for (uint8_t i = 0; i < u->key_count; i++)
		(void)printf("key: %s %.*s\n", keyset_algorithm(&u->keys[i]), TEXT(u->keys[i].kid));
}

/* What the file says, and the files of keys. */
int
verb_issuers(const struct request *r)
{
	static struct issuerfile f;
	struct store s;
	int status = store_open(&s, r->users, r->data, STORE_READ_OR_EMPTY);

	if (status == 0)
		status = issuerfile_read(&f, s.directory, left_out);
	if (status == 0 && f.issuers.count == 0)
		status = tell(EXIT_ALREADY, "no issuers in %s", f.path);
	for (uint8_t i = 0; status == 0 && i < f.issuers.count; i++)
		issuer_show(&f.issuers.issuers[i]);
	issuerfile_free(&f);
	store_close(&s);
	return status;
}

void
tokens_show(const char *directory, const struct user *u)
{
	static struct issuerfile f;
	unsigned by = u->options.mechanisms;

	if (issuerfile_read(&f, directory, NULL) == 0 && f.issuers.count)
		(void)printf("tokens:%s%s%s\n", by & USERDB_BY_OAUTHBEARER ? " oauthbearer" : "",
			     by & USERDB_BY_XOAUTH2 ? " xoauth2" : "",
			     by & (USERDB_BY_OAUTHBEARER | USERDB_BY_XOAUTH2) ? "" : " none"); /* main looks */
	issuerfile_free(&f);
}
