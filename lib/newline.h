/* newline: the two questions that crlf asks of 64 bytes at a time.  Three versions of each: for SSE2, which every x86_64
 * has, for NEON, which every aarch64 has, and in plain C, which is right wherever C is and is what the others are
 * tested against.  Nothing is chosen at run time: asking the processor what it can do costs a session more than it
 * gains, since in a virtual machine that question traps. */
#ifndef NEWLINE_H
#define NEWLINE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __SSE2__ && !defined NEWLINE_PLAIN
#include <emmintrin.h>
#elif defined __ARM_NEON && !defined NEWLINE_PLAIN
#include <arm_neon.h>
#endif

enum { NEWLINE_BLOCK = 64, NEWLINE_PART = 16 };

/* Where are the LFs in the 64 bytes at p?  Bit i is byte i. */
static inline uint64_t
newline_bits_plain(const uint8_t *p)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < NEWLINE_BLOCK; i++)
		bits |= (uint64_t)(p[i] == '\n') << i;
	return bits;
}

/* How many of the 64 bytes at p are LFs without a CR before them?  p[-1] is looked at too. */
static inline unsigned
newline_bare_plain(const uint8_t *p)
{
	unsigned bare = 0;

	for (int i = 0; i < NEWLINE_BLOCK; i++)
		bare += p[i] == '\n' && p[i - 1] != '\r';
	return bare;
}

#if defined __SSE2__ && !defined NEWLINE_PLAIN

static inline __m128i
newline_load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Bit i of the result is byte i of the 16. */
static inline uint64_t
newline_part(const uint8_t *p)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(newline_load(p), _mm_set1_epi8('\n')));
}

static inline uint64_t
newline_bits(const uint8_t *p)
{
	return newline_part(p) | newline_part(p + 16) << 16 | newline_part(p + 32) << 32 | newline_part(p + 48) << 48;
}

static inline unsigned
newline_bare(const uint8_t *p)
{
	const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
	__m128i sum = _mm_setzero_si128();

	/* A comparison yields 0 or -1 for each byte, and 4 of them fit into a byte. */
	for (unsigned i = 0; i < NEWLINE_BLOCK; i += NEWLINE_PART)
		sum = _mm_sub_epi8(sum, _mm_andnot_si128(_mm_cmpeq_epi8(newline_load(p + i - 1), cr),
							 _mm_cmpeq_epi8(newline_load(p + i), lf)));
	sum = _mm_sad_epu8(sum, _mm_setzero_si128());
	return (unsigned)_mm_cvtsi128_si32(sum) + (unsigned)_mm_cvtsi128_si32(_mm_srli_si128(sum, 8));
}

#elif defined __ARM_NEON && !defined NEWLINE_PLAIN

static inline uint64_t
newline_bits(const uint8_t *p)
{
	static const uint8_t bit[16] = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };
	const uint8x16_t lf = vdupq_n_u8('\n'), weight = vld1q_u8(bit);
	uint8x16_t part[NEWLINE_BLOCK / NEWLINE_PART];

	for (unsigned i = 0; i < NEWLINE_BLOCK / NEWLINE_PART; i++)
		part[i] = vandq_u8(vceqq_u8(vld1q_u8(p + NEWLINE_PART * i), lf), weight);
	/* Three sums of neighbours leave one byte for each eight. */
	part[0] = vpaddq_u8(vpaddq_u8(part[0], part[1]), vpaddq_u8(part[2], part[3]));
	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(part[0], part[0])), 0);
}

static inline unsigned
newline_bare(const uint8_t *p)
{
	const uint8x16_t lf = vdupq_n_u8('\n'), cr = vdupq_n_u8('\r');
	uint8x16_t sum = vdupq_n_u8(0);

	for (unsigned i = 0; i < NEWLINE_BLOCK; i += NEWLINE_PART)
		sum = vsubq_u8(sum, vbicq_u8(vceqq_u8(vld1q_u8(p + i), lf), vceqq_u8(vld1q_u8(p + i - 1), cr)));
	return vaddvq_u8(sum);
}

#else

static inline uint64_t
newline_bits(const uint8_t *p)
{
	return newline_bits_plain(p);
}

static inline unsigned
newline_bare(const uint8_t *p)
{
	return newline_bare_plain(p);
}

#endif
#endif
