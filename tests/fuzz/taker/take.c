/* What another server writes for a checkpassword program: any octets.  What is taken is a name and a password of the input,
 * as splitting at each NUL finds them. */
#define _GNU_SOURCE
#include "take.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	size_t len;
	uint8_t *exact = take_copy(&t, TAKE_MAX + 9, &len);
	struct verify v;

	if (take_get((struct span){ exact, len }, &v) == 0) {
		size_t user = strnlen((char *)exact, len), password = strnlen((char *)exact + user + 1, len - user - 1);
		size_t timestamp = user + password + 2;

		MUST(len <= TAKE_MAX && timestamp < len && memchr(exact + timestamp, 0, len - timestamp) != NULL);
		MUST(v.mechanism == MECH_PASS && v.user.p == exact && v.user.len == user && user >= 1 &&
		     user <= USER_MAX);
		MUST(v.proof.p == exact + user + 1 && v.proof.len == password && password >= 1 &&
		     password <= PROOF_MAX);
	}
	free(exact);
	return 0;
}
