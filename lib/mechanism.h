/* mechanism: the names of the ways to prove who one is, and what each of them asks of the connection. */
#ifndef MECHANISM_H
#define MECHANISM_H

#include "msg.h"

/* Sets of mechanisms: bit MECHANISM_BIT(m). */
#define MECHANISM_BIT(m) (1U << (m))

enum {
	/* These send a password, or a token that is as good as one, in the clear. */
	MECHANISMS_REVEALING = MECHANISM_BIT(MECH_PASS) | MECHANISM_BIT(MECH_PLAIN) | MECHANISM_BIT(MECH_LOGIN) |
			       MECHANISM_BIT(MECH_OAUTHBEARER) | MECHANISM_BIT(MECH_XOAUTH2),
	/* These need facts of a TLS connection of ours. */
	MECHANISMS_OF_TLS =
	    MECHANISM_BIT(MECH_SCRAM_SHA1_PLUS) | MECHANISM_BIT(MECH_SCRAM_SHA256_PLUS) | MECHANISM_BIT(MECH_EXTERNAL),
	/* These are bound to a TLS connection by its exporter (RFC 9266), and not every one has that. */
	MECHANISMS_BOUND = MECHANISM_BIT(MECH_SCRAM_SHA1_PLUS) | MECHANISM_BIT(MECH_SCRAM_SHA256_PLUS),
	/* These send a token, which is longer than any password. */
	MECHANISMS_OF_TOKENS = MECHANISM_BIT(MECH_OAUTHBEARER) | MECHANISM_BIT(MECH_XOAUTH2),
	/* These are judged with OpenSSL's libcrypto: by authd-crypto, which authd leaves them to. */
	MECHANISMS_OF_CRYPTO = MECHANISM_BIT(MECH_APOP) | MECHANISM_BIT(MECH_CRAM_MD5) |
			       MECHANISM_BIT(MECH_SCRAM_SHA1) | MECHANISM_BIT(MECH_SCRAM_SHA1_PLUS) |
			       MECHANISM_BIT(MECH_SCRAM_SHA256) | MECHANISM_BIT(MECH_SCRAM_SHA256_PLUS) |
			       MECHANISM_BIT(MECH_OAUTHBEARER) | MECHANISM_BIT(MECH_XOAUTH2),
	MECHANISMS_SASL = (MECHANISM_BIT(MECH__MAX) - 1) & ~(MECHANISM_BIT(MECH_PASS) | MECHANISM_BIT(MECH_APOP)),
};

/* For the log and the settings; the registered name (RFC 4422 section 3.1) is this in upper case. */
const char *mechanism_name(enum mechanism m);
/* The SASL mechanism of that name, in any case; MECH__MAX if there is none. */
enum mechanism mechanism_find(struct span name);

#endif
