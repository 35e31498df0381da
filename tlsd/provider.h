/* provider: private keys that are not here.  To OpenSSL they are keys of a provider (provider(7)) like a smart card's;
 * a signature is one message to tlskey.  What is in this process's memory is the public half, from the certificate. */
#ifndef PROVIDER_H
#define PROVIDER_H

#include <openssl/evp.h>

/* Make the provider known.  Returns 0, or -1. */
int provider_start(void);
/* The private key number `index` of tlskey, whose public half this is (RSA, EC or Ed25519).  NULL if that cannot be. */
EVP_PKEY *provider_key(EVP_PKEY *public_half, unsigned index);

#endif
