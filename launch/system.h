/* system: accounts of the system as users; POP3_USERS says whether.  launch reads of /etc/passwd alone, what an account
 * is, and hands /etc/shadow and /etc/shells to authd unread. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include "launch.h"

/* Open the files, before the box closes in which none of them can be reached: those that are not asked for are
 * /dev/null.  Dies when one is not there, or when others than root can write it. */
void system_open(struct launch *s);
/* Dies (111) when one has changed since then.  An account that was locked or removed meanwhile must not get in by what
 * it was; the client's next connection sees what is there now. */
void system_check(const struct launch *s);

#endif
