/* scramtext: the two messages of a client of SCRAM, taken apart (RFC 5802 section 7). */
#ifndef SCRAMTEXT_H
#define SCRAMTEXT_H

#include "msg.h"

enum {
	SCRAM_FIRST_MAX = 1024, /* octets that we take for the first message, and for the last one */
	SCRAM_FINAL_MAX = 2048,
	SCRAM_NONCE_MAX = 512, /* of the client's nonce */
};

/* The first message: "n,a=AUTHZID,n=NAME,r=NONCE".  The spans point into it, but the names, which are decoded. */
struct scram_first {
	struct span header;  /* up to the second comma, and with it */
	struct span bare;    /* the rest */
	struct span binding; /* the type of channel binding that it uses; empty if none */
	char flag;           /* n: it knows of none, y: it knows, and takes us for one that does not, p: it uses it */
	struct span nonce;
	size_t authzid_len, name_len;
	uint8_t authzid[USER_MAX], name[USER_MAX];
};
/* Returns 0, or -1 if text is no such message, is longer than we take, or has an extension that it calls mandatory. */
int scram_first_read(struct span text, struct scram_first *f);

/* The last message: "c=BINDING,r=NONCE,p=PROOF". */
struct scram_final {
	struct span binding; /* still in base64 */
	struct span nonce;
	struct span before; /* all that stands before the comma of the proof */
	struct span proof;  /* still in base64 */
};
int scram_final_read(struct span text, struct scram_final *f);

#endif
