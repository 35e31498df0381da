/* The messages of a SCRAM client: what is taken apart is what was there. */
#include "scramtext.h"

#include "fuzz.h"

static bool
is_in(struct span part, struct span all)
{
	return part.p >= all.p && part.p + part.len <= all.p + all.len;
}

static void
first_check(struct span text)
{
	static struct scram_first f;
	size_t escapes = 0;

	if (scram_first_read(text, &f))
		return;
	MUST(f.header.p == text.p && f.bare.p == text.p + f.header.len && f.header.len + f.bare.len == text.len);
	MUST(memcmp(f.bare.p, "n=", 2) == 0 && f.header.p[f.header.len - 1] == ',');
	MUST(f.name_len && memchr(f.name, '\0', f.name_len) == NULL && memchr(f.authzid, '\0', f.authzid_len) == NULL);
	MUST(is_in(f.nonce, f.bare) && f.nonce.len && memchr(f.nonce.p, ',', f.nonce.len) == NULL);
	MUST((f.flag == 'p') == (f.binding.len > 0) && (f.flag == 'p' || f.flag == 'y' || f.flag == 'n'));
	/* Written again, the name is what stood there. */
	for (size_t i = 0; i < f.name_len; i++) {
		const uint8_t *at = f.bare.p + 2 + i + 2 * escapes;

		if (f.name[i] == ',' || f.name[i] == '=')
			MUST(memcmp(at, f.name[i] == ',' ? "=2C" : "=3D", 3) == 0 && ++escapes);
		else
			MUST(*at == f.name[i]);
	}
	MUST(f.bare.p[2 + f.name_len + 2 * escapes] == ',');
}

static void
final_check(struct span text)
{
	static struct scram_final f;

	if (scram_final_read(text, &f))
		return;
	MUST(f.before.p == text.p && f.proof.p == f.before.p + f.before.len + 3 &&
	     f.proof.p + f.proof.len == text.p + text.len);
	MUST(f.binding.p == text.p + 2 && f.nonce.p == f.binding.p + f.binding.len + 3 && is_in(f.nonce, f.before));
	MUST(f.binding.len && f.nonce.len && f.proof.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take input = { data, size };
	bool last = take_u8(&input) & 1;
	size_t len;
	uint8_t *text = take_copy(&input, input.len, &len);

	if (last)
		final_check((struct span){ text, len });
	else
		first_check((struct span){ text, len });
	free(text);
	return 0;
}
