/* What a checkpassword program reads. */
#include "give.h"

#include <string.h>

#include "../check.h"

static size_t
put(struct span user, struct span proof, uint8_t out[GIVE_MAX])
{
	return give_put(&(struct verify){ MECH_PASS, user, proof }, "<1@h>", out);
}

int
main(void)
{
	uint8_t out[GIVE_MAX];
	static uint8_t large[PROOF_MAX];

	CHECK_EQ(put(span_of("bob"), span_of("open sesame"), out), 22);
	CHECK(memcmp(out, "bob\0open sesame\0<1@h>\0", 22) == 0);
	CHECK_EQ(put(span_of("bob"), (struct span){ (const uint8_t *)"op\0en", 5 }, out), 0);
	memset(large, 'x', sizeof large);
	CHECK_EQ(put(span_of("bob"), (struct span){ large, 512 - 4 - 6 - 1 }, out), 512);
	CHECK_EQ(put(span_of("bob"), (struct span){ large, 512 - 4 - 6 }, out), 0);
	CHECK_EQ(put((struct span){ large, 255 }, (struct span){ large, 512 }, out), 0);
	return check_end();
}
