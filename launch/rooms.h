/* rooms: what the rows of all rooms have in common; rooms.c and tls.c are the rows. */
#ifndef ROOMS_H
#define ROOMS_H

#include "launch.h"
#include "start.h"

enum {
	DEADLINE_SLACK = 120, /* the kernel ends a room so much after its own limit */
};

/* n in decimal, in out. */
const char *number(char out[NUMBER_MAX], unsigned n);
const char *landlock_word(const struct launch *s);
/* Without root there is no other uid to become. */
const struct account *account_of(const struct launch *s, const struct account *who);
/* exec takes its arguments as if it wrote to them. */
char *const *exec_arguments(const char *const *arguments);

#endif
