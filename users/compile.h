/* compile: the two databases out of the text. */
#ifndef COMPILE_H
#define COMPILE_H

#include "fresh.h"
#include "userfile.h"

struct compiled {
	struct fresh secrets, users;
};

/* Make both beside the ones in the directory data, and the files of tables.h that are missing.  These return 0, or an exit
 * status after telling what is wrong. */
int compile_make(struct compiled *c, const struct userfile *f, const char *data);
/* Let both take their places: secrets first, so that whoever is verified can also be found. */
int compile_rename(struct compiled *c);
void compile_abandon(struct compiled *c);
/* The verifier of the cost that most users have, for the decoy to be like; empty if there are no users. */
struct span compile_usual(const struct userfile *f);

#endif
