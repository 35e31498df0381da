/* Who the client is, from any environment of a super-server's: an address in its one canonical form, or "-". */
#define _GNU_SOURCE
#include "settle.h"

#include <unistd.h>

#include "fuzz.h"

enum { VARIABLES = 12 };

static void
canonical(const char *text)
{
	struct address a;
	char again[ADDRESS_TEXT_MAX];

	if (strcmp(text, "-") == 0)
		return;
	MUST(address_read(span_of(text), &a) == 0);
	address_print(&a, again);
	MUST(strcmp(text, again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	char *variables[VARIABLES + 1], **before = environ, *text, *at;
	size_t n = 0, len;
	uint8_t *copy = take_copy(&t, 4096, &len);
	struct peer p;

	text = malloc(len + 1);
	MUST(text != NULL);
	memcpy(text, copy, len);
	text[len] = '\0';
	for (at = text; n < VARIABLES && (size_t)(at - text) < len; at += strlen(at) + 1) {
		char *end = strchr(at, '\n');

		if (end)
			*end = '\0';
		variables[n++] = at;
	}
	variables[n] = NULL;
	environ = variables;
	if (!REFUSED_IS_FINE()) {
		settle_peer(&p);
		canonical(p.remote);
		canonical(p.local);
		MUST(!p.tls || (memmem(data, size, "SSL", 3) && getenv("PROTO") && !getenv("SSLCTLFD")));
		MUST(!p.loopback || strncmp(p.remote, "127.", 4) == 0 || strcmp(p.remote, "::1") == 0);
	}
	environ = before;
	free(text);
	free(copy);
	return 0;
}
