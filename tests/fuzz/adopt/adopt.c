/* What a checkpassword program leaves of the environment: any variables.  What is taken is there, and nobody gets a
 * maildrop who is root or below the floor. */
#define _GNU_SOURCE
#include "adopt.h"

#include <unistd.h>

#include "fuzz.h"

enum { VARIABLES = 12 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	char *variables[VARIABLES + 1], **before = environ;
	size_t n = 0, len;
	uint32_t uid = take_u32(&t), gid = take_u32(&t);
	uint8_t *copy = take_copy(&t, 4096, &len);
	char *text = malloc(len + 1);
	struct session_facts f;

	MUST(text != NULL);
	memcpy(text, copy, len);
	text[len] = '\0';
	for (char *at = text; n < VARIABLES && (size_t)(at - text) < len; at += strlen(at) + 1) {
		char *end = strchr(at, '\n');

		if (end)
			*end = '\0';
		variables[n++] = at;
	}
	variables[n] = NULL;
	environ = variables;
	if (!REFUSED_IS_FINE()) {
		facts_from_environment(&f);
		MUST(f.sid && f.rip && f.lip && f.landlock && f.keepnew && f.rooms && f.user[0] &&
		     f.uidmin <= UINT32_MAX);
		MUST(ids_fault(uid, gid, f.uidmin) != NULL || (uid >= f.uidmin && uid && gid));
	}
	environ = before;
	free(text);
	free(copy);
	return 0;
}
