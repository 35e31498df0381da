#include "utf8.h"

/* The octets of the character that begins with this one; 0 if none does. */
static size_t
length_of(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* Longer forms of shorter characters, surrogates, and what lies above U+10FFFF show in the second octet. */
static bool
second_is_bad(uint8_t first, uint8_t second)
{
	return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
	       (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
}

bool
utf8_is_valid(struct span s)
{
	for (size_t i = 0; i < s.len;) {
		size_t n = length_of(s.p[i]);

		if (n == 0 || n > s.len - i || (n > 1 && second_is_bad(s.p[i], s.p[i + 1])))
			return false;
		for (size_t k = 1; k < n; k++)
			if ((s.p[i + k] & 0xc0) != 0x80)
				return false;
		i += n;
	}
	return true;
}
