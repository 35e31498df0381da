/* The sum: every single change is found; pieces make no difference. */
#define _GNU_SOURCE
#include "sink.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static uint64_t
sum_of(const uint8_t *p, size_t n)
{
	struct sum s;

	sum_start(&s);
	sum_add(&s, p, n);
	return sum_end(&s);
}

int
main(void)
{
	static uint8_t b[3 * SINK_BYTES + 77], again[sizeof b];
	static struct sink s;
	uint64_t sum;
	int fd = memfd_create("sink", 0);

	for (size_t i = 0; i < sizeof b; i++)
		b[i] = (uint8_t)rand();
	sum = sum_of(b, 1000);
	for (size_t bit = 0; bit < 8000; bit++) {
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(sum_of(b, 1000) != sum);
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CHECK(sum_of(b, 1000) == sum && sum_of(b, 999) != sum && sum_of(b, 1001) != sum);
	sink_start(&s, fd);
	for (size_t at = 0; at < sizeof b;) {
		size_t n = (size_t)rand() % 5000;

		n = n > sizeof b - at ? sizeof b - at : n;
		sink_put(&s, b + at, n);
		at += n;
	}
	CHECK_EQ(sink_flush(&s), 0);
	CHECK(sum_end(&s.sum) == sum_of(b, sizeof b));
	CHECK(pread(fd, again, sizeof again, 0) == (ssize_t)sizeof again && memcmp(again, b, sizeof b) == 0);
	sink_start(&s, -1);
	sink_put(&s, b, sizeof b);
	CHECK(sink_flush(&s) == -1); /* the first error is not forgotten */
	return check_end();
}
