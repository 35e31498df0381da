#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
base64_put(struct span s, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i += 3) {
		size_t have = s.len - i < 3 ? s.len - i : 3;
		uint32_t v = (uint32_t)s.p[i] << 16;

		v |= have > 1 ? (uint32_t)s.p[i + 1] << 8 : 0;
		v |= have > 2 ? s.p[i + 2] : 0;
		for (size_t k = 0; k < 4; k++)
			out[n++] = (uint8_t)(k > have ? '=' : alphabet[v >> 6 * (3 - k) & 63]);
	}
	return n;
}

/* 0..63, or -1. */
static int
value_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int
base64_get(struct span text, uint8_t *out, size_t room, size_t *len)
{
	size_t letters = text.len, n = 0;
	uint32_t v = 0;

	if (text.len % 4)
		return -1;
	for (int i = 0; i < 2 && letters && text.p[letters - 1] == '='; i++)
		letters--;
	if (letters / 4 * 3 + letters % 4 * 3 / 4 > room)
		return -1;
	for (size_t i = 0; i < letters; i++) {
		int six = value_of(text.p[i]);

		if (six < 0)
			return -1;
		v = v << 6 | (uint32_t)six;
		if (i % 4)
			out[n++] = (uint8_t)(v >> (6 - i % 4 * 2));
	}
	/* The letters that are left over carry bits of no octet. */
	if ((letters % 4 == 2 && v & 15) || (letters % 4 == 3 && v & 3))
		return -1;
	*len = n;
	return 0;
}
