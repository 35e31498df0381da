/* json: RFC 8259, read by jansson, and what tokens and sets of keys need of it.  Strict: one name twice in an object, a
 * NUL, what is not UTF-8, and anything behind the end are refused.  jansson's own bound on depth is 2048. */
#ifndef JSON_H
#define JSON_H

#include <jansson.h>

#include "span.h"

/* The object that text is, all of it; json_decref it.  NULL if it is none, or if memory ran out. */
json_t *json_read(struct span text);
/* The string under that name: inside the object.  Without p if there is none. */
struct span json_text(const json_t *object, const char *name);
/* Is it that string? */
bool json_is(const json_t *value, struct span text);
/* Decode base64url without padding (RFC 7515 section 2), bit for bit.  Returns 0 and *len, or -1. */
int json_octets(struct span text, uint8_t *out, size_t room, size_t *len);

#endif
