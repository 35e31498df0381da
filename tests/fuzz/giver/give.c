/* One attempt for a checkpassword program: any request of pop3d's.  It gets the name and the password, whole, or nothing. */
#include "give.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	size_t len, n;
	uint8_t *exact = take_copy(&t, MSG_MAX, &len), *out = malloc(GIVE_MAX);
	struct verify v;

	MUST(out != NULL);
	if (verify_get((struct span){ exact, len }, &v) == 0) {
		n = give_put(&v, "1700000000", out);
		if (n) {
			MUST(n == v.user.len + v.proof.len + 13 && n <= GIVE_MAX && out[n - 1] == 0);
			MUST(strlen((char *)out) == v.user.len && strlen((char *)out + v.user.len + 1) == v.proof.len);
			MUST(memcmp(out, v.user.p, v.user.len) == 0);
			MUST(memcmp(out + v.user.len + 1, v.proof.p, v.proof.len) == 0);
		} else {
			MUST(v.user.len + v.proof.len + 13 > GIVE_MAX || memchr(v.user.p, 0, v.user.len) ||
			     memchr(v.proof.p, 0, v.proof.len));
		}
	}
	free(out);
	free(exact);
	return 0;
}
