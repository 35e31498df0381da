/* tell: one line to the administrator, on standard error. */
#ifndef TELL_H
#define TELL_H

#include "die.h"

/* What the program ends with, besides the statuses of die.h. */
enum {
	EXIT_DONE = 0,
	EXIT_ALREADY = 1, /* there was nothing to do: the name is there already, or is not there */
};

/* Write "sallyport-user: LINE"; returns status, so that a function can tell and return in one statement. */
int tell(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
