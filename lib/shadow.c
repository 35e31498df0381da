#include "shadow.h"

#include <stddef.h>

enum { LAST_CHANGE = 2, MAX = 4, INACTIVE = 6, EXPIRE = 7 };

enum { NEVER = 0, LONG_AGO = 1 };
enum { AGES_MAX = 10000 }; /* a password may be as old as that: it may be of any age, as shadow's own tools have it */
enum { DAYS_MAX = 10000000 }; /* in 27,000 years nobody will have changed it */

/* A number of days; -1 for an empty field, which says nothing.  Returns 0 or -1. */
static int
days_read(struct span field, int64_t *days)
{
	uint64_t n;

	*days = -1;
	if (field.len == 0)
		return 0;
	if (span_number(field, DAYS_MAX, &n))
		return -1;
	*days = (int64_t)n;
	return 0;
}

/* Time begins with day 0, which a 0 cannot say. */
static uint64_t
seconds_of(int64_t day)
{
	return day <= 0 ? LONG_AGO : (uint64_t)day * SHADOW_DAY;
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a == NEVER || (b != NEVER && b < a) ? b : a;
}

/* From which second on the password is too old. */
static uint64_t
age_end(int64_t changed, int64_t max, int64_t inactive)
{
	if (changed == 0) /* at the next login it has to be changed */
		return LONG_AGO;
	if (changed < 0 || max < 0 || max >= AGES_MAX)
		return NEVER;
	return seconds_of(changed + max + (inactive > 0 ? inactive : 0) + 1);
}

int
shadow_read(const struct span fields[SHADOW_FIELDS], struct shadow *s)
{
	int64_t changed, max, inactive, expire;
	struct span hash = fields[1];

	if (days_read(fields[LAST_CHANGE], &changed) || days_read(fields[MAX], &max) ||
	    days_read(fields[INACTIVE], &inactive) || days_read(fields[EXPIRE], &expire))
		return -1;
	s->locked = hash.len == 0;
	while (hash.len && (hash.p[0] == '!' || hash.p[0] == '*')) {
		s->locked = true;
		hash = (struct span){ hash.p + 1, hash.len - 1 };
	}
	s->hash = hash;
	s->expires = earlier(age_end(changed, max, inactive), expire < 0 ? NEVER : seconds_of(expire));
	return 0;
}
