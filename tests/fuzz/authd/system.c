/* Accounts of the system, whatever stands in the files: bob is let in by a line of his own with a hash, and by nothing
 * else.  u8 which users and shells there are, then the three files, with an octet 0x1e between them. */
#define _GNU_SOURCE
#include "system.h"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

static void
content_put(int fd, struct span text)
{
	int made = memfd_create("file", MFD_CLOEXEC);

	MUST(made >= 0 && write(made, text.len ? text.p : (const uint8_t *)"", text.len) == (ssize_t)text.len &&
	     dup2(made, fd) == fd);
	if (made != fd)
		(void)close(made);
}

static bool
has(const uint8_t *data, size_t size, const char *text)
{
	return memmem(data, size, text, strlen(text)) != NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secret s;
	struct userdb_secret user = { 0 };
	struct take t = { data, size };
	uint8_t how = take_u8(&t);
	struct span rest, file;
	static const char *const users[] = { "own", "system", "both", "all" }, *const shells[] = { "any", "login",
												   "listed", "all" };
	struct system_policy p;
	enum users_result r = USERS_UNKNOWN;

	data = t.p;
	size = t.len;
	rest = (struct span){ data, size };
	for (int fd = FD_SHADOW; fd <= FD_SHELLS; fd++) {
		file = (struct span){ NULL, 0 };
		if (size)
			(void)span_cut(&rest, 0x1e, &file);
		content_put(fd, file);
	}
	if (system_policy_read(users[how & 3], shells[how >> 2 & 3], &p))
		p = (struct system_policy){ .shells = SHELLS_LISTED };
	if (!REFUSED_IS_FINE())
		r = system_find(span_of("bob"), p.shells, 1800000000, &s, &user);
	if (r == USERS_KNOWN) {
		MUST(has(data, size, "bob:") && user.count <= 1);
		MUST(user.flags & USERDB_DISABLED || has(data, size, "bob:x:"));
	}
	if (r == USERS_KNOWN && user.count) {
		const struct userdb_verifier *v = &user.verifiers[0];

		MUST(userdb_scheme_of(v->hash) && v->hash.len <= USERDB_VERIFIER_MAX && v->label.len == 0);
		MUST(user.flags & USERDB_DISABLED ||
		     (v->hash.p[-1] == ':' && (!v->expires || v->expires > 1800000000)));
	}
	MUST(strlen(s.usual) < sizeof s.usual);
	secret_wipe(&s);
	return 0;
}
