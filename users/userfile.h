/* userfile: the text file of users, one line for each: name:verifier:uid:gid:maildrop:flags */
#ifndef USERFILE_H
#define USERFILE_H

#include <stdio.h>
#include <sys/types.h>

#include "span.h"

struct user {
	struct span line; /* all of it, with its LF if it has one: what an edit replaces */
	size_t number;    /* of the line, from 1 */
	struct span name, verifier, uid, gid, maildrop, flags;
	uid_t uid_number;
	gid_t gid_number;
	bool disabled;
};

struct userfile {
	const char *path; /* for messages */
	struct span text;
	struct user *users;
	size_t count;
	size_t errors;
};

/* Parse f->text; say what is wrong with which line on `report`, and what to do about it.
 * Returns 0, or -1 if there were errors (all are reported) or if memory ran out. */
int userfile_parse(struct userfile *f, FILE *report);
void userfile_free(struct userfile *f);
/* The user of that name, or NULL. */
const struct user *userfile_find(const struct userfile *f, struct span name);
/* A copy of the text in which line (without its LF) stands in the place of old's; at the end if old is NULL; nothing
 * stands there if line is NULL.  The result is malloc'ed; NULL if memory ran out. */
char *userfile_edit(const struct userfile *f, const struct user *old, const char *line, size_t *len);

/* Why the value cannot stand in that field, and what to do about it; NULL if it can. */
const char *name_fault(struct span name);
const char *verifier_fault(struct span verifier);
const char *maildrop_fault(struct span maildrop);
/* Resolve a number or an account's name; *primary (if not NULL) becomes the account's gid, or -1 without an account. */
const char *uid_fault(struct span text, uid_t *uid, gid_t *primary);
const char *gid_fault(struct span text, gid_t *gid);

#endif
