/* What a client sends with a token: what is taken apart is what was there. */
#include "response.h"

#include "fuzz.h"

/* Is "KEY=VALUE" in text, between two separators or at its beginning? */
static bool
has_pair(struct span text, const char *key, struct span value)
{
	size_t n = strlen(key);

	return value.p >= text.p + n && value.p + value.len < text.p + text.len && value.p[value.len] == 1 &&
	       memcmp(value.p - n, key, n) == 0;
}

/* The name as it must have stood there. */
static size_t
name_put(const struct bearer *b, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < b->name_len; i++) {
		if (b->name[i] != ',' && b->name[i] != '=') {
			out[n++] = b->name[i];
			continue;
		}
		memcpy(out + n, b->name[i] == ',' ? "=2C" : "=3D", 3);
		n += 3;
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take input = { data, size };
	bool old = take_u8(&input) & 1;
	size_t len;
	uint8_t *exact = take_copy(&input, RESPONSE_MAX, &len), name[3 * USER_MAX];
	struct span text = { exact, len };
	struct bearer b;

	if ((old ? bearer_old_get : bearer_rfc_get)(text, &b) == 0) {
		MUST(b.name_len >= 1 && b.name_len <= USER_MAX && b.token.len >= 1);
		MUST(has_pair(text, " ", b.token) && memchr(b.token.p, 1, b.token.len) == NULL);
		MUST(len >= 2 && exact[len - 1] == 1 && exact[len - 2] == 1);
		if (!old)
			MUST(memcmp(exact + 4, name, name_put(&b, name)) == 0 && exact[4 + name_put(&b, name)] == ',');
	}
	free(exact);
	return 0;
}
