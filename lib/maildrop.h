/* maildrop: where the mail of an account of the system is, by the form that POP3_MAILDIR has for all of them. */
#ifndef MAILDROP_H
#define MAILDROP_H

#include "span.h"

enum {
	MAILDROP_MAX = 1024,                  /* octets of a maildrop's name, with a NUL */
	MAILDROP_FORM_MAX = 2 * MAILDROP_MAX, /* what is put together before its length is looked at */
};

/* Why form is none: neither "~/PATH" in the home nor an absolute path with "%u" for the name.  NULL if it is one. */
const char *maildrop_form_fault(const char *form);
/* The maildrop of an account of that name (at most 255 octets) and home.  Returns its length; MAILDROP_MAX or more: too
 * long, and then out is not all of it. */
size_t maildrop_by_form(const char *form, struct span name, struct span home, uint8_t out[MAILDROP_FORM_MAX]);

#endif
