/* authd/users.c and libcdb: any file as secrets.cdb. */
#define _GNU_SOURCE
#include "users.h"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secret s;
	static struct users found;
	int fd = memfd_create("cdb", MFD_CLOEXEC);
	static enum users_result r; /* longjmp leaves it alone */

	r = USERS_FAILED;
	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	if (!REFUSED_IS_FINE())
		r = users_find(fd, span_of("bob"), &s, &found);
	if (r == USERS_KNOWN)
		MUST(found.user.count >= 1 && found.decoy.count >= 1);
	return 0;
}
