/* signature: RS256, ES256 (RFC 7518) and EdDSA with Ed25519 (RFC 8037), by OpenSSL. */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <openssl/types.h>

#include "issuers.h"

/* The key as OpenSSL has it; EVP_PKEY_free it.  NULL if it is no such key, or if memory ran out. */
EVP_PKEY *signature_key(const struct issuer_key *k);
/* Did the owner of this key sign text?  Returns 1, 0, or -1 if it cannot be told. */
int signature_check(const struct issuer_key *k, struct span text, struct span signature);

#endif
