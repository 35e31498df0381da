/* memory: zeroed pages from the kernel, and back to it.  libc's allocator would begin a heap far from everything else,
 * and an idle session would pay four more pages for it, three of them page tables; what is asked for here is few and large. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

/* n elements, at least one.  NULL with errno if there is no memory, or there can be none for so many. */
void *memory_get(size_t n, size_t each);
/* The same elements and more of them, old and new numbers given; NULL with errno, and they stay. */
void *memory_grow(void *p, size_t old, size_t n, size_t each);
/* Give n elements back; p may be NULL. */
void memory_free(void *p, size_t n, size_t each);

#endif
