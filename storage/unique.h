/* unique: the unique-ids of a maildrop (RFC 1939 section 7). */
#ifndef UNIQUE_H
#define UNIQUE_H

#include "maildir.h"
#include "msg.h"

struct unique {
	uint8_t len;
	char id[UID_MAX + 1];
};

/* The unique-id of a base name: itself if it is 1 to 70 characters of 0x21 to 0x7E, otherwise a hash of it. */
void unique_id(struct span base, struct unique *u);
/* The unique-id of a message of the list whose base name gives an id that an older message has: its time of delivery and
 * a hash of its base name and of what was measured of it.  It is a base name too, whose unique-id is itself.
 * nth is 0, or makes it another one. */
void unique_id_double(const struct list *l, const struct message *m, uint32_t nth, struct unique *u);
/* The ids of a list.  Nearly all are base names, which the list has: what is kept is the others, and those that had to be
 * compared with others to be sure that they are. */
struct odd_id {
	size_t at; /* message */
	struct unique id;
};
struct unique_ids {
	struct odd_id *odd; /* in the order of the list */
	size_t n;
};

/* The ids of a whole list, which is sorted, no two equal.  Those of base names that stand alone depend on nothing else, so
 * they outlive sessions, flag changes and moves.  Returns 0, or -1 with errno. */
int unique_list(const struct list *l, struct unique_ids *ids);
/* That of message i, as long as the list and the ids are what they are; it begins where the name of the message does if
 * it is its base name and was never doubtful. */
struct span unique_of(const struct unique_ids *ids, const struct list *l, size_t i);
void unique_free(struct unique_ids *ids);

#endif
