/* lib/pem.c: any text.  Blocks come in their order, labels lie inside the text, and what a block decodes to is what
 * base64 decoded in the plainest way gives of its lines. */
#include "pem.h"

#include "fuzz.h"

enum { ROOM = 3000 };

static int
digit(uint8_t c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* What stands behind the label's line, up to the next hyphen. */
static size_t
plain_decode(const uint8_t *p, const uint8_t *end, uint8_t *out)
{
	uint32_t bits = 0;
	size_t n = 0;

	for (int have = 0; p < end && *p != '-'; p++) {
		int d = digit(*p);

		if (d < 0)
			continue;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (uint8_t)(bits >> have);
		}
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	size_t len;
	uint8_t *exact = take_copy(&t, 8192, &len), *out = malloc(ROOM), want[8192];
	struct span text = { exact, len };
	struct pem block;
	int got = 1;

	MUST(out != NULL);
	while (got == 1) {
		const uint8_t *before = text.p;

		block = (struct pem){ .len = 0 };
		got = pem_next(&text, &block, out, ROOM);
		MUST(text.p == NULL || (text.p >= before && text.p + text.len == exact + len));
		if (got != 1)
			continue;
		MUST(block.len <= ROOM && block.label.len <= PEM_LABEL_MAX && (text.p == NULL || text.p > before));
		MUST(block.label.p >= before && block.label.p + block.label.len <= exact + len);
		MUST(plain_decode(block.label.p + block.label.len + 5, exact + len, want) == block.len);
		MUST(block.len == 0 || memcmp(want, out, block.len) == 0);
	}
	free(out);
	free(exact);
	return 0;
}
