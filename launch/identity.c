#include "identity.h"

#include <cdb.h>
#include <string.h>
#include <unistd.h>

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
	if (user.uid == 0 || user.gid == 0 || user.uid == UINT32_MAX || user.gid == UINT32_MAX)
		return "uid or gid 0";
	if (user.uid < c->uidmin)
		return "its uid is below POP3_UIDMIN";
	if (c->rootless ? user.uid != c->self : user.uid == c->pop3d.uid || user.uid == c->authd.uid)
		return "its uid is not a mail user's";
	if (!maildrop_is_beneath(user.maildrop, c->mailbase))
		return "its maildrop is not beneath POP3_MAILBASE";
	if (span_copy(user.maildrop, id->maildrop, sizeof id->maildrop))
		return "its maildrop's name is too long";
	id->who = (struct account){ user.uid, user.gid };
	return NULL;
}
