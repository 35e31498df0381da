/* jwt: signed tokens (RFC 7519, in the compact form of RFC 7515), judged by keys that we have and by nothing else. */
#ifndef JWT_H
#define JWT_H

#include "issuers.h"

enum {
	JWT_MAX = RESPONSE_MAX, /* octets of a token; real ones have 1000 to 4000 */
	JWT_LEEWAY = 60,        /* seconds that our clock and the issuer's may differ */
};

enum jwt_result {
	JWT_GOOD,
	JWT_FORM,      /* no token that we understand */
	JWT_ISSUER,    /* of nobody that we know */
	JWT_KEY,       /* the issuer has no key of that name that signs so */
	JWT_SIGNATURE, /* not made by such a key */
	JWT_EXPIRED,
	JWT_EARLY,
	JWT_AUDIENCE, /* made for other services */
	JWT_SCOPE,    /* does not allow what we do */
	JWT_BOUND,    /* good only together with a key of the client's, of which POP3 knows nothing */
	JWT_USER,     /* names nobody */
	JWT_FAILED,   /* cannot be judged now */
	JWT__MAX
};

struct jwt {
	const struct issuer *issuer; /* NULL: none that we know */
	size_t user_len;             /* of a good one */
	uint8_t user[USER_MAX];      /* as the token has it: any octets of UTF-8 but NUL */
};

/* Judge a token at that time (seconds since 1970). */
enum jwt_result jwt_judge(struct span token, const struct issuers *s, uint64_t now, struct jwt *out);
/* What that means, for an administrator. */
const char *jwt_text(enum jwt_result r);

#endif
