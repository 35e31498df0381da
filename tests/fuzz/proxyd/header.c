/* The PROXY header: read as header_receive does, never an octet that may be the client's. */
#include "header.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t have = 0, want = 0;
	struct proxied p;
	uint8_t out[PROXIED_BYTES];
	enum header h = header_parse((struct span){ data, 0 }, &want, &p);

	while (h == HEADER_MORE && have + want <= size) {
		uint8_t *exact = malloc(have + want);

		MUST(exact != NULL && want > 0);
		have += want;
		MUST(have <= HEADER_MAX);
		memcpy(exact, data, have);
		want = 0;
		h = header_parse((struct span){ exact, have }, &want, &p);
		MUST(h != HEADER_MORE || (want > 0 && have + want <= HEADER_MAX));
		free(exact);
	}
	if (h == HEADER_WHOLE) {
		MUST(memcmp(data, "PROXY ", 6) != 0 || (have <= HEADER_TEXT_MAX && data[have - 1] == '\n'));
		proxied_put(out, &p);
	}
	return 0;
}
