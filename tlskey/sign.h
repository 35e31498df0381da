/* sign: one private key from its file, and one signature with it. */
#ifndef SIGN_H
#define SIGN_H

#include "msg.h"

enum { KEY_FILE_MAX = 32768 }; /* octets of a file with a private key */

/* Is what s asks for a signature that a TLS server makes in a handshake? */
bool sign_is_allowed(const struct sign *s);
/* Sign it with the key in the file open on fd.  Returns NULL and the signature in out, or why not. */
const char *sign_make(int fd, const struct sign *s, uint8_t out[SIGNATURE_MAX], size_t *len);

#endif
