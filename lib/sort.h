/* sort: libc's qsort passes nothing on to its comparison, and glibc's asks the kernel how much memory there is and
 * allocates: system calls that no room's table should have for a sort. */
#ifndef SORT_H
#define SORT_H

#include <stddef.h>

enum { SORT_ELEMENT_MAX = 128 }; /* octets */

/* Sort n elements of size octets each; compare is given `with` as its last argument.  Equal elements come in any order.
 * Dies (101) when they are larger than SORT_ELEMENT_MAX. */
void sort(void *elements, size_t n, size_t size, int (*compare)(const void *a, const void *b, const void *with),
	  const void *with);

#endif
