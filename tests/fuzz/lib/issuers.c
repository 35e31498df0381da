/* lib/issuers.c: any value.  What is accepted is written again as it was. */
#include "issuers.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct issuers s;
	static struct wr m;
	struct take t = { data, size };
	size_t len, keys = 0;
	uint8_t *exact = take_copy(&t, MSG_MAX, &len);

	if (issuers_get((struct span){ exact, len }, &s) == 0) {
		MUST(s.count >= 1 && s.count <= ISSUERS_MAX);
		for (uint8_t i = 0; i < s.count; i++) {
			MUST(s.issuers[i].keys == s.keys + keys && s.issuers[i].key_count);
			keys += s.issuers[i].key_count;
		}
		MUST(keys <= ISSUER_KEYS_MAX);
		issuers_put(&m, &s);
		MUST(!m.bad && m.len == len && memcmp(m.b, exact, len) == 0);
	}
	free(exact);
	return 0;
}
