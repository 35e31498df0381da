#include "users.h"

#include <cdb.h>
#include <unistd.h>

/* Read the value of key into value.  Returns USERS_KNOWN with *found, or why not. */
static enum users_result
value_read(int fd, struct span key, uint8_t value[USERDB_SECRET_MAX], struct userdb_secret *found)
{
	unsigned len;
	int n = cdb_seek(fd, key.p, (unsigned)key.len, &len);

	if (n <= 0)
		return n == 0 ? USERS_UNKNOWN : USERS_FAILED;
	if (len > USERDB_SECRET_MAX)
		return USERS_DAMAGED;
	if (cdb_bread(fd, value, (int)len))
		return USERS_FAILED;
	return userdb_secret_get((struct span){ value, len }, found) ? USERS_DAMAGED : USERS_KNOWN;
}

/* sallyport-user never writes a database without it. */
static enum users_result
server_read(int fd, uint8_t server[USERDB_SERVER_BYTES])
{
	uint8_t value[USERDB_SERVER_BYTES + 16];
	unsigned len;
	int n = cdb_seek(fd, userdb_server_key.p, (unsigned)userdb_server_key.len, &len);

	if (n <= 0)
		return n == 0 ? USERS_DAMAGED : USERS_FAILED;
	if (len > sizeof value)
		return USERS_DAMAGED;
	if (cdb_bread(fd, value, (int)len))
		return USERS_FAILED;
	return userdb_server_get((struct span){ value, len }, server) ? USERS_DAMAGED : USERS_KNOWN;
}

/* Whoever asks for what, one key more is looked up that is not there, and one that is: who is known has the first, who is
 * not has the second instead of his own. */
static void
work_make_equal(int fd, enum users_result of_user, struct secret *s, struct users *found)
{
	static const uint8_t nobody[] = { 0, 0 };
	unsigned len;

	if (of_user == USERS_UNKNOWN)
		(void)value_read(fd, span_of(""), s->value, &found->user);
	else
		(void)cdb_seek(fd, nobody, sizeof nobody, &len);
}

static enum users_result
all_read(int fd, struct span name, struct secret *s, struct users *found)
{
	enum users_result of_server = server_read(fd, s->server);
	enum users_result of_decoy = value_read(fd, span_of(""), s->decoy, &found->decoy);
	enum users_result of_user = value_read(fd, name, s->value, &found->user);

	work_make_equal(fd, of_user, s, found);
	if (of_server != USERS_KNOWN)
		return of_server;
	/* Nor one without a decoy. */
	if (of_decoy != USERS_KNOWN)
		return of_decoy == USERS_UNKNOWN ? USERS_DAMAGED : of_decoy;
	if (of_user == USERS_UNKNOWN)
		found->user = found->decoy;
	return of_user;
}

struct span
users_owner(int fd, enum userdb_kind kind, struct span certificate, uint8_t value[USERDB_SECRET_MAX])
{
	uint8_t octets[USERDB_OWNER_KEY_MAX];
	struct span key = userdb_owner_key(kind, certificate, octets), user = span_of("");
	unsigned len;

	if (cdb_seek(fd, key.p, (unsigned)key.len, &len) <= 0 || len > USERDB_SECRET_MAX ||
	    cdb_bread(fd, value, (int)len) || userdb_owner_get((struct span){ value, len }, &user))
		return span_of("");
	return user;
}

enum users_result
users_find(int fd, struct span name, struct secret *s, struct users *found)
{
	enum users_result r = all_read(fd, name, s, found);

	(void)close(fd); /* only read from */
	return r;
}
