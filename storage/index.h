/* index: what was measured of a large maildrop, kept in the Maildir so that the next session need not measure again.
 *
 * It is a cache: never needed, rebuilt when it is missing, may be deleted at any time.  It is believed when its sum is
 * right and it is the user's own file; its owner could as well change the mail itself.  Then
 *  - if new and cur are the directories it was made from, unchanged since (device, inode, both times, and these were
 *    not so young that a later change could bear the same time), it is the whole truth: nothing is listed or opened,
 *    pop3d reads the file itself as the table, and messages are looked up in it one by one;
 *  - otherwise the directories are listed, and what it knows of a name (its base name, with the same inode) is not
 *    measured again.
 * A message whose file is then found to be another one ends the index.  What was believed of names and not counted is
 * marked so, and worth nothing where names are not believed.
 *
 * The file: the table, RECORD_BYTES for each message (msg.h); ENTRY_BYTES for each message; their names as far as the
 * table does not have them; the trailer.  Written under another name, under the session's lock, then renamed. */
#ifndef INDEX_H
#define INDEX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct maildir;
struct list;

#define INDEX_NAME "sallyport-index"
#define INDEX_TEMPORARY "sallyport-index.new"

/* What tells that a directory is the same, and that nothing in it was added, removed or renamed. */
struct stamp {
	uint64_t device, inode;
	int64_t modified, changed; /* nanoseconds */
};

/* An empty file with this name: the names of messages in this Maildir have told sizes that were wrong. */
#define DISTRUST_NAME "sallyport-distrust"

struct index {
	int fd; /* of the file, for reading; -1: there is none that can be believed */
	uint32_t count;
	uint64_t octets;
	uint64_t names; /* bytes */
	bool fresh;     /* the directories are still as it tells */
	bool settled;   /* no later change of them can look as if there was none */
	struct stamp now[2];
};

/* If names are trusted: not where one has lied before. */
void index_trust(struct maildir *d);
/* A name has lied: none of this Maildir is ever believed again.  Returns 0, or -1 when that cannot be remembered. */
int index_distrust(struct maildir *d);
/* Look for an index and check it; and look at the directories' stamps, before they are listed. */
void index_open(struct maildir *d);
void index_close(struct index *x);
/* Take the list from a fresh index: nothing is read of a message before it is asked for.  Returns 0, or -1 with errno. */
int index_list(struct maildir *d);
/* Read what the index has of message i, or of all, that the list does not have yet.  Returns 0, or -1 with errno. */
int index_message(struct maildir *d, size_t i);
int index_messages(struct maildir *d);
/* Mark as measured what a listing found and the index knows. */
void index_merge(struct maildir *d);
/* Is an index worth its writing? */
bool index_is_worth(const struct maildir *d);
/* Write the list that was listed and measured.  Returns 0 with index.fd open on the new file, or -1: there is none. */
int index_write(struct maildir *d, uint64_t *octets);
/* The index says what is not so: remove it. */
void index_remove(struct maildir *d);

#endif
