#define _GNU_SOURCE
#include "moment.h"

#include <stdio.h>
#include <time.h>

enum { DATE_LENGTH = 10, FULL_LENGTH = 20, YEAR_MAX = 9999, YEAR_BASE = 1900 };

/* Every digit of the form stands for a digit of text, and everything else for itself. */
static bool
has_form(struct span text, const char *form)
{
	for (size_t i = 0; i < text.len; i++)
		if (form[i] == '0' ? text.p[i] < '0' || text.p[i] > '9' : text.p[i] != (uint8_t)form[i])
			return false;
	return true;
}

static int
number(struct span text, size_t at, size_t len)
{
	uint64_t n = 0;

	if (at + len <= text.len)
		(void)span_number((struct span){ text.p + at, len }, YEAR_MAX, &n); /* the form says that it is one */
	return (int)n;
}

int
moment_read(struct span text, uint64_t *seconds)
{
	struct tm t = { 0 }, before;
	time_t got;

	if ((text.len != DATE_LENGTH && text.len != FULL_LENGTH) || !has_form(text, "0000-00-00T00:00:00Z"))
		return -1;
	t.tm_year = number(text, 0, 4) - YEAR_BASE;
	t.tm_mon = number(text, 5, 2) - 1;
	t.tm_mday = number(text, 8, 2);
	t.tm_hour = number(text, 11, 2);
	t.tm_min = number(text, 14, 2);
	t.tm_sec = number(text, 17, 2);
	before = t;
	got = timegm(&t); /* which makes 1 March of 31 February: not what was meant */
	if (got <= 0 || t.tm_mon != before.tm_mon || t.tm_mday != before.tm_mday || t.tm_hour != before.tm_hour ||
	    t.tm_min != before.tm_min || t.tm_sec != before.tm_sec)
		return -1;
	*seconds = (uint64_t)got;
	return 0;
}

void
moment_print(uint64_t seconds, char out[MOMENT_TEXT_MAX])
{
	static const uint64_t last = 253402300799; /* of the year 9999 */
	time_t t = (time_t)(seconds < last ? seconds : last);
	struct tm tm;

	(void)gmtime_r(&t, &tm); /* cannot fail for such a year */
	(void)strftime(out, MOMENT_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

uint64_t
moment_now(void)
{
	return (uint64_t)time(NULL);
}
