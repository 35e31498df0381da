/* Memory: zeroed, kept when it grows, and refused where there can be none. */
#include "memory.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

static void
grows(void)
{
	enum { FEW = 3, MANY = 100000 };
	uint64_t *p = memory_get(FEW, sizeof *p);

	CHECK(p != NULL);
	for (size_t i = 0; p && i < FEW; i++) {
		CHECK_EQ(p[i], 0);
		p[i] = i + 1;
	}
	p = memory_grow(p, FEW, MANY, sizeof *p);
	CHECK(p != NULL);
	for (size_t i = 0; p && i < MANY; i++)
		CHECK_EQ(p[i], i < FEW ? i + 1 : 0);
	memory_free(p, MANY, sizeof *p);
}

static void
begins_with_nothing(void)
{
	char *none = memory_get(0, 1), *p = memory_grow(NULL, 0, 1, 1);

	CHECK(none != NULL && p != NULL);
	memory_free(none, 0, 1);
	memory_free(p, 1, 1);
	memory_free(NULL, 1, 1);
}

static void
too_much(void)
{
	/* of four octets each they are four, if nobody looks */
	const size_t wrap = SIZE_MAX / 4 + 2;
	char *p = memory_get(1, 4);

	errno = 0;
	CHECK(memory_get(wrap, 4) == NULL);
	CHECK_EQ(errno, ENOMEM);
	CHECK(memory_get(SIZE_MAX / 2, 1) == NULL);
	*p = 'x';
	CHECK(memory_grow(p, 1, wrap, 4) == NULL);
	CHECK_EQ(*p, 'x');
	memory_free(p, 1, 4);
}

int
main(void)
{
	grows();
	begins_with_nothing();
	too_much();
	return check_end();
}
