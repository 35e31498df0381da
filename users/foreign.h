/* foreign: one line of another system's file of users, as the fields of a line of ours. */
#ifndef FOREIGN_H
#define FOREIGN_H

#include "lines.h"

struct foreign {
	struct span second;   /* the text of the second file, for formats that have one */
	const char *domain;   /* for vpasswd */
	const char *maildrop; /* -m: a pattern, or NULL: %u is the name, %n and %d its parts around @ */
	const char *ids;      /* -u: UID[:GID] of lines that say none; or NULL */
	uint64_t uidmin;      /* for shadow */
};

/* Fill f from line.  Returns NULL, or why it cannot be taken over.  A line that says nothing leaves f->name empty. */
typedef const char *foreign_line(const struct foreign *in, struct span line, struct fields *f);

/* The format of that name, and whether it has a second file; NULL if there is none. */
foreign_line *foreign_find(const char *format, bool *has_second);

/* The prefix in braces that Dovecot puts before a hash, taken away where our text has none. */
struct span foreign_verifier(struct span verifier);
/* Is it a password in the clear, behind {PLAIN}, {CLEAR} or {CLEARTEXT}?  Then *password is it. */
bool foreign_is_clear(struct span verifier, struct span *password);

#endif
