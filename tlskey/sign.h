/* sign: one private key from its file, and one signature with it. */
#ifndef SIGN_H
#define SIGN_H

#include <openssl/evp.h>

#include "msg.h"

enum { KEY_FILE_MAX = 32768 }; /* octets of a file with a private key */

/* Is what s asks for a signature that a TLS server makes in a handshake? */
bool sign_is_allowed(const struct sign *s);
/* The private key in the file open on fd; NULL if it cannot be read. */
EVP_PKEY *key_read(int fd);
/* Sign what s asks for with this key.  Returns NULL and the signature in out, or why not. */
const char *sign_make(EVP_PKEY *key, const struct sign *s, uint8_t out[SIGNATURE_MAX], size_t *len);

#endif
