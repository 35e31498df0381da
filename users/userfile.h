/* userfile: the text file of users.  One line for each user:
 *	name:verifier:uid:gid:maildrop:options
 * and further lines for verifiers besides the first, each with the label that it stands under:
 *	name:verifier:label=LABEL,... */
#ifndef USERFILE_H
#define USERFILE_H

#include <stdio.h>
#include <sys/types.h>

#include "issuers.h"
#include "options.h"
#include "span.h"

/* A further verifier of a user. */
struct further {
	struct span line;
	size_t number;
	struct span name, verifier;
	struct options options;
	enum userdb_kind kind;
};

struct user {
	struct span line; /* all of it, with its LF if it has one: what an edit replaces */
	size_t number;    /* of the line, from 1 */
	struct span name, verifier, uid, gid, maildrop;
	struct options options; /* of the first verifier; disabled is the user's */
	enum userdb_kind kind;  /* of the first verifier */
	uid_t uid_number;
	gid_t gid_number;
	const struct further *further;
	size_t further_count;
};

struct userfile {
	const char *path; /* for messages */
	struct span text;
	struct user *users; /* in the order of the file */
	size_t count;
	struct further *further; /* by name, label and kind */
	size_t further_count;
	struct user **order; /* by name */
	size_t errors;
	const struct issuers *issuers; /* whose tokens stand for passwords; NULL: nobody's */
};

/* Parse f->text; say what is wrong with which line on `report`, and what to do about it.
 * Returns 0, or -1 if there were errors (all are reported) or if memory ran out. */
int userfile_parse(struct userfile *f, FILE *report);
void userfile_free(struct userfile *f);
/* The user of that name, or NULL. */
const struct user *userfile_find(const struct userfile *f, struct span name);

/* What is to stand in the place of a line: text, without its LF, or nothing if that is NULL.  A line of no octets is a
 * place between two lines; one without p is the end. */
struct edit {
	struct span line;
	const char *text;
};
/* A copy of the text with those edits, which are in its order.  The result is malloc'ed; NULL if memory ran out. */
char *userfile_edit(const struct userfile *f, const struct edit *edits, size_t count, size_t *len);
/* The place behind the last line of a user. */
struct span userfile_behind(const struct user *u);

/* Why the value cannot stand in that field, and what to do about it; NULL if it can. */
const char *name_fault(struct span name);
const char *maildrop_fault(struct span maildrop);
/* Resolve a number or an account's name; *primary (if not NULL) becomes the account's gid, or -1 without an account. */
const char *uid_fault(struct span text, uid_t *uid, gid_t *primary);
const char *gid_fault(struct span text, gid_t *gid);

#endif
