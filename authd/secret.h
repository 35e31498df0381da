/* secret: everything in this process that is worth stealing, in one place, to be wiped at once. */
#ifndef SECRET_H
#define SECRET_H

#include <crypt.h>

#include "chan.h"
#include "colons.h"
#include "shadow.h"
#include "userdb.h"

/* What one message of SCRAM needs of those before it (RFC 5802 section 3). */
struct scram {
	enum { SCRAM_FIRST, SCRAM_FINAL, SCRAM_END } state; /* what comes next */
	size_t bare_len, binding_len, nonce_len;
	uint8_t bare[1024];    /* the client's first message without its header */
	uint8_t binding[1408]; /* what its last one must say of that header and of TLS, in base64 */
	uint8_t signature[32]; /* ours */
};

struct secret {
	struct chan_in in;                    /* the attempt as it came; the proof is in it */
	uint8_t value[USERDB_SECRET_MAX];     /* the user's value in secrets.cdb */
	uint8_t decoy[USERDB_SECRET_MAX];     /* the decoy's */
	uint8_t server[USERDB_SERVER_BYTES];  /* the server secret */
	uint8_t user[USER_MAX];               /* who it is */
	uint8_t facts[FACTS_BYTES];           /* what tlsd wrote: the exporter is in it */
	uint8_t key[USERDB_SHARED_KEY_BYTES]; /* of shared secrets, and one of them */
	uint8_t shared[USERDB_BOX_MAX];
	struct scram scram;
	char proof[PROOF_MAX + 1];              /* as libcrypt wants it */
	char verifier[USERDB_VERIFIER_MAX + 1]; /* the same */
	struct crypt_data work;                 /* libcrypt's memory */
	struct colons shadow, passwd, shells;   /* what was read of those files */
	char usual[USERDB_VERIFIER_MAX + 1];    /* a hash of /etc/shadow; empty: it has none */
};

/* Overwrite all of it.  Nothing that may end the process is called between taking a proof and this. */
void secret_wipe(struct secret *s);

#endif
