#include "give.h"

#include <string.h>

size_t
give_put(const struct verify *v, const char *timestamp, uint8_t out[GIVE_MAX])
{
	const struct span fields[] = { v->user, v->proof, span_of(timestamp) };
	size_t n = 0;

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		struct span f = fields[i];

		if (f.len + 1 > GIVE_MAX - n || (f.len && memchr(f.p, '\0', f.len)))
			return 0;
		if (f.len)
			memcpy(out + n, f.p, f.len);
		n += f.len;
		out[n++] = '\0';
	}
	return n;
}
