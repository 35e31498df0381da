/* Names as clients write them, by any policy: u8 length and that many octets of the policy, then the name.  The form of a
 * form is itself, it fits, and what stands for it alone is made into it again. */
#include "name.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	size_t policy_len, len, n;
	uint8_t *policy = take_copy(&t, take_u8(&t), &policy_len), *name = take_copy(&t, USER_MAX, &len);
	uint8_t out[USER_MAX], again[USER_MAX];
	struct name_policy p = { .fold = false };
	struct span bare;

	if (name_policy_read((struct span){ policy, policy_len }, &p) == 0) {
		char separator[2] = { p.separator ? p.separator : '-', '\0' };

		n = name_canonical((struct span){ name, len }, &p, out);
		MUST(n <= USER_MAX && (n || len == 0));
		if (p.domain.len && name_separator_fault(separator) == NULL &&
		    memchr(p.domain.p, '@', p.domain.len) == NULL) {
			bare = name_bare((struct span){ out, n }, &p);
			MUST(bare.len <= n);
			if (bare.len)
				MUST(name_canonical(bare, &p, again) == n && memcmp(again, out, n) == 0);
		}
	}
	free(policy);
	free(name);
	return 0;
}
