/* maildir: one Maildir: its lock, and the list of its messages, frozen for the session. */
#ifndef MAILDIR_H
#define MAILDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index.h"
#include "span.h"

enum subdirectory { NEW, CUR, SUBDIRECTORIES };

/* How often names may change under our hands before we give up. */
enum { RENAMES = 20 };

enum { NAME_ROOM = 300 }; /* more than a file name and the flags we add */

/* One message.  Its name may change while we look (flags, new to cur); its base name does not. */
struct message {
	size_t name;       /* offset of its file name in names */
	uint16_t base_len; /* the name up to its colon */
	uint8_t where;     /* NEW or CUR */
	bool missing;      /* not seen when the directories were last read */
	bool measured;     /* what follows is true of the file, not of its directory entry alone */
	bool regular;      /* a regular file, as the directory says */
	bool believed;     /* octets is what the name tells; size and changed are not known */
	bool linked;       /* removed by one name, and the file had another */
	bool hidden;       /* trashed or unreadable: no message of this session, but its name is taken */
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
	uid_t uid; /* whose process this is */
	struct list list;
	struct index index;
	bool trusting;    /* octets that names tell are believed */
	bool inodes_vary; /* the directories tell other inodes than fstat(2) */
	/* of this session's measuring */
	uint64_t counted, counted_bytes, believed;
	bool incomplete; /* something was left out that is there */
};

/* Open the Maildir at path, an absolute one.  Returns 0, or -1 with errno when it or its new or cur is not there. */
int maildir_open(struct maildir *d, const char *path);
/* Take the session's lock: it dies with this process and leaves nothing behind.  Waits for at most ms milliseconds.
 * Returns 0, or -1 with errno EWOULDBLOCK when another session has it. */
int maildir_lock(const struct maildir *d, int ms);
/* Read new and cur into an empty list, sorted.  Dot files and what is not a regular file are not messages; what has the
 * flag T (trashed) is hidden.  One message may be in it under several names that it had meanwhile.
 * Returns 0, or -1 with errno. */
int maildir_list(const struct maildir *d, struct list *l);
/* Find the names that our messages have now: other programs rename them at any time, and may set the flag T.
 * Returns 0, or -1 with errno and every name as it was when it was last found. */
int maildir_refresh(struct maildir *d);
/* Does the directory tell the same inode for m's name as when it was listed?  What cannot be read tells nothing. */
bool maildir_tells_same(const struct maildir *d, const struct message *m);
/* Sort by time of delivery, then base name, then age of the file: the order is the same in every session. */
void list_sort(struct list *l);
/* Give message m of the list another name.  Returns 0, or -1 with errno and nothing changed. */
int list_rename(struct list *l, struct message *m, const char *name);
/* The order of messages, but for the age of their files: 0 when the base names are equal. */
int list_compare(const struct list *la, const struct message *a, const struct list *lb, const struct message *b);
/* The second of its delivery, in every deliverer's names the number at the start; 0 if there is none. */
uint64_t message_time(const char *name);
void list_free(struct list *l);
/* Rename a file within the Maildir, never over another.  Returns 0, or -1 with errno. */
int maildir_rename(const struct maildir *d, enum subdirectory from, const char *old, enum subdirectory to,
		   const char *new);

const char *message_name(const struct list *l, const struct message *m);
struct span message_base(const struct list *l, const struct message *m);
/* Have a and b, of the same list, the same base name? */
bool message_same_base(const struct list *l, const struct message *a, const struct message *b);

#endif
