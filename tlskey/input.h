/* input: is this what a server's TLS handshake signs?  Everything else is refused, so that a key that signs for us can
 * be used for nothing else: no decryption, no other protocol, no certificate. */
#ifndef INPUT_H
#define INPUT_H

#include "span.h"

/* Both as bits. */
enum form {
	FORM_NONE = 0,
	FORM_TLS12 = 1, /* ServerKeyExchange with ECDHE: RFC 5246 section 7.4.3, RFC 8422 section 5.4 */
	FORM_TLS13 = 2, /* CertificateVerify of a server: RFC 8446 section 4.4.3 */
};

/* Which of them is it?  No octets are both: where TLS 1.3 has 'T', TLS 1.2 has a 3. */
enum form input_form(struct span in);

#endif
