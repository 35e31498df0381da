/* shell: which shells let an account of the system in (POP3_SHELLS). */
#ifndef SHELL_H
#define SHELL_H

#include "colons.h"

enum shells {
	SHELLS_ANY,
	SHELLS_LOGIN,  /* not those that are called nologin or false */
	SHELLS_LISTED, /* those in /etc/shells */
	SHELLS__MAX,
};

/* "any", "login" or "listed"; SHELLS__MAX for another word. */
enum shells shells_read(const char *word);
/* Does shell, a field of passwd(5), let its account in?  list is the file /etc/shells; it is read in any case, into c. */
bool shell_is_good(enum shells policy, struct span shell, int list, struct colons *c);

#endif
