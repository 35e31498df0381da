#include "mechanism.h"

static const char *const names[MECH__MAX] = {
	[MECH_PASS] = "pass",
	[MECH_APOP] = "apop",
	[MECH_PLAIN] = "plain",
	[MECH_LOGIN] = "login",
	[MECH_CRAM_MD5] = "cram-md5",
	[MECH_SCRAM_SHA1] = "scram-sha-1",
	[MECH_SCRAM_SHA1_PLUS] = "scram-sha-1-plus",
	[MECH_SCRAM_SHA256] = "scram-sha-256",
	[MECH_SCRAM_SHA256_PLUS] = "scram-sha-256-plus",
	[MECH_EXTERNAL] = "external",
	[MECH_OAUTHBEARER] = "oauthbearer",
	[MECH_XOAUTH2] = "xoauth2",
};

const char *
mechanism_name(enum mechanism m)
{
	return names[m];
}

enum mechanism
mechanism_find(struct span name)
{
	for (unsigned m = MECH_PLAIN; m < MECH__MAX; m++)
		if (span_is_nocase(name, names[m]))
			return (enum mechanism)m;
	return MECH__MAX;
}
