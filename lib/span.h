/* span: bytes that somebody else owns; not NUL-terminated and never copied to be looked at. */
#ifndef SPAN_H
#define SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *p;
	size_t len;
};

/* The span of a C string, without its NUL. */
struct span span_of(const char *s);
/* Are a and the C string b the same bytes, ASCII letters compared without case? */
bool span_is_nocase(struct span a, const char *b);
/* Read all of s as a decimal number of at most max.  Returns 0, or -1 if s is empty, holds anything
 * but digits or exceeds max; *out is written on success alone. */
int span_number(struct span s, uint64_t max, uint64_t *out);
/* Cut the next field that ends in sep (or at the end) off the front of *rest.  False when *rest is used up. */
bool span_cut(struct span *rest, char sep, struct span *field);
/* Copy s and a NUL into to, which holds room bytes.  Returns 0, or -1 if it does not fit or s holds a NUL. */
int span_copy(struct span s, char *to, size_t room);

#endif
