/* verbs: what sallyport-user can be asked to do. */
#ifndef VERBS_H
#define VERBS_H

#include <stdbool.h>

#include "options.h"
#include "userfile.h"

struct request {
	const char *users; /* the text file */
	const char *data;  /* the directory of the databases */
	const char *name;  /* of the user, for the verbs that take one */
	const char *uid;   /* UID[:GID] */
	const char *maildrop;
	const char *other;      /* the second name: a label, or what a user is to be called */
	const char *third;      /* a second file, for import; a certificate */
	bool write;             /* import: not only show */
	bool generate;          /* the password */
	unsigned kinds;         /* what -k says: bits of FORM_BIT */
	const char *from;       /* the last -a, for test */
	bool token;             /* for test: instead of a password */
	struct options options; /* what -a, -b and -x say of a verifier */
};

/* Each returns the exit status, after telling what is wrong. */
int verb_add(const struct request *r);
int verb_passwd(const struct request *r);
int verb_change(const struct request *r);
int verb_forms(const struct request *r);
int verb_del(const struct request *r);
int verb_disable(const struct request *r);
int verb_enable(const struct request *r);
int verb_list(const struct request *r);
int verb_show(const struct request *r);
int verb_test(const struct request *r);
int verb_compile(const struct request *r);
int verb_issuers(const struct request *r);
int verb_outdated(const struct request *r);
int verb_rename(const struct request *r);
int verb_restrict(const struct request *r);
int verb_app_add(const struct request *r);
int verb_app_del(const struct request *r);
int verb_cert_add(const struct request *r);
int verb_cert_del(const struct request *r);
int verb_guesses(const struct request *r);
int verb_unban(const struct request *r);
int verb_import(const struct request *r);
int verb_export(const struct request *r);
int verb_hash(const struct request *r);
int verb_verify(const struct request *r);

/* For change: are there too many wrong guesses at this user?  wrong: here is one more, or NULL.  Returns 0, or an exit
 * status after telling. */
int guess_gate(const char *data, const char *name, const char *wrong);
/* For show: by which mechanisms tokens are good for him, if there are issuers. */
void tokens_show(const char *directory, const struct user *u);
/* For show: when the user last logged in, and from where. */
void logins_show(const char *data, const struct user *u);

#endif
