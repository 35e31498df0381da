/* lib/crlf.c: against a converter written in the plainest way, in any pieces. */
#include "crlf.h"

#include "fuzz.h"

static size_t
plain_convert(const uint8_t *in, size_t n, uint8_t *out, uint64_t *octets)
{
	size_t o = 0, dots = 0;

	for (size_t i = 0; i < n; i++) {
		if (in[i] == '.' && (i == 0 || in[i - 1] == '\n')) {
			out[o++] = '.';
			dots++;
		}
		if (in[i] == '\n' && (i == 0 || in[i - 1] != '\r'))
			out[o++] = '\r';
		out[o++] = in[i];
	}
	if (n && in[n - 1] != '\n') {
		out[o++] = '\r';
		out[o++] = '\n';
	}
	*octets = o - dots;
	return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crlf convert, count;
	struct take t = { data, size };
	size_t step = 1 + take_u8(&t), len, at = 0;
	uint8_t *want = malloc(3 * t.len + 2);
	uint64_t octets;

	MUST(want != NULL);
	len = plain_convert(t.p, t.len, want, &octets);
	crlf_start(&convert);
	crlf_start(&count);
	while (t.len) {
		size_t n, made;
		uint8_t *in = take_copy(&t, step, &n), *out = malloc(2 * n);

		MUST(out != NULL);
		made = crlf_convert(&convert, in, n, out);
		crlf_count(&count, in, n);
		MUST(made <= 2 * n && at + made <= len && memcmp(out, want + at, made) == 0);
		at += made;
		free(in);
		free(out);
	}
	MUST(crlf_end(&convert) == len - at && crlf_end(&count) == len - at);
	MUST(convert.octets == octets && count.octets == octets);
	free(want);
	return 0;
}
