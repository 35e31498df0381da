/* account: who a room runs as, by name from /etc/passwd (no NSS: no foreign code runs as root) or as UID:GID. */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "config.h"

/* Dies (100) when there is no such account, or when it is root's; variable names the setting it came from. */
struct account account_find(const char *variable, const char *name);

#endif
