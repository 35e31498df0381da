#define _GNU_SOURCE
#include "drop.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "die.h"

void
drop_verify(void)
{
	uid_t r, e, s;

	if (getresuid(&r, &e, &s) || r != e || e != s || r == 0)
		die_usage("started with uid %d: this program is started by sallyport, never as root", (int)e);
	/* The raw calls: libc's versions change every thread and need more system calls for that. */
	if (syscall(SYS_setresuid, -1, 0, -1) == 0 || syscall(SYS_setgroups, 0, NULL) == 0)
		die_bug("dropped privileges could be regained");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		die_usage("started without no_new_privs: this program is started by sallyport, not by hand");
}
