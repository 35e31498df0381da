/* sink: write a file once from its first byte to its last, in large pieces, with a sum of what was written. */
#ifndef SINK_H
#define SINK_H

#include <stddef.h>
#include <stdint.h>

/* A sum that tells whether a file is the one that was written.  It finds damage, not intent: whoever can write the file
 * can write the sum.  Every change within one of its lanes is found, others with all but one chance in 2^64. */
enum { SUM_LANES = 4, SUM_UNIT = 8 * SUM_LANES };
struct sum {
	uint64_t lane[SUM_LANES];
};
void sum_start(struct sum *s);
/* n more bytes, a multiple of SUM_UNIT but for the last. */
void sum_add(struct sum *s, const uint8_t *p, size_t n);
uint64_t sum_end(const struct sum *s);

enum { SINK_BYTES = 1 << 16 };
struct sink {
	int fd;
	int error; /* errno of the first write that failed, or 0 */
	size_t filled;
	struct sum sum; /* of what has been flushed */
	uint8_t b[SINK_BYTES];
};
void sink_start(struct sink *s, int fd);
/* Add n bytes.  An error is remembered, and told by sink_flush. */
void sink_put(struct sink *s, const void *p, size_t n);
/* Write what waits.  Returns 0, or -1 with errno. */
int sink_flush(struct sink *s);

#endif
