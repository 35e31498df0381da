/* key: a private key from its DER. */
#ifndef KEY_H
#define KEY_H

#include <openssl/evp.h>

#include "span.h"

/* RSA, EC or Ed25519, as PKCS #8 (RFC 5958) or in the older forms of RSA (RFC 8017 appendix A.1.2) and EC (RFC 5915).
 * Returns NULL if it is nothing of that; EVP_PKEY_free is for the caller. */
EVP_PKEY *key_decode(struct span der);

#endif
