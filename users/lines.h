/* lines: a user's lines in the text, taken apart, printed again, and put in the place of the old ones. */
#ifndef LINES_H
#define LINES_H

#include "store.h"
#include "userdb.h"

enum { LINE_TEXT_MAX = USER_MAX + USERDB_VERIFIER_MAX + USERDB_MAILDROP_MAX + OPTIONS_TEXT_MAX + 300 };

/* The fields of a user's line as C strings. */
struct fields {
	char name[USER_MAX + 1], verifier[USERDB_VERIFIER_MAX + 1], uid[128], gid[128];
	char maildrop[USERDB_MAILDROP_MAX + 1];
	struct options options;
};

/* These return 0, or an exit status after telling what is wrong. */
int fields_of(struct fields *f, const struct user *u);
int line_print(const struct fields *f, char line[LINE_TEXT_MAX]);
int further_print(struct span name, struct span verifier, const struct options *o, char line[LINE_TEXT_MAX]);
/* Let the edits of the text and everything that follows from them take place. */
int edits_put(struct store *s, const struct edit *edits, size_t count);
/* Put the line of f in the place of old's (NULL: at the end). */
int line_put(struct store *s, const struct user *old, const struct fields *f);

/* Of the lines of u, as edits in the order of the file: those of further verifiers for which wanted says yes (NULL:
 * all) are removed, and in the place of the user's own line stands own (NULL: nothing).  Returns how many there are. */
size_t lines_edit(const struct user *u, const char *own, bool (*wanted)(const struct further *),
		  struct edit edits[USERDB_VERIFIERS_MAX]);
/* The same with lines[0] in the place of the user's own and lines[i + 1] in that of further[i]. */
size_t lines_replace(const struct user *u, char lines[USERDB_VERIFIERS_MAX][LINE_TEXT_MAX],
		     struct edit edits[USERDB_VERIFIERS_MAX]);

#endif
