#define _GNU_SOURCE
#include "testtoken.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/jwt.h"
#include "moment.h"
#include "tell.h"

/* All of standard input, without blanks around it: nobody types these. */
static int
token_read(const char *name, char token[JWT_MAX + 2], struct span *out)
{
	size_t len = 0;
	ssize_t n;

	if (isatty(STDIN_FILENO))
		(void)fprintf(stderr,
			      "Token for %s, and an end of file: ", name); /* a prompt that nobody sees is no matter */
	while ((n = read(STDIN_FILENO, token + len, JWT_MAX + 2 - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return tell(EXIT_SYSTEM, "cannot read the token: %s", strerror(errno));
		len += n > 0 ? (size_t)n : 0;
		if (len == JWT_MAX + 2)
			return tell(EXIT_USAGE, "a token has at most %d octets", JWT_MAX);
	}
	while (len && (token[len - 1] == '\n' || token[len - 1] == '\r' || token[len - 1] == ' '))
		len--;
	*out = (struct span){ (const uint8_t *)token, len };
	return 0;
}

/* What authd would judge by.  Returns 0, or an exit status after telling; *there if there are issuers. */
static int
issuers_read(const char *data, struct issuers *s, bool *there)
{
	static uint8_t value[ISSUERS_BYTES];
	ssize_t len = testlogin_value(data, "secrets.cdb", issuers_key, value, sizeof value);

	*there = len > 0;
	testlogin_step(*there, "issuers of tokens in secrets.cdb",
		       *there ? "" : "none; write the file issuers and run sallyport-user compile");
	if (len < 0)
		return EXIT_SYSTEM;
	if (*there && issuers_get((struct span){ value, (size_t)len }, s))
		return tell(EXIT_SYSTEM, "the issuers in secrets.cdb are damaged; run sallyport-user compile");
	return 0;
}

/* As authd compares them. */
static bool
user_is(const struct jwt *jwt, const char *name)
{
	struct name_policy p;
	uint8_t canonical[USER_MAX];
	char text[USER_MAX + 1];
	bool same;
	size_t n;

	if (testlogin_policy(&p))
		return false;
	p.separator = '\0';
	n = name_canonical((struct span){ jwt->user, jwt->user_len }, &p, canonical);
	same = n == strlen(name) && memcmp(canonical, name, n) == 0;
	for (size_t i = 0; i < n; i++)
		text[i] = (char)(canonical[i] < 0x20 || canonical[i] == 0x7f ? '?' : canonical[i]);
	text[n] = '\0';
	testlogin_step(same, "the token's user", text);
	return same;
}

static bool
token_judge(struct span token, const struct issuers *issuers, const char *name)
{
	char text[ISSUER_TEXT_MAX + 1];
	struct jwt jwt;
	enum jwt_result r = jwt_judge(token, issuers, moment_now(), &jwt);

	if (jwt.issuer && span_copy(jwt.issuer->name, text, sizeof text) == 0)
		testlogin_step(true, "issuer", text);
	testlogin_step(r == JWT_GOOD, "token", jwt_text(r));
	return r == JWT_GOOD && user_is(&jwt, name);
}

/* What the user's own line says of tokens. */
static bool
line_check(const struct userdb_secret *secret, const char *from)
{
	const struct userdb_verifier *v = &secret->verifiers[0];
	bool bearer = v->mechanisms & USERDB_BY_OAUTHBEARER, old = v->mechanisms & USERDB_BY_XOAUTH2, near;
	bool expired = v->expires && v->expires <= moment_now(), enabled = !(secret->flags & USERDB_DISABLED);
	char text[MOMENT_TEXT_MAX] = "never";
	struct address a;

	testlogin_step(enabled, "enabled", enabled ? "" : "no: it is disabled");
	if (v->expires)
		moment_print(v->expires, text);
	testlogin_step(!expired, "expires", text);
	testlogin_step(bearer || old, "good for tokens",
		       bearer && old ? "oauthbearer, xoauth2"
		       : bearer      ? "oauthbearer"
		       : old         ? "xoauth2"
				     : "");
	near = userdb_verifier_applies(v, v->mechanisms, from && address_read(span_of(from), &a) == 0 ? &a : NULL, 0);
	if (v->networks.len)
		testlogin_step(near, "good from this address", from ? from : "say with -a from which");
	return enabled && !expired && (bearer || old) && (near || v->networks.len == 0);
}

bool
testtoken_check(const struct testlogin *t, const char *name, const struct userdb_secret *secret, int *status)
{
	static struct issuers issuers;
	char token[JWT_MAX + 2];
	bool there, good = false;
	struct span text = { NULL, 0 };

	*status = issuers_read(t->data, &issuers, &there);
	if (*status || !there)
		return false;
	(void)fflush(stdout); /* before the prompt */
	*status = token_read(name, token, &text);
	if (*status == 0)
		good = token_judge(text, &issuers, name);
	sodium_memzero(token, sizeof token);
	return *status == 0 && line_check(secret, t->from) && good;
}
