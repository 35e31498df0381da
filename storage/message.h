/* message: open one message safely; count its octets. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "maildir.h"
#include "msg.h"

/* Measure every message of the list that maildir_list made: octets as RETR sends them; part those of one base name; sort.
 * What has gone meanwhile, is no regular file or cannot be read is left out, the latter two with a line in the log: it
 * stays in the Maildir, and nobody is shown a part of it.  Returns 0, or -1 with errno. */
int messages_measure(struct maildir *d);
/* Open message i (from 0) as it was measured, wherever it is now.  Returns a descriptor, or -1 and why. */
int message_open(struct maildir *d, size_t i, enum gone *why);
/* Remove message i, if it is still the one that was measured; sets its `linked` if the file had a further name, which
 * may be in the Maildir too.  Returns 0 when it is not there by this name any more, or -1 with errno. */
int message_remove(struct maildir *d, size_t i);
/* Move message i from new to cur, never over another.  Returns 0 when it is not in new any more, or -1 with errno. */
int message_move(struct maildir *d, size_t i);

#endif
