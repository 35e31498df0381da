#define _GNU_SOURCE
#include "testlogin.h"

#include <cdb.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forms.h"
#include "fresh.h"
#include "hash.h"
#include "moment.h"
#include "tell.h"
#include "terminal.h"
#include "testtoken.h"
#include "testaccount.h"
#include "userdb.h"
#include "verifier.h"

enum { EXIT_REFUSED = 1 };

/* What sallyport itself compares with, unless its environment says otherwise. */
static const char MAILBASE[] = "/var/vmail", UIDMIN[] = "1000";

void
testlogin_step(bool good, const char *what, const char *detail)
{
	/* main looks whether standard output works */
	(void)printf("%-4s %s%s%s\n", good ? "ok" : "FAIL", what, *detail ? ": " : "", detail);
}

ssize_t
testlogin_value(const char *data, const char *database, struct span key, uint8_t *value, size_t room)
{
	char path[FRESH_PATH_MAX];
	unsigned len = 0;
	int fd, n;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", data, database) >= sizeof path)
		return tell(-1, "the name of %s is too long", data);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return tell(-1, "cannot open %s: %s; run sallyport-user compile", path, strerror(errno));
	n = cdb_seek(fd, key.p, (unsigned)key.len, &len);
	if (n > 0 && (len > room || cdb_bread(fd, value, (int)len)))
		n = -1;
	(void)close(fd); /* only read from */
	if (n < 0)
		return tell(-1, "%s is damaged; run sallyport-user compile", path);
	return n == 0 ? 0 : (ssize_t)len;
}

static void
age_check(const char *users, const char *data)
{
	char path[FRESH_PATH_MAX];
	struct stat text, database;

	if ((size_t)snprintf(path, sizeof path, "%s/users.cdb", data) >= sizeof path || stat(users, &text) ||
	    stat(path, &database))
		return;
	if (text.st_mtim.tv_sec > database.st_mtim.tv_sec)
		(void)printf("note %s is newer than %s: run sallyport-user compile\n", users, path);
}

/* The verifier that the password matches; NULL if there is none, and *failed if one could not be judged. */
static const struct userdb_verifier *
verifier_match(const struct userdb_secret *secret, const char *password, const char *data, bool *failed)
{
	*failed = false;
	for (uint8_t i = 0; i < secret->count; i++) {
		const struct userdb_verifier *v = &secret->verifiers[i];
		enum hash_result r =
		    v->kind == USERDB_PASSWORD ? hash_check(v->hash, password) : form_check(v, password, data);

		if (r == HASH_RIGHT)
			return v;
		*failed |= r == HASH_FAILED;
	}
	return NULL;
}

/* What the other forms of the main password are made of. */
static void
forms_check(const struct userdb_secret *secret, const struct userdb_verifier *main, const char *password,
	    const char *data)
{
	static const char *const results[] = {
		[HASH_RIGHT] = "of this password too",
		[HASH_WRONG] = "of another password",
		[HASH_FAILED] = "cannot be judged",
	};

	for (uint8_t i = 0; i < secret->count; i++) {
		const struct userdb_verifier *v = &secret->verifiers[i];

		if (v != main && v->label.len == 0 && main->label.len == 0 && v->kind != USERDB_PASSWORD) {
			enum hash_result r = form_check(v, password, data);

			(void)printf("%s %s: %s\n", r == HASH_RIGHT ? "ok  " : "note", verifier_kind_name(v->kind),
				     results[r]); /* main looks at stdout */
		}
	}
}

/* By what is it good?  Whether USER and PASS are among that. */
static bool
mechanisms_show(const struct userdb_verifier *v)
{
	bool by_password = v->kind == USERDB_PASSWORD && v->mechanisms & USERDB_BY_PASS;
	bool by_challenge = v->kind == USERDB_SHARED && v->mechanisms & (USERDB_BY_APOP | USERDB_BY_CRAM_MD5);

	testlogin_step(by_password, "good for USER and PASS", "");
	if (by_challenge)
		testlogin_step(true, "good for APOP or CRAM-MD5", "");
	return by_password || by_challenge;
}

