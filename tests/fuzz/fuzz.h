/* fuzz: what a target is: one function that takes any bytes.  It is linked with libFuzzer, with AFL++, or with replay.c,
 * which runs it over a corpus; and with die.c in the place of lib/die.c. */
#ifndef FUZZ_H
#define FUZZ_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* die_usage, die_peer and die_sys come back here: refusing is a right answer.  die_bug never is. */
extern jmp_buf fuzz_refused;
#define REFUSED_IS_FINE() (setjmp(fuzz_refused) != 0)

/* A property that no input may break. */
#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);                        \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* A directory of its own for a target; `run` names a place that it removes, for AFL++ ends targets at any time. */
enum { DIR_ROOM = 200 };
void dir_temporary(char dir[DIR_ROOM], const char *name);

/* Takes bytes off the front of the input; zeros when there are none left. */
struct take {
	const uint8_t *p;
	size_t len;
};

static inline uint8_t
take_u8(struct take *t)
{
	if (t->len == 0)
		return 0;
	t->len--;
	return *t->p++;
}

static inline uint32_t
take_u32(struct take *t)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 8 | take_u8(t);
	return v;
}

/* Up to n bytes, in memory that ends where they do, so that one byte too many is found. */
static inline uint8_t *
take_copy(struct take *t, size_t n, size_t *len)
{
	uint8_t *copy;

	*len = n < t->len ? n : t->len;
	copy = malloc(*len ? *len : 1);
	MUST(copy != NULL);
	memcpy(copy, t->p, *len);
	t->p += *len;
	t->len -= *len;
	return copy;
}

#endif
