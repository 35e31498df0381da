/* names: which of the certificates is for the name that a client asked for (SNI, RFC 6066 section 3)? */
#ifndef NAMES_H
#define NAMES_H

#include "span.h"

/* The first of n names that is asked, in either case; else the first wildcard that covers it, written "*.example.org" or
 * "_.example.org", for one label; else "default"; else the first name of all.  n is not 0; asked may be empty. */
unsigned name_find(const char *const *names, unsigned n, struct span asked);

#endif
