#define _GNU_SOURCE
#include "system.h"

#include <string.h>
#include <unistd.h>

#include "die.h"

static bool
is(struct span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

int
system_policy_read(const char *users, const char *shells, struct system_policy *p)
{
	p->own = strcmp(users, "system") != 0;
	p->accounts = strcmp(users, "own") != 0;
	p->shells = shells_read(shells);
	return p->shells == SHELLS__MAX || (p->own && p->accounts && strcmp(users, "both") != 0) ? -1 : 0;
}

struct scan {
	struct colons_search search;
	struct secret *s;
};

/* A line of /etc/shadow.  Every hash is looked at in the same way, so that it does not matter whose line it is. */
static void
shadow_look(struct span line, void *with)
{
	struct scan *scan = with;
	struct span rest = line, hash;

	colons_look(&scan->search, line);
	if (span_cut(&rest, ':', &hash) && span_cut(&rest, ':', &hash) && userdb_scheme_of(hash))
		(void)span_copy(hash, scan->s->usual,
				sizeof scan->s->usual); /* one that does not fit is not judged either */
}

static enum colons_result
shadow_find(struct span name, struct secret *s)
{
	struct scan scan = { { .name = name, .c = &s->shadow }, s };

	return colons_each(FD_SHADOW, &s->shadow, shadow_look, &scan) ? COLONS_FAILED
								      : colons_cut(&scan.search, SHADOW_FIELDS);
}

/* What makes of the two lines a user. */
static enum users_result
account_make(const struct secret *s, bool shell, uint64_t now, struct userdb_secret *user)
{
	struct shadow shadow;

	if (shadow_read(s->shadow.fields, &shadow)) {
		warn("a number in this user's line of /etc/shadow is none: correct it with chage");
		return USERS_DAMAGED;
	}
	*user = (struct userdb_secret){ 0 };
	/* "x" is how passwd(5) says that the password stands in shadow(5). */
	if (shadow.locked || !shell || !is(s->passwd.fields[PASSWD_PASSWORD], "x") ||
	    (shadow.expires && shadow.expires <= now))
		user->flags = USERDB_DISABLED;
	if (userdb_scheme_of(shadow.hash) && shadow.hash.len <= USERDB_VERIFIER_MAX)
		user->verifiers[user->count++] =
		    (struct userdb_verifier){ .kind = USERDB_PASSWORD,
					      .mechanisms = USERDB_BY_PASS | USERDB_BY_PLAIN | USERDB_BY_LOGIN,
					      .expires = shadow.expires,
					      .hash = shadow.hash };
	else if (!shadow.locked)
		warn("this user's hash in /etc/shadow is of no scheme that is accepted: he needs a new password");
	return USERS_KNOWN;
}

enum users_result
system_find(struct span name, enum shells shells, uint64_t now, struct secret *s, struct userdb_secret *user)
{
	/* In old files these begin lines that are no accounts. */
	struct span who = name.len && (name.p[0] == '+' || name.p[0] == '-') ? (struct span){ NULL, 0 } : name;
	enum colons_result in_shadow = shadow_find(who, s),
			   in_passwd = colons_find(FD_PASSWD, who, PASSWD_FIELDS, &s->passwd);
	struct span shell = in_passwd == COLONS_FOUND ? s->passwd.fields[PASSWD_SHELL] : (struct span){ NULL, 0 };
	bool good = shell_is_good(shells, shell, FD_SHELLS, &s->shells);

	for (int fd = FD_SHADOW; fd <= FD_SHELLS; fd++)
		(void)close(fd); /* only read from */
	if (in_shadow == COLONS_FAILED || in_passwd == COLONS_FAILED)
		return USERS_FAILED;
	if (in_shadow == COLONS_NONE || in_passwd == COLONS_NONE)
		return USERS_UNKNOWN;
	if (in_shadow == COLONS_FOUND && in_passwd == COLONS_FOUND)
		return account_make(s, good, now, user);
	warn("this user's line of %s is malformed: correct it with %s",
	     in_shadow == COLONS_FOUND ? "/etc/passwd" : "/etc/shadow", in_shadow == COLONS_FOUND ? "vipw" : "vipw -s");
	return USERS_DAMAGED;
}

struct span
system_usual(const struct secret *s)
{
	return span_of(s->usual);
}
