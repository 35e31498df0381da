/* nowalls: the programs without seccomp, Landlock and limits, for AddressSanitizer and valgrind, which need system calls and
 * memory that no room may have.  Linked in their place by make NOWALLS=1 (Makefile), for tests/sanitize alone.  What was
 * built so runs for nobody who could do harm with it: root is refused, and with root every uid, chroot and other user. */
#define _GNU_SOURCE
#include <unistd.h>

#include "die.h"
#include "sandbox.h"

void __wrap_sandbox_require(bool landlock_optional);
void __wrap_sandbox_enter(const struct sandbox *box, const struct reach *reaches, bool landlock_optional);
void __wrap_sandbox_enter_for(const struct sandbox *box, const struct reach *reaches, bool landlock_optional,
			      struct filter_uids uids);
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

static void
root_refuse(void)
{
	if (getuid() == 0 || geteuid() == 0)
		die_usage("this program was built for tests, without walls: do not install it, nor run it as root");
}

void
__wrap_sandbox_require(bool landlock_optional)
{
	(void)landlock_optional;
	root_refuse();
}

void
__wrap_sandbox_enter(const struct sandbox *box, const struct reach *reaches, bool landlock_optional)
{
	(void)box;
	(void)reaches;
	(void)landlock_optional;
	root_refuse();
}

void
__wrap_sandbox_enter_for(const struct sandbox *box, const struct reach *reaches, bool landlock_optional,
			 struct filter_uids uids)
{
	(void)uids;
	__wrap_sandbox_enter(box, reaches, landlock_optional);
}

/* A room's environment is empty, so here is what it would hold: reports into files, which tests/sanitize looks for.  All
 * leave by _exit: there is no moment at which what is still reachable would be looked at. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0:exitcode=99:log_path=" REPORTS;
}

const char *
__ubsan_default_options(void)
{
	return "print_stacktrace=1:log_path=" REPORTS;
}
