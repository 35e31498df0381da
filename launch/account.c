#define _GNU_SOURCE
#include "account.h"

#include <fcntl.h>
#include <unistd.h>

#include "colons.h"
#include "die.h"

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
	static struct colons line;
	enum colons_result found;
	int fd;

	if (span_cut(&rest, ':', &first) && span_cut(&rest, ':', &second) && rest.p == NULL &&
	    !span_number(first, UINT32_MAX - 2, &uid) && !span_number(second, UINT32_MAX - 2, &gid))
		return account_checked(variable, (struct account){ (uid_t)uid, (gid_t)gid });
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die_sys("cannot open /etc/passwd");
	found = colons_find(fd, span_of(name), PASSWD_FIELDS, &line);
	(void)close(fd); /* only read from */
	if (found == COLONS_FOUND && !span_number(line.fields[PASSWD_UID], UINT32_MAX - 2, &uid) &&
	    !span_number(line.fields[PASSWD_GID], UINT32_MAX - 2, &gid))
		return account_checked(variable, (struct account){ (uid_t)uid, (gid_t)gid });
	if (found != COLONS_NONE)
		die_usage("%s: the line of the account %s in /etc/passwd cannot be read: correct it with vipw",
			  variable, name);
	die_usage("%s: there is no account %s: make it (adduser --system --group --no-create-home %s), "
		  "or set %s to another or to UID:GID",
		  variable, name, name, variable);
}
