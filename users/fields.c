#define _GNU_SOURCE
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "userdb.h"
#include "userfile.h"

enum { ACCOUNT_NAME_MAX = 64, ID_MAX = UINT32_MAX - 1 };

static bool
is_graphic(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return false;
	return true;
}

const char *
name_fault(struct span name)
{
	if (name.len == 0 || name.len > USER_MAX)
		return "the name is empty or longer than 255 octets; write a shorter one";
	if (!is_graphic(name) || memchr(name.p, ':', name.len))
		return "the name has a space, a colon or something that is not printable ASCII; write it without";
	if (name.p[0] == '#' || name.p[0] == '-')
		return "the name begins with # or -; write another";
	return NULL;
}

const char *
maildrop_fault(struct span maildrop)
{
	struct span rest, part;

	if (maildrop.len < 2 || maildrop.p[0] != '/' || maildrop.len > USERDB_MAILDROP_MAX)
		return "the maildrop is not an absolute path of at most 1023 octets; write one";
	for (size_t i = 0; i < maildrop.len; i++)
		if (maildrop.p[i] < 0x20 || maildrop.p[i] == 0x7f || maildrop.p[i] == ':')
			return "the maildrop has a colon or a control character; write it without";
	if (maildrop.p[maildrop.len - 1] == ' ')
		return "the maildrop ends in a space; write it without";
	rest = (struct span){ maildrop.p + 1, maildrop.len - 1 };
	while (span_cut(&rest, '/', &part))
		if (part.len == 0 || (part.len <= 2 && memcmp(part.p, "..", part.len) == 0))
			return "the maildrop has an empty, . or .. part; write it without, and without / at its end";
	return NULL;
}

const char *
uid_fault(struct span text, uid_t *uid, gid_t *primary)
{
	char name[ACCOUNT_NAME_MAX];
	struct passwd *p;
	uint64_t n;

	if (span_number(text, ID_MAX, &n) == 0) {
		*uid = (uid_t)n;
		p = primary ? getpwuid(*uid) : NULL;
	} else {
		if (text.len == 0 || span_copy(text, name, sizeof name))
			return "the uid is neither a number nor an account; write one of them";
		p = getpwnam(name);
		if (p == NULL)
			return "there is no such account; make it, or write the uid as a number";
		*uid = p->pw_uid;
	}
	if (primary)
		*primary = p ? p->pw_gid : (gid_t)-1;
	return *uid == 0 ? "uid 0 is root, whom sallyport never serves; write a mail user's" : NULL;
}

const char *
gid_fault(struct span text, gid_t *gid)
{
	char name[ACCOUNT_NAME_MAX];
	struct group *g;
	uint64_t n;

	if (span_number(text, ID_MAX, &n) == 0) {
		*gid = (gid_t)n;
	} else {
		if (text.len == 0 || span_copy(text, name, sizeof name))
			return "the gid is neither a number nor a group; write one of them";
		g = getgrnam(name);
		if (g == NULL)
			return "there is no such group; make it, or write the gid as a number";
		*gid = g->gr_gid;
	}
	return *gid == 0 ? "gid 0 is root's, whom sallyport never serves; write a mail user's" : NULL;
}
