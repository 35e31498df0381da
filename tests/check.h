/* check: what a test says of the code it links: so many checks passed, so many failed, and which. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static int check_passed, check_failed;

static inline void
check_that(int good, const char *what, const char *file, int line)
{
	if (good) {
		check_passed++;
		return;
	}
	check_failed++;
	printf("%s:%d: failed: %s\n", file, line, what);
}

static inline void
check_equal(long long is, long long wanted, const char *what, const char *file, int line)
{
	if (is != wanted)
		printf("%s:%d: %s is %lld, not %lld\n", file, line, what, is, wanted);
	check_that(is == wanted, what, file, line);
}

#define CHECK(condition) check_that(!!(condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ(is, wanted) check_equal((long long)(is), (long long)(wanted), #is, __FILE__, __LINE__)

/* The last line of every test, and the status its main returns. */
static inline int
check_end(void)
{
	printf("%d passed, %d failed\n", check_passed, check_failed);
	return check_failed || check_passed == 0;
}

#endif
