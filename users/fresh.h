/* fresh: a file that is written beside the one whose place it takes, so that a reader sees the old one or the new
 * one and never half of either. */
#ifndef FRESH_H
#define FRESH_H

#include <stddef.h>

enum { FRESH_PATH_MAX = 4096 };

struct fresh {
	char path[FRESH_PATH_MAX];
	char temporary[FRESH_PATH_MAX];
	int fd; /* -1: there is none */
};

/* Begin path's successor: mode 0600, and the owner of what it takes the place of (or of its directory).  All of these
 * return 0, or an exit status after telling what is wrong. */
int fresh_begin(struct fresh *f, const char *directory, const char *name);
/* Bring it to the disk: after this only a rename is left to do. */
int fresh_finish(struct fresh *f);
/* Let it take its place. */
int fresh_rename(struct fresh *f);
/* Remove it, if it has not taken its place. */
void fresh_abandon(struct fresh *f);
/* Write all of it. */
int fresh_write(struct fresh *f, const char *bytes, size_t len);

#endif
