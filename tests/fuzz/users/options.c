/* The last field of a user's line: any octets.  What is accepted is printed, and that is accepted again and is the same. */
#include "options.h"

#include "fuzz.h"

static bool
same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	size_t len;
	uint8_t *field = take_copy(&t, 2048, &len);
	char text[OPTIONS_TEXT_MAX];
	struct options o, again;

	if (options_fault((struct span){ field, len }, &o) == NULL) {
		options_print(&o, text);
		MUST(options_fault(span_of(text), &again) == NULL);
		MUST(o.disabled == again.disabled && same(o.label, again.label) && o.created == again.created);
		MUST(o.expires == again.expires && o.mechanisms == again.mechanisms);
		MUST(same((struct span){ o.networks, o.networks_len },
			  (struct span){ again.networks, again.networks_len }));
	}
	free(field);
	return 0;
}
