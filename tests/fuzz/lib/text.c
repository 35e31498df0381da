/* lib/span.c, lib/address.c, lib/base64.c, lib/log.c: numbers, addresses, networks and base64 read and printed again; log lines of any
 * values, which never hold more than one line and its fields. */
#include "address.h"
#include "base64.h"
#include "log.h"

#include "fuzz.h"

static void
number(struct span in)
{
	uint64_t n = 7, want = 0;
	int digits = in.len > 0, over = 0, got = span_number(in, 4294967295U, &n);

	for (size_t i = 0; i < in.len; i++) {
		if (in.p[i] < '0' || in.p[i] > '9') {
			digits = 0;
			break;
		}
		if (!over)
			want = want * 10 + (uint64_t)(in.p[i] - '0');
		over |= want > 4294967295U;
	}
	MUST(got == (digits && !over ? 0 : -1) && n == (got == 0 ? want : 7));
}

static void
addresses(struct span in)
{
	struct address a, b;
	struct network n, m;
	char text[NETWORK_TEXT_MAX];

	if (address_read(in, &a) == 0) {
		address_print(&a, text);
		MUST(strlen(text) < ADDRESS_TEXT_MAX);
		MUST(address_read(span_of(text), &b) == 0 && memcmp(&a, &b, sizeof a) == 0);
	}
	if (network_read(in, &n) == 0) {
		network_print(&n, text);
		MUST(strlen(text) < NETWORK_TEXT_MAX);
		MUST(network_read(span_of(text), &m) == 0 && memcmp(n.a.b, m.a.b, ADDRESS_BYTES) == 0 &&
		     n.bits == m.bits);
		MUST(network_has(&n, &n.a));
	}
}

static void
logs(struct span in)
{
	struct logline l;
	size_t blanks = 0;

	log_start(&l, "fail");
	log_span(&l, "user", in);
	log_span(&l, "maildir", in);
	log_text(&l, "reason", "password");
	MUST(l.n < LOG_LINE_MAX);
	for (size_t i = 0; i < l.n; i++) {
		MUST(l.b[i] >= 0x20 && l.b[i] < 0x7f);
		blanks += l.b[i] == ' ';
	}
	MUST(blanks == 4 && l.n > 16 && memcmp(l.b + l.n - 16, " reason=password", 16) == 0);
}

/* What is decoded is encoded again as it was. */
static void
base64(struct span in)
{
	static uint8_t out[4096], again[BASE64_LENGTH(4096)];
	size_t len;

	if (base64_get(in, out, sizeof out, &len))
		return;
	MUST(len <= sizeof out && base64_put((struct span){ out, len }, again) == in.len);
	MUST(in.len == 0 || memcmp(again, in.p, in.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	size_t len;
	uint8_t *exact = take_copy(&t, 4096, &len);
	struct span in = { exact, len };

	number(in);
	addresses(in);
	logs(in);
	base64(in);
	free(exact);
	return 0;
}