/* What the verifier is good for, and whether this login is that. */
static bool
verifier_check(const struct userdb_verifier *v, const char *from)
{
	bool expired = v->expires && v->expires <= moment_now(), near, usable;
	char text[MOMENT_TEXT_MAX] = "never";
	struct address a;

	(void)printf("ok   password: right, the %s%.*s\n", v->label.len ? "app password " : "main one",
		     (int)v->label.len, (const char *)v->label.p); /* main looks at stdout */
	if (v->kind != USERDB_PASSWORD)
		testlogin_step(true, "scheme", verifier_kind_name(v->kind));
	else
		testlogin_step(true, "scheme",
			       userdb_scheme_of(v->hash) ? userdb_scheme_of(v->hash)->name
							 : "not one that is accepted");
	if (v->expires)
		moment_print(v->expires, text);
	testlogin_step(!expired, "expires", text);
	usable = mechanisms_show(v);
	near = userdb_verifier_applies(v, v->mechanisms, from && address_read(span_of(from), &a) == 0 ? &a : NULL, 0);
	if (v->networks.len)
		testlogin_step(near, "good from this address", from ? from : "say with -a from which");
	return !expired && near && usable;
}

static bool
secret_check(const char *name, const struct userdb_secret *secret, const char *data, const char *from, int *status)
{
	const struct userdb_verifier *v;
	char password[PASSWORD_MAX + 1];
	bool failed, good = false;

	*status = terminal_password(name, false, password);
	if (*status)
		return false;
	v = verifier_match(secret, password, data, &failed);
	testlogin_step(!(secret->flags & USERDB_DISABLED), "enabled",
		       secret->flags & USERDB_DISABLED ? "no: it is disabled" : "");
	if (v) {
		good = verifier_check(v, from);
		forms_check(secret, v, password, data);
	} else {
		testlogin_step(false, "password", failed ? "cannot be judged" : "wrong");
	}
	sodium_memzero(password, sizeof password);
	if (failed && v == NULL)
		*status = EXIT_SYSTEM;
	return good && !(secret->flags & USERDB_DISABLED);
}

/* Count the messages of new or cur, as storage does: what does not begin with a dot.  Returns -1 if it cannot. */
static long
messages_count(const char *maildrop, const char *sub)
{
	char path[USERDB_MAILDROP_MAX + 8];
	struct dirent *e;
	long n = 0;
	DIR *d;

	(void)snprintf(path, sizeof path, "%s/%s", maildrop, sub); /* fits, by the size of a maildrop */
	d = opendir(path);
	if (d == NULL)
		return -1;
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d); /* only read from */
	return n;
}

