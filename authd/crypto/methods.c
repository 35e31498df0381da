#include "../methods.h"

#include <openssl/crypto.h>

#include "apop.h"
#include "cram.h"
#include "die.h"
#include "oauth.h"
#include "scram.h"

const struct method methods[MECH__MAX] = {
	[MECH_APOP] = { USERDB_BY_APOP, apop_step },
	[MECH_CRAM_MD5] = { USERDB_BY_CRAM_MD5, cram_md5_step },
	[MECH_SCRAM_SHA1] = { USERDB_BY_SCRAM_SHA1, scram_step },
	[MECH_SCRAM_SHA1_PLUS] = { USERDB_BY_SCRAM_SHA1, scram_step },
	[MECH_SCRAM_SHA256] = { USERDB_BY_SCRAM_SHA256, scram_step },
	[MECH_SCRAM_SHA256_PLUS] = { USERDB_BY_SCRAM_SHA256, scram_step },
	[MECH_OAUTHBEARER] = { USERDB_BY_OAUTHBEARER, oauth_step },
	[MECH_XOAUTH2] = { USERDB_BY_XOAUTH2, oauth_step },
};

const unsigned methods_elsewhere = 0;
const struct sandbox *const methods_sandbox = &sandbox_authd_crypto;

/* Nothing of OpenSSL's configuration, so that no module is loaded; no texts of errors. */
void
methods_start(void)
{
	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
				     OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS |
				     OPENSSL_INIT_NO_ATEXIT,
				 NULL))
		die_sys("cannot start OpenSSL");
}
