/* Whose shell lets him in. */
#define _GNU_SOURCE
#include "shell.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static int list;

static bool
good(enum shells policy, const char *shell)
{
	static struct colons c;

	return shell_is_good(policy, span_of(shell), list, &c);
}

int
main(void)
{
	static const char text[] = "# /bin/x\n/bin/sh\n /bin/y\n/bin/z \n/bin/a:b\n/bin/c";

	list = memfd_create("shells", MFD_CLOEXEC);
	CHECK(list >= 0 && write(list, text, sizeof text - 1) == sizeof text - 1);
	CHECK(shells_read("any") == SHELLS_ANY && shells_read("login") == SHELLS_LOGIN);
	CHECK(shells_read("listed") == SHELLS_LISTED && shells_read("") == SHELLS__MAX &&
	      shells_read("ANY") == SHELLS__MAX);
	CHECK(good(SHELLS_ANY, "/bin/false") && good(SHELLS_ANY, "") && good(SHELLS_ANY, "x"));
	CHECK(good(SHELLS_LOGIN, "/bin/sh") && good(SHELLS_LOGIN, "") && good(SHELLS_LOGIN, "/bin/nologin2"));
	CHECK(!good(SHELLS_LOGIN, "/bin/false") && !good(SHELLS_LOGIN, "/usr/sbin/nologin") &&
	      !good(SHELLS_LOGIN, "nologin"));
	CHECK(good(SHELLS_LISTED, "/bin/sh") && good(SHELLS_LISTED, ""));
	CHECK(!good(SHELLS_LISTED, "/bin/x") && !good(SHELLS_LISTED, "# /bin/x") && !good(SHELLS_LISTED, "/bin/y"));
	CHECK(!good(SHELLS_LISTED, "/bin/z") && !good(SHELLS_LISTED, "/bin/a") && !good(SHELLS_LISTED, "/bin/a:b"));
	CHECK(!good(SHELLS_LISTED, "/bin/c") && !good(SHELLS_LISTED, "sh"));
	return check_end();
}
