/* terminal: how a password comes in: typed twice without echo, or as one line of standard input.  Never as an
 * argument, where every user of the machine could read it. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>

#include "hash.h"

/* Read a password for name; twice: have it typed again, to be sure.  Returns 0, or an exit status after telling. */
int terminal_password(const char *name, bool twice, char out[PASSWORD_MAX + 1]);

#endif
