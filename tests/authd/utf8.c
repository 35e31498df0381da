/* Every character in its shortest form, and nothing else. */
#include "utf8.h"

#include <string.h>

#include "../check.h"

static size_t
character_put(uint32_t c, uint8_t out[4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 63));
		return 2;
	}
	out[0] = (uint8_t)(c < 0x10000 ? 0xe0 | c >> 12 : 0xf0 | c >> 18);
	for (size_t n = c < 0x10000 ? 2 : 3, i = 1; i <= n; i++)
		out[i] = (uint8_t)(0x80 | (c >> 6 * (n - i) & 63));
	return c < 0x10000 ? 3 : 4;
}

int
main(void)
{
	static const char *const bad[] = { "\x80",
					   "\xc3",
					   "\xc0\x80",
					   "\xc1\xbf",
					   "\xe0\x9f\xbf",
					   "\xe2\x82",
					   "\xf0\x8f\xbf\xbf",
					   "\xf4\x90\x80\x80",
					   "\xf5\x80\x80\x80",
					   "\xff",
					   "a\xc3z",
					   "\xed\xa0\x80" };
	size_t wrong = 0;
	uint8_t b[4];

	for (uint32_t c = 0; c < 0x110000; c++) {
		bool surrogate = c >= 0xd800 && c < 0xe000;
		size_t n = character_put(c, b);

		wrong += utf8_is_valid((struct span){ b, n }) == surrogate;
		if (n > 1)
			wrong += utf8_is_valid((struct span){ b, n - 1 });
	}
	CHECK_EQ(wrong, 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(!utf8_is_valid(span_of(bad[i])));
	CHECK(utf8_is_valid(span_of("")) && utf8_is_valid(span_of("b\xc3\xb6"
								  "b")));
	return check_end();
}
