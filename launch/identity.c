#include "identity.h"

#include <cdb.h>
#include <string.h>
#include <unistd.h>

#include "colons.h"
#include "userdb.h"

/* Beneath base, and written so that it cannot leave it: no empty, "." or ".." part. */
static bool
maildrop_is_beneath(struct span path, const char *base)
{
	struct span rest, part, b = span_of(base);

	while (b.len && b.p[b.len - 1] == '/')
		b.len--;
	if (path.len <= b.len + 1 || memcmp(path.p, base, b.len) || path.p[b.len] != '/')
		return false;
	rest = (struct span){ path.p + b.len + 1, path.len - b.len - 1 };
	while (span_cut(&rest, '/', &part))
		if (part.len == 0 || (part.len == 1 && part.p[0] == '.') ||
		    (part.len == 2 && part.p[0] == '.' && part.p[1] == '.'))
			return false;
	return true;
}

/* What is refused whoever says it. */
static const char *
identity_check(uint64_t uid, uint64_t gid, struct span maildrop, const struct config *c, struct identity *id)
{
	if (uid == 0 || gid == 0 || uid >= UINT32_MAX || gid >= UINT32_MAX)
		return "uid or gid 0";
	if (uid < c->uidmin)
		return "its uid is below POP3_UIDMIN";
	if (c->rootless ? uid != c->self
			: uid == c->pop3d.uid || uid == c->authd.uid || uid == c->tlsd.uid || uid == c->tlskey.uid)
		return "its uid is not a mail user's";
	if (!maildrop_is_beneath(maildrop, c->mailbase))
		return "its maildrop is not beneath POP3_MAILBASE";
	if (span_copy(maildrop, id->maildrop, sizeof id->maildrop))
		return "its maildrop's name is too long";
	id->who = (struct account){ (uid_t)uid, (gid_t)gid };
	return NULL;
}

const char *
identity_find(int fd, struct span name, const struct config *c, struct identity *id)
{
	uint8_t value[USERDB_USER_MAX];
	unsigned len;
	struct userdb_user user;

	if (cdb_seek(fd, name.p, (unsigned)name.len, &len) <= 0)
		return "not in users.cdb: run sallyport-user compile";
	if (len > sizeof value || read(fd, value, len) != (ssize_t)len ||
	    userdb_user_get((struct span){ value, len }, &user))
		return "its record in users.cdb is damaged: run sallyport-user compile";
	return identity_check(user.uid, user.gid, user.maildrop, c, id);
}

const char *
identity_of_account(int fd, struct span name, const struct config *c, struct identity *id)
{
	static struct colons line;
	static uint8_t maildrop[MAILDROP_FORM_MAX];
	uint64_t uid, gid;
	size_t n;

	if (colons_find(fd, name, PASSWD_FIELDS, &line) != COLONS_FOUND ||
	    span_number(line.fields[PASSWD_UID], UINT32_MAX, &uid) ||
	    span_number(line.fields[PASSWD_GID], UINT32_MAX, &gid))
		return "its line in /etc/passwd is missing or malformed: correct it with vipw";
	if (memchr(name.p, '/', name.len))
		return "a name with a slash is in no path";
	n = maildrop_by_form(c->maildir, name, line.fields[PASSWD_HOME], maildrop);
	return identity_check(uid, gid, (struct span){ maildrop, n }, c, id);
}
