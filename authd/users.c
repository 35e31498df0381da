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

static enum users_result
pair_read(int fd, struct span name, struct secret *s, struct userdb_secret *found)
{
	struct userdb_secret user, decoy;
	enum users_result of_decoy = value_read(fd, span_of(""), s->decoy, &decoy);
	enum users_result of_user = value_read(fd, name, s->value, &user);

	/* sallyport-user never writes a database without a decoy. */
	if (of_decoy != USERS_KNOWN)
		return of_decoy == USERS_UNKNOWN ? USERS_DAMAGED : of_decoy;
	*found = of_user == USERS_KNOWN ? user : decoy;
	return of_user;
}

enum users_result
users_find(int fd, struct span name, struct secret *s, struct userdb_secret *found)
{
	enum users_result r = pair_read(fd, name, s, found);

	(void)close(fd); /* only read from */
	return r;
}
