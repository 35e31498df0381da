/* colons: files like /etc/passwd: a line for each account, and in it fields with colons between them.  Read with pread,
 * so that a descriptor can be shared; from the first line to the last, whatever is found, so that the work tells
 * nobody where a name stands or whether it does. */
#ifndef COLONS_H
#define COLONS_H

#include "span.h"

enum {
	COLONS_LINE_MAX = 1023, /* octets of a line; a longer one counts as not there */
	COLONS_FIELDS_MAX = 9,  /* of shadow(5) */
};

/* Fields of passwd(5). */
enum { PASSWD_PASSWORD = 1, PASSWD_UID, PASSWD_GID, PASSWD_HOME = 5, PASSWD_SHELL, PASSWD_FIELDS };

enum colons_result {
	COLONS_FOUND,
	COLONS_NONE,
	COLONS_MALFORMED, /* its first line has another number of fields, or a NUL */
	COLONS_FAILED,    /* the file cannot be read */
};

struct colons {
	struct span fields[COLONS_FIELDS_MAX]; /* in line; the first is the name */
	uint8_t line[COLONS_LINE_MAX];
	uint8_t block[4 * COLONS_LINE_MAX];
};

/* Call each for each whole line: one that ends in LF and has at most COLONS_LINE_MAX octets.  block holds what is read.
 * Returns 0, or -1 if the file cannot be read. */
int colons_each(int fd, struct colons *c, void (*each)(struct span line, void *with), void *with);
/* The first line whose first field is name, cut into exactly that many fields.  Nothing has an empty name. */
enum colons_result colons_find(int fd, struct span name, unsigned fields, struct colons *c);
/* The same for callers with an each of their own: hand it each line, then ask. */
struct colons_search {
	struct span name;
	struct colons *c;
	size_t len; /* of the line found */
	bool found;
};
void colons_look(struct colons_search *s, struct span line);
enum colons_result colons_cut(const struct colons_search *s, unsigned fields);

#endif
