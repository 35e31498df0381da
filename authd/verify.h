/* verify: one proof in, one verdict out. */
#ifndef VERIFY_H
#define VERIFY_H

#include "secret.h"
#include "users.h"

enum verdict {
	VERDICT_YES,
	VERDICT_PASSWORD,
	VERDICT_NOUSER,
	VERDICT_DISABLED,        /* or expired */
	VERDICT_MECHANISM,       /* not what this verifier is for */
	VERDICT_NETWORK,         /* not from there */
	VERDICT_MALFORMED,       /* a response that the mechanism does not know */
	VERDICT_AUTHZID,         /* to act for another user, which nobody may */
	VERDICT_CERTIFICATE,     /* EXTERNAL without a certificate that the user has */
	VERDICT_BINDING,         /* SCRAM that is not bound to this connection as it has to be */
	VERDICT_TOKEN_FORM,      /* from here on, a token (RFC 7519): none that we understand */
	VERDICT_TOKEN_ISSUER,    /* of nobody that we know */
	VERDICT_TOKEN_KEY,       /* by a key that we have not */
	VERDICT_TOKEN_SIGNATURE, /* forged */
	VERDICT_TOKEN_EXPIRED,
	VERDICT_TOKEN_EARLY,
	VERDICT_TOKEN_AUDIENCE, /* for others */
	VERDICT_TOKEN_SCOPE,    /* for other ends */
	VERDICT_TOKEN_BOUND,    /* good only with a key of the client's */
	VERDICT_TOKEN_USER,     /* without a user */
	VERDICT_LIMITED,        /* too many wrong guesses: it was not judged */
	VERDICT_TEMPORARY,      /* we could not judge; later we may */
	VERDICT_BROKEN,         /* an administrator must compile the databases again */
	VERDICT__MAX,
};

/* How an attempt was made, for verifiers that are not good for every one. */
struct circumstances {
	unsigned by;                /* one bit, as in userdb.h */
	const struct address *from; /* NULL: not known */
	uint64_t now;               /* seconds since 1970 */
};

/* Judge a password by what users_find found: by the hashes of app passwords and by the main one.  An unknown name is
 * judged by the decoy and a disabled user by the user's own verifiers: the same work, and then no.  On VERDICT_YES,
 * *by is the verifier that it matched. */
enum verdict verify_password(struct secret *s, enum users_result result, const struct users *found, struct span proof,
			     const struct circumstances *c, const struct userdb_verifier **by);
/* What comes of a right proof by this verifier: VERDICT_YES if it is good for that. */
enum verdict verify_right(const struct userdb_verifier *v, const struct circumstances *c);
/* The word for the log, and what pop3d is told; neither exists for VERDICT_YES. */
const char *verdict_reason(enum verdict v);
enum answer verdict_answer(enum verdict v);

#endif
