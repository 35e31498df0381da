#define _GNU_SOURCE
#include "memory.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

static size_t
bytes_of(size_t n, size_t each)
{
	size_t bytes;

	if (n == 0)
		n = 1;
	if (__builtin_mul_overflow(n, each, &bytes) || bytes > PTRDIFF_MAX) {
		errno = ENOMEM;
		return 0;
	}
	return bytes;
}

void *
memory_get(size_t n, size_t each)
{
	size_t bytes = bytes_of(n, each);
	void *p = bytes ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;

	return p == MAP_FAILED ? NULL : p;
}

void *
memory_grow(void *p, size_t old, size_t n, size_t each)
{
	size_t bytes = bytes_of(n, each);
	void *q;

	if (p == NULL)
		return memory_get(n, each);
	q = bytes ? mremap(p, bytes_of(old, each), bytes, MREMAP_MAYMOVE) : MAP_FAILED;
	return q == MAP_FAILED ? NULL : q;
}

void
memory_free(void *p, size_t n, size_t each)
{
	if (p)
		(void)munmap(p, bytes_of(n, each)); /* a mapping of our own making */
}
