#include "crlf.h"

#include <stdbool.h>
#include <string.h>

#include "newline.h"

void
crlf_start(struct crlf *c)
{
	*c = (struct crlf){ '\n', 0 };
}

void
crlf_count(struct crlf *c, const uint8_t *in, size_t n)
{
	const uint8_t *p = in, *end = in + n;

	c->octets += n;
	if (n == 0)
		return;
	if (*p == '\n' && c->last != '\r')
		c->octets++;
	for (p++; end - p >= NEWLINE_BLOCK; p += NEWLINE_BLOCK)
		c->octets += newline_bare(p);
	for (; p < end; p++)
		c->octets += p[0] == '\n' && p[-1] != '\r';
	c->last = end[-1];
}

/* Where a conversion is, and how many dots it has added. */
struct place {
	const uint8_t *p;
	uint8_t *o;
	size_t dots;
};

static void
part_copy(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, NEWLINE_PART);
}

static void
block_copy(uint8_t *to, const uint8_t *from)
{
	memcpy(to, from, NEWLINE_BLOCK);
}

/* 1 if a < b, else 0, of small numbers; a comparison would become a jump that cannot be foreseen. */
static size_t
is_less(size_t a, size_t b)
{
	return (a - b) >> (8 * sizeof a - 1);
}

/* Written in any case and kept when it is wanted: what line ends look like cannot be foreseen. */
static void
byte_add(struct place *at, uint8_t byte, bool wanted)
{
	*at->o = byte;
	at->o += wanted;
	at->dots += wanted && byte == '.';
}

/* Any block: what stands behind an LF is copied anew, each time to where it belongs. */
static struct place
block_convert(struct place at, uint64_t bits)
{
	size_t from = 0;

	byte_add(&at, '.', at.p[0] == '.' && at.p[-1] == '\n');
	block_copy(at.o, at.p);
	for (; bits; bits &= bits - 1) {
		size_t lf = (size_t)__builtin_ctzll(bits);

		at.o += lf - from;
		from = lf + 1;
		byte_add(&at, '\r', at.p[(ptrdiff_t)lf - 1] != '\r');
		*at.o++ = '\n';
		byte_add(&at, '.', from < NEWLINE_BLOCK && at.p[from] == '.');
		block_copy(at.o, at.p + from);
	}
	at.o += NEWLINE_BLOCK - from;
	at.p += NEWLINE_BLOCK;
	return at;
}

enum { BLOCKS_ROOM = 2 * NEWLINE_BLOCK }; /* that must be left before a block: some of them look and copy beyond it */

/* Whole blocks.  p[-1] is read.  What is written behind the block, at most 65 bytes, is overwritten by what follows;
 * there is room, because there is twice as much as is left to read. */
static struct place
blocks_convert(struct place at, const uint8_t *end)
{
	for (; end - at.p >= BLOCKS_ROOM;) {
		uint64_t bits = newline_bits(at.p);
		size_t any = bits != 0, lf = bits ? (size_t)__builtin_ctzll(bits) : NEWLINE_BLOCK;

		/* The usual block has one LF or none; no CR before it and no dot behind it (without one, where they would
		 * be), and does not begin with a dot.  Each part is copied to where it belongs, then what follows the CR. */
		if (__builtin_expect(bits & (bits - 1) || at.p[0] == '.' || at.p[(ptrdiff_t)lf - 1] == '\r' ||
					 at.p[lf + 1] == '.',
				     0)) {
			at = block_convert(at, bits);
			continue;
		}
		part_copy(at.o, at.p);
		part_copy(at.o + 16 + is_less(lf, 16), at.p + 16);
		part_copy(at.o + 32 + is_less(lf, 32), at.p + 32);
		part_copy(at.o + 48 + is_less(lf, 48), at.p + 48);
		at.o[lf] = '\r';
		part_copy(at.o + lf + 1, at.p + lf);
		at.o += NEWLINE_BLOCK + any;
		at.p += NEWLINE_BLOCK;
	}
	return at;
}

/* So many single bytes; before is the one before them. */
static struct place
bytes_convert(struct place at, const uint8_t *end, uint8_t before)
{
	for (; at.p < end; before = *at.p++) {
		byte_add(&at, '.', *at.p == '.' && before == '\n');
		byte_add(&at, '\r', *at.p == '\n' && before != '\r');
		*at.o++ = *at.p;
	}
	return at;
}

size_t
crlf_convert(struct crlf *c, const uint8_t *in, size_t n, uint8_t *out)
{
	struct place at = { in, out, 0 };

	if (n == 0)
		return 0;
	at = bytes_convert(at, in + 1, c->last);
	at = blocks_convert(at, in + n);
	at = bytes_convert(at, in + n, at.p[-1]);
	c->last = in[n - 1];
	c->octets += (size_t)(at.o - out) - at.dots;
	return (size_t)(at.o - out);
}

size_t
crlf_end(struct crlf *c)
{
	if (c->last == '\n')
		return 0;
	c->octets += 2;
	return 2;
}
