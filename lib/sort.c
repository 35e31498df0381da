#include "sort.h"

#include <stdint.h>
#include <string.h>

#include "die.h"

/* A heap sort: in place, and no order of the input makes it slow.  Hostile names cannot choose a bad one. */
void
sort(void *elements, size_t n, size_t size, int (*compare)(const void *a, const void *b, const void *with),
     const void *with)
{
	uint8_t *e = elements, sinks[SORT_ELEMENT_MAX];
	size_t heap = n / 2; /* below it, nothing is a heap so far */

	if (size > sizeof sinks)
		die_bug("cannot sort such large elements");
	while (n > 1) {
		size_t hole, child;

		if (heap) {
			hole = --heap;
			memcpy(sinks, e + hole * size, size);
		} else {
			/* The largest goes behind the heap; what stood there sinks from the top. */
			n--;
			hole = 0;
			memcpy(sinks, e + n * size, size);
			memcpy(e + n * size, e, size);
		}
		while ((child = 2 * hole + 1) < n) {
			if (child + 1 < n && compare(e + child * size, e + (child + 1) * size, with) < 0)
				child++;
			if (compare(sinks, e + child * size, with) >= 0)
				break;
			memcpy(e + hole * size, e + child * size, size);
			hole = child;
		}
		memcpy(e + hole * size, sinks, size);
	}
}
