/* Each mechanism has a name of its own, and SASL's are found by it. */
#include "mechanism.h"

#include <string.h>

#include "../check.h"

int
main(void)
{
	for (unsigned m = 0; m < MECH__MAX; m++) {
		CHECK(mechanism_name((enum mechanism)m) != NULL);
		CHECK_EQ(mechanism_find(span_of(mechanism_name((enum mechanism)m))),
			 MECHANISMS_SASL & MECHANISM_BIT(m) ? m : MECH__MAX);
	}
	CHECK_EQ(mechanism_find(span_of("scram-Sha-256")), MECH_SCRAM_SHA256);
	CHECK_EQ(mechanism_find(span_of("SCRAM-SHA-256-PLU")), MECH__MAX);
	CHECK_EQ(mechanism_find(span_of("")), MECH__MAX);
	CHECK(!strcmp(mechanism_name(MECH_CRAM_MD5), "cram-md5"));
	return check_end();
}
