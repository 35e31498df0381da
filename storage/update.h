/* update: what QUIT asked for, and the truth about it. */
#ifndef UPDATE_H
#define UPDATE_H

#include "maildir.h"
#include "msg.h"

/* One bit for each message of the list, for each kind of mark. */
struct marked {
	uint8_t *map[MARK__MAX];
	uint32_t set[MARK__MAX];
};

/* Take one MSG_MARKS.  Dies (102) if it marks what is not there, or twice. */
void marked_add(struct marked *k, const struct maildir *d, const struct marks *m);
/* Remove what is marked so; then move what was retrieved from new to cur, unless keepnew.  Dies (102), with nothing
 * removed, unless exactly the messages that the commit counts are marked. */
struct done update_run(struct maildir *d, const struct marked *k, const struct commit *c, bool keepnew);

#endif
