#include "userdb.h"

#include <string.h>

enum { VERSION = 1 };

void
userdb_user_put(struct wr *m, const struct userdb_user *u)
{
	m->len = 0;
	m->bad = false;
	wr_u8(m, VERSION);
	wr_u32(m, u->uid);
	wr_u32(m, u->gid);
	wr_bytes(m, u->maildrop);
}

int
userdb_user_get(struct span in, struct userdb_user *u)
{
	struct rd m = rd_of(in);
	uint8_t version = rd_u8(&m);
	struct userdb_user v;

	v.uid = rd_u32(&m);
	v.gid = rd_u32(&m);
	v.maildrop = rd_bytes(&m, USERDB_MAILDROP_MAX);
	if (rd_end(&m) || version != VERSION)
		return -1;
	if (v.maildrop.len == 0 || v.maildrop.p[0] != '/' || memchr(v.maildrop.p, '\0', v.maildrop.len))
		return -1;
	*u = v;
	return 0;
}
