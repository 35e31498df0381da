/* maildir: one Maildir: its lock, and the list of its messages, frozen for the session. */
#ifndef MAILDIR_H
#define MAILDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

enum subdirectory { NEW, CUR, SUBDIRECTORIES };

/* One message.  Its name may change while we look (flags, new to cur); its base name does not. */
struct message {
	size_t name;       /* offset of its file name in names */
	uint16_t base_len; /* the name up to its colon */
	uint8_t where;     /* NEW or CUR */
	bool missing;      /* not seen when the directories were last read */
	uint64_t time;     /* of delivery, from the name; 0 if that tells none */
	uint64_t inode, size, octets;
	int64_t changed; /* nanoseconds: what was counted is what has this time, this size, this inode */
};

struct list {
	struct message *m;
	size_t n, room;
	char *names;
	size_t names_len, names_room;
};

struct maildir {
	int fd;
	int sub[SUBDIRECTORIES];
	struct list list;
};

/* Open the Maildir at path, an absolute one.  Returns 0, or -1 with errno when it or its new or cur is not there. */
int maildir_open(struct maildir *d, const char *path);
/* Take the session's lock: it dies with this process and leaves nothing behind.  Waits for at most ms milliseconds.
 * Returns 0, or -1 with errno EWOULDBLOCK when another session has it. */
int maildir_lock(const struct maildir *d, int ms);
/* Read new, then cur, into an empty list, sorted by time of delivery, then name: the order is the same in every
 * session.  Dot files, what is not a regular file and what has the flag T (trashed) are not messages.
 * Returns 0, or -1 with errno. */
int maildir_list(const struct maildir *d, struct list *l);
/* Find the names that our messages have now: other programs rename them at any time.  Returns 0, or -1 with errno. */
int maildir_refresh(struct maildir *d);
void list_free(struct list *l);

const char *message_name(const struct list *l, const struct message *m);
struct span message_base(const struct list *l, const struct message *m);

#endif
