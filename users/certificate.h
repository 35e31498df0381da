/* certificate: what stands for a client certificate in the text: its fingerprint, or a name in it. */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

enum { CERTIFICATE_TEXT_MAX = 300 };

/* The verifier for what: "name:NAME"; a fingerprint, SHA-256 in hexadecimal as openssl(1) prints it, with or without
 * colons; or else a file with a certificate in PEM.  Returns 0, or an exit status after telling. */
int certificate_verifier(const char *what, char out[CERTIFICATE_TEXT_MAX]);

#endif
