/* launch's settings: any environment.  What is accepted is within its bounds. */
#define _GNU_SOURCE
#include "config.h"

#include <unistd.h>

#include "fuzz.h"

enum { VARIABLES = 16 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config c;
	char *variables[VARIABLES + 1], **before = environ;
	struct take t = { data, size };
	size_t n = 0, len;
	char *text = (char *)take_copy(&t, 8192, &len), *whole = malloc(len + 1), *at;

	MUST(whole != NULL);
	memcpy(whole, text, len);
	whole[len] = '\0';
	at = whole;
	while (n < VARIABLES && (size_t)(at - whole) < len) {
		char *end = strchr(at, '\n');

		if (end)
			*end = '\0';
		variables[n++] = at;
		at += strlen(at) + 1;
	}
	variables[n] = NULL;
	environ = variables;
	if (!REFUSED_IS_FINE()) {
		config_load(&c, NULL);
		MUST(c.rooms[0] == '/' && c.empty[0] == '/' && c.data[0] == '/' && c.mailbase[0] == '/');
		MUST(c.uidmin >= 1 && c.idle >= 600 && c.idle <= 86400 && c.session >= 600 && c.tries >= 1 &&
		     c.tries <= 100);
		MUST(c.slots >= 1 && c.slots <= 1024 && c.plainok <= 1 && c.keepnew <= 1 && c.nolandlock <= 1 &&
		     c.rootless <= 1);
		MUST(strlen(c.host) <= 255 && !strpbrk(c.host, "<>[] \r\n") && c.proxies <= PROXIES_MAX);
		MUST(c.rootless || c.pop3d.uid != c.authd.uid);
	}
	environ = before;
	free(text);
	free(whole);
	return 0;
}
