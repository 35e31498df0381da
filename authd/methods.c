#include "methods.h"

#include "external.h"
#include "plain.h"

const struct method methods[MECH__MAX] = {
	[MECH_PASS] = { USERDB_BY_PASS, pass_step },
	[MECH_PLAIN] = { USERDB_BY_PLAIN, plain_step },
	[MECH_LOGIN] = { USERDB_BY_LOGIN, login_step },
	[MECH_EXTERNAL] = { 0, external_step },
};

const unsigned methods_elsewhere = MECHANISMS_OF_CRYPTO;
const struct sandbox *const methods_sandbox = &sandbox_authd;

void
methods_start(void)
{
}
