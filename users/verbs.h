/* verbs: what sallyport-user can be asked to do. */
#ifndef VERBS_H
#define VERBS_H

#include <stdbool.h>

struct request {
	const char *users; /* the text file */
	const char *data;  /* the directory of the databases */
	const char *name;  /* of the user, for the verbs that take one */
	const char *uid;   /* UID[:GID] */
	const char *maildrop;
	bool generate; /* the password */
};

/* Each returns the exit status, after telling what is wrong. */
int verb_add(const struct request *r);
int verb_passwd(const struct request *r);
int verb_del(const struct request *r);
int verb_disable(const struct request *r);
int verb_enable(const struct request *r);
int verb_list(const struct request *r);
int verb_show(const struct request *r);
int verb_test(const struct request *r);
int verb_compile(const struct request *r);

#endif
