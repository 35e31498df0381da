/* unique: the unique-ids of a maildrop (RFC 1939 section 7). */
#ifndef UNIQUE_H
#define UNIQUE_H

#include "maildir.h"
#include "msg.h"

struct unique {
	uint8_t len;
	char id[UID_MAX + 1];
};

/* The unique-id of a base name: itself if it is 1 to 70 characters of 0x21 to 0x7E, otherwise a hash of it.  The
 * nth (from 1) further message with the same id gets another hash, so that no two in a maildrop are equal. */
void unique_id(struct span base, unsigned nth, struct unique *u);
/* The ids of a whole list, in its order; each depends on the base names alone, so they outlive sessions, flag
 * changes and moves.  Returns 0, or -1 with errno. */
int unique_list(const struct list *l, struct unique *ids);

#endif
