/* moment: a time as the text has it, 2026-11-25T04:10:00Z or 2026-11-25 (its first second, in UTC). */
#ifndef MOMENT_H
#define MOMENT_H

#include "span.h"

enum { MOMENT_TEXT_MAX = sizeof "2026-11-25T04:10:00Z" };

/* Seconds since 1970.  Returns 0, or -1 if text is no such time or not after 1970. */
int moment_read(struct span text, uint64_t *seconds);
void moment_print(uint64_t seconds, char out[MOMENT_TEXT_MAX]);
uint64_t moment_now(void);

#endif
