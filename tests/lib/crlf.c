/* The converter against a reference written in the plainest way, over every short message of awkward bytes and every
 * way to cut it in two. */
#include "crlf.h"

#include <stdlib.h>

#include <string.h>

#include "check.h"

static size_t
plain_convert(const uint8_t *in, size_t n, uint8_t *out, uint64_t *octets)
{
	size_t o = 0;

	*octets = 0;
	for (size_t i = 0; i < n; i++) {
		if (in[i] == '.' && (i == 0 || in[i - 1] == '\n'))
			out[o++] = '.';
		if (in[i] == '\n' && (i == 0 || in[i - 1] != '\r')) {
			out[o++] = '\r';
			++*octets;
		}
		out[o++] = in[i];
		++*octets;
	}
	if (n && in[n - 1] != '\n') {
		out[o++] = '\r';
		out[o++] = '\n';
		*octets += 2;
	}
	return o;
}

static void
compare(const uint8_t *in, size_t n, size_t cut)
{
	uint8_t want[64], got[64];
	uint64_t octets;
	size_t len = plain_convert(in, n, want, &octets), o;
	struct crlf c, count;

	crlf_start(&c);
	o = crlf_convert(&c, in, cut, got);
	CHECK(o <= 2 * cut);
	o += crlf_convert(&c, in + cut, n - cut, got + o);
	if (crlf_end(&c)) {
		memcpy(got + o, "\r\n", 2);
		o += 2;
	}
	CHECK(o == len && memcmp(got, want, len) == 0);
	CHECK(c.octets == octets);
	crlf_start(&count);
	crlf_count(&count, in, cut);
	crlf_count(&count, in + cut, n - cut);
	(void)crlf_end(&count);
	CHECK(count.octets == octets);
}

int
main(void)
{
	static const uint8_t bytes[] = { '\n', '\r', '.', 'x', 0 };
	uint8_t message[6];

	for (size_t n = 0; n <= 6; n++) {
		size_t all = 1;

		for (size_t i = 0; i < n; i++)
			all *= sizeof bytes;
		for (size_t k = 0; k < all; k++) {
			size_t rest = k;

			for (size_t i = 0; i < n; i++, rest /= sizeof bytes)
				message[i] = bytes[rest % sizeof bytes];
			for (size_t cut = 0; cut <= n; cut++)
				compare(message, n, cut);
		}
	}
	return check_end();
}