static bool
maildrop_check(const char *maildrop, uid_t uid, gid_t gid)
{
	char text[128];
	struct stat st;
	long new, cur;
	bool owned;

	if (stat(maildrop, &st)) {
		testlogin_step(false, "maildrop exists", strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		testlogin_step(false, "maildrop exists", "it is not a directory");
		return false;
	}
	testlogin_step(true, "maildrop exists", maildrop);
	owned = st.st_uid == uid;
	(void)snprintf(text, sizeof text, "%u:%u, mode %04o%s", (unsigned)st.st_uid, (unsigned)st.st_gid,
		       (unsigned)st.st_mode & 07777, owned ? "" : "; chown -R it to the uid above");
	testlogin_step(owned, "maildrop's owner", text);
	if (owned && st.st_gid != gid)
		(void)printf("note its group is another than the one above\n");
	new = messages_count(maildrop, "new");
	cur = messages_count(maildrop, "cur");
	if (new < 0 || cur < 0) {
		testlogin_step(false, "messages", "new or cur cannot be read; a Maildir has new, cur and tmp");
		return false;
	}
	(void)snprintf(text, sizeof text, "%ld in new, %ld in cur", new, cur);
	testlogin_step(true, "messages", text);
	return owned;
}

static bool
limits_check(const struct userdb_user *u, const char *maildrop)
{
	const char *base = getenv("POP3_MAILBASE"), *floor = getenv("POP3_UIDMIN");
	uint64_t least = 0;
	size_t n;
	bool high, beneath;
	char text[128];

	base = base ? base : MAILBASE;
	floor = floor ? floor : UIDMIN;
	n = strlen(base);
	while (n && base[n - 1] == '/')
		n--;
	beneath = strncmp(maildrop, base, n) == 0 && maildrop[n] == '/';
	high = span_number(span_of(floor), UINT32_MAX, &least) == 0 && u->uid >= least;
	(void)snprintf(text, sizeof text, "%u:%u%s", (unsigned)u->uid, (unsigned)u->gid,
		       high ? "" : "; it is below POP3_UIDMIN");
	testlogin_step(high, "uid and gid", text);
	testlogin_step(beneath, "maildrop beneath POP3_MAILBASE", beneath ? "" : base);
	return high && beneath;
}

static bool
user_check(const struct userdb_user *user)
{
	char maildrop[USERDB_MAILDROP_MAX + 1];
	bool good;

	(void)span_copy(user->maildrop, maildrop, sizeof maildrop); /* it fits, and has no NUL */
	good = limits_check(user, maildrop);
	return maildrop_check(maildrop, user->uid, user->gid) && good;
}

int
testlogin_policy(struct name_policy *p)
{
	const char *fold = getenv("POP3_FOLD"), *separator = getenv("POP3_SUBADDRESS"), *domain = getenv("POP3_DOMAIN");

	*p = (struct name_policy){ .fold = fold && strcmp(fold, "1") == 0 };
	if (separator && name_separator_fault(separator))
		return tell(EXIT_USAGE, "POP3_SUBADDRESS: %s", name_separator_fault(separator));
	p->separator = separator && separator[0] != '-' ? separator[0] : '\0';
	p->domain = domain && strcmp(domain, "-") != 0 ? span_of(domain) : (struct span){ NULL, 0 };
	return 0;
}

static int
found_test(const struct testlogin *t, const char *name, const struct userdb_secret *secret,
	   const struct userdb_user *user)
{
	bool good;
	int status;

	(void)fflush(stdout); /* before the prompt */
	good = t->token ? testtoken_check(t, name, secret, &status)
			: secret_check(name, secret, t->data, t->from, &status);
	if (status)
		return status;
	return user_check(user) && good ? EXIT_DONE : EXIT_REFUSED;
}

static int
account_test(const struct testlogin *t)
{
	static struct testaccount a;
	int status = testaccount_find(t->bare, &a);

	return status ? status : found_test(t, t->bare, &a.secret, &a.user);
}

int
testlogin_run(const struct testlogin *t)
{
	static uint8_t secret[USERDB_SECRET_MAX];
	uint8_t user[USERDB_USER_MAX];
	struct userdb_secret s;
	struct userdb_user u;
	ssize_t secret_len, user_len;
	int status;

	if (!testaccount_own())
		return account_test(t);
	secret_len = testlogin_value(t->data, "secrets.cdb", span_of(t->name), secret, sizeof secret);
	user_len = testlogin_value(t->data, "users.cdb", span_of(t->name), user, sizeof user);
	if (secret_len < 0 || user_len < 0)
		return EXIT_SYSTEM;
	if (secret_len == 0 && user_len == 0 && testaccount_accounts())
		return account_test(t);
	age_check(t->users, t->data);
	testlogin_step(secret_len > 0, "found in secrets.cdb", "");
	testlogin_step(user_len > 0, "found in users.cdb", "");
	if (secret_len == 0 || user_len == 0)
		return EXIT_REFUSED;
	if (userdb_secret_get((struct span){ secret, (size_t)secret_len }, &s))
		return tell(EXIT_SYSTEM, "the value in secrets.cdb is damaged; run sallyport-user compile");
	if (userdb_user_get((struct span){ user, (size_t)user_len }, &u))
		return tell(EXIT_SYSTEM, "the value in users.cdb is damaged; run sallyport-user compile");
	status = found_test(t, t->name, &s, &u);
	sodium_memzero(secret, sizeof secret);
	return status;
}
