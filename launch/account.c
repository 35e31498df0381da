#define _GNU_SOURCE
#include "account.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "die.h"
#include "span.h"

static struct account
account_checked(const char *variable, struct account a)
{
	if (a.uid == 0 || a.gid == 0)
		die_usage("%s: the account has uid or gid 0: rooms never run as root; name another", variable);
	return a;
}

struct account
account_find(const char *variable, const char *name)
{
	struct span rest = span_of(name), first, second;
	uint64_t uid, gid;
	struct passwd *p;
	FILE *f;

	if (span_cut(&rest, ':', &first) && span_cut(&rest, ':', &second) && rest.p == NULL &&
	    !span_number(first, UINT32_MAX - 2, &uid) && !span_number(second, UINT32_MAX - 2, &gid))
		return account_checked(variable, (struct account){ (uid_t)uid, (gid_t)gid });
	f = fopen("/etc/passwd", "re");
	if (f == NULL)
		die_sys("cannot open /etc/passwd");
	while ((p = fgetpwent(f)) != NULL)
		if (strcmp(p->pw_name, name) == 0) {
			(void)fclose(f); /* only read from */
			return account_checked(variable, (struct account){ p->pw_uid, p->pw_gid });
		}
	die_usage("%s: there is no account %s: make it (adduser --system --group --no-create-home %s), "
		  "or set %s to another or to UID:GID",
		  variable, name, name, variable);
}
