#define _GNU_SOURCE
#include "testaccount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "moment.h"
#include "shadow.h"
#include "shell.h"
#include "tell.h"
#include "testlogin.h"

static bool
setting_is(const char *variable, const char *word)
{
	const char *value = getenv(variable);

	return value && strcmp(value, word) == 0;
}

bool
testaccount_accounts(void)
{
	return setting_is("POP3_USERS", "system") || setting_is("POP3_USERS", "both");
}

bool
testaccount_own(void)
{
	return !setting_is("POP3_USERS", "system");
}

/* Find name in a file.  Returns 0, EXIT_ALREADY after saying the step that fails, or another status after telling. */
static int
line_find(const char *path, const char *name, unsigned fields, struct colons *c)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char what[64];
	enum colons_result r;

	if (fd < 0)
		return tell(EXIT_SYSTEM, "cannot open %s: %s", path, strerror(errno));
	r = colons_find(fd, span_of(name), fields, c);
	(void)close(fd); /* only read from */
	if (r == COLONS_FAILED)
		return tell(EXIT_SYSTEM, "cannot read %s: %s", path, strerror(errno));
	(void)snprintf(what, sizeof what, "found in %s", path);
	testlogin_step(r == COLONS_FOUND, what, r == COLONS_MALFORMED ? "the line is malformed: correct it" : "");
	return r == COLONS_FOUND ? 0 : EXIT_ALREADY;
}

static bool
shell_check(struct span shell)
{
	static struct colons c;
	const char *policy = getenv("POP3_SHELLS");
	int list = open("/etc/shells", O_RDONLY | O_CLOEXEC);
	bool good = shell_is_good(shells_read(policy ? policy : "any"), shell, list, &c);

	if (list >= 0)
		(void)close(list); /* only read from */
	testlogin_step(good, "shell lets in", good ? "" : "not by POP3_SHELLS");
	return good;
}

static bool
is_x(struct span s)
{
	return s.len == 1 && s.p[0] == 'x';
}

static int
secret_make(const struct colons *shadow, const struct colons *passwd, struct userdb_secret *secret)
{
	struct shadow s;
	bool in_shadow = is_x(passwd->fields[PASSWD_PASSWORD]), shell = shell_check(passwd->fields[PASSWD_SHELL]);

	if (shadow_read(shadow->fields, &s)) {
		testlogin_step(false, "numbers in /etc/shadow", "one is none: correct it with chage");
		return EXIT_ALREADY;
	}
	testlogin_step(in_shadow, "password in /etc/shadow", in_shadow ? "" : "/etc/passwd has no x there");
	*secret = (struct userdb_secret){ 0 };
	if (s.locked || !in_shadow || !shell || (s.expires && s.expires <= moment_now()))
		secret->flags = USERDB_DISABLED;
	if (s.hash.len && userdb_scheme_of(s.hash) == NULL)
		testlogin_step(false, "scheme", "not one that is accepted: set a new password");
	else if (s.hash.len)
		secret->verifiers[secret->count++] =
		    (struct userdb_verifier){ .kind = USERDB_PASSWORD,
					      .mechanisms = USERDB_BY_PASS | USERDB_BY_PLAIN | USERDB_BY_LOGIN,
					      .expires = s.expires,
					      .hash = s.hash };
	return 0;
}

static int
user_make(const struct colons *passwd, const char *name, struct testaccount *a)
{
	const char *form = getenv("POP3_MAILDIR");
	uint64_t uid, gid;
	size_t n;

	form = form ? form : "~/Maildir";
	if (maildrop_form_fault(form))
		return tell(EXIT_USAGE, "POP3_MAILDIR: %s", maildrop_form_fault(form));
	if (span_number(passwd->fields[PASSWD_UID], UINT32_MAX, &uid) ||
	    span_number(passwd->fields[PASSWD_GID], UINT32_MAX, &gid)) {
		testlogin_step(false, "uid and gid", "/etc/passwd has no number there");
		return EXIT_ALREADY;
	}
	n = maildrop_by_form(form, span_of(name), passwd->fields[PASSWD_HOME], a->octets);
	if (n > USERDB_MAILDROP_MAX || n == 0) {
		testlogin_step(false, "maildrop", "its name is too long");
		return EXIT_ALREADY;
	}
	a->user = (struct userdb_user){ (uint32_t)uid, (uint32_t)gid, { a->octets, n } };
	return 0;
}

int
testaccount_find(const char *name, struct testaccount *a)
{
	static struct colons shadow, passwd;
	int status = line_find("/etc/shadow", name, SHADOW_FIELDS, &shadow);

	if (status == 0)
		status = line_find("/etc/passwd", name, PASSWD_FIELDS, &passwd);
	if (status == 0)
		status = secret_make(&shadow, &passwd, &a->secret);
	return status ? status : user_make(&passwd, name, a);
}
