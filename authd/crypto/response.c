#include "response.h"

#include <string.h>

#include "saslname.h"

enum { SEPARATOR = 1 }; /* ^A */

static bool
begins(struct span *rest, const char *with)
{
	size_t n = strlen(with);

	if (rest->len < n || memcmp(rest->p, with, n) != 0)
		return false;
	*rest = (struct span){ rest->p + n, rest->len - n };
	return true;
}

/* "Bearer TOKEN" (RFC 6750 section 2.1). */
static int
token_get(struct span value, struct span *token)
{
	struct span scheme;

	if (token->p || !span_cut(&value, ' ', &scheme) || !span_is_nocase(scheme, "Bearer") || value.p == NULL)
		return -1;
	while (value.len && value.p[0] == ' ')
		value = (struct span){ value.p + 1, value.len - 1 };
	*token = value;
	return value.len ? 0 : -1;
}

static int
name_get(struct span value, struct bearer *b)
{
	if (b->name_len || value.len == 0 || value.len > sizeof b->name)
		return -1;
	memcpy(b->name, value.p, value.len);
	b->name_len = value.len;
	return 0;
}

/* "KEY=VALUE^A", some of them, and "^A" behind the last; what has another key means nothing to us. */
static int
pairs_get(struct span rest, bool with_user, struct bearer *b)
{
	struct span pair, key;

	while (span_cut(&rest, SEPARATOR, &pair) && rest.p && pair.len) {
		(void)span_cut(&pair, '=', &key); /* there is always a first piece */
		if (pair.p == NULL || (span_is_nocase(key, "auth") && token_get(pair, &b->token)) ||
		    (with_user && span_is_nocase(key, "user") && name_get(pair, b)))
			return -1;
	}
	/* The empty pair was the end, and all was there. */
	return rest.p && rest.len == 0 && b->name_len && b->token.p ? 0 : -1;
}

int
bearer_rfc_get(struct span response, struct bearer *b)
{
	struct span rest = response, name;

	*b = (struct bearer){ .name_len = 0 };
	/* "y": the client could bind the token to TLS, and saw that we cannot; "p=": it insists. */
	if (!begins(&rest, "n,a=") && !begins(&rest, "y,a="))
		return -1;
	if (!span_cut(&rest, ',', &name) || rest.p == NULL || saslname_read(name, b->name, &b->name_len))
		return -1;
	return rest.len && rest.p[0] == SEPARATOR ? pairs_get((struct span){ rest.p + 1, rest.len - 1 }, false, b) : -1;
}

int
bearer_old_get(struct span response, struct bearer *b)
{
	*b = (struct bearer){ .name_len = 0 };
	return pairs_get(response, true, b);
}
