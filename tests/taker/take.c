/* What another server may write for a checkpassword program, and what is none of it. */
#include "take.h"

#include <string.h>

#include "../check.h"

static int
get(const char *bytes, size_t len, struct verify *v)
{
	return take_get((struct span){ (const uint8_t *)bytes, len }, v);
}

int
main(void)
{
	static char large[TAKE_MAX + 1];
	struct verify v = { .mechanism = 99 };

	CHECK_EQ(get("bob\0open sesame\0<1@h>\0", 22, &v), 0);
	CHECK(v.mechanism == MECH_PASS && v.user.len == 3 && v.proof.len == 11 &&
	      !memcmp(v.proof.p, "open sesame", 11));
	CHECK_EQ(get("bob\0x\0\0", 7, &v), 0);
	CHECK_EQ(get("bob\0x\0t\0more\0", 13, &v), 0);
	v.mechanism = 99;
	for (size_t n = 0; n < 22; n++)
		CHECK_EQ(get("bob\0open sesame\0<1@h>\0", n, &v), -1);
	CHECK_EQ(get("\0x\0t\0", 5, &v), -1);
	CHECK_EQ(get("bob\0\0t\0", 7, &v), -1);
	memset(large, 'x', sizeof large);
	CHECK_EQ(get(large, sizeof large, &v), -1);
	large[256] = large[258] = large[260] = '\0';
	CHECK_EQ(get(large, TAKE_MAX, &v), -1); /* a name of 256 octets */
	large[255] = '\0';
	CHECK_EQ(get(large, TAKE_MAX + 1, &v), -1);
	CHECK_EQ(v.mechanism, 99);
	CHECK_EQ(get("\377\376\0\1\0t\0", 7, &v), 0); /* any other octets are allowed */
	return check_end();
}
