/* store: the text file under its lock, and the pair of databases that follows it. */
#ifndef STORE_H
#define STORE_H

#include "fresh.h"
#include "userfile.h"

struct store {
	char directory[FRESH_PATH_MAX]; /* of the text */
	char name[256];                 /* the text's name in it */
	const char *data;               /* directory of the databases */
	int lock;                       /* -1: not locked */
	struct userfile file;
};

enum store_mode {
	STORE_READ,          /* look, without the lock */
	STORE_READ_OR_EMPTY, /* the same, and a text that is missing counts as an empty one */
	STORE_CHANGE,        /* with the lock, until store_close */
	STORE_CREATE,        /* the same, and a text that is missing counts as an empty one */
};

/* Read and parse the text.  These return 0, or an exit status after telling what is wrong. */
int store_open(struct store *s, const char *path, const char *data, enum store_mode mode);
/* Compile text; when that has worked, let it and both databases take their places.  NULL: only compile what was
 * read. */
int store_put(struct store *s, const char *text, size_t len);
void store_close(struct store *s);

#endif
