/* sallyport-maildrop: what a checkpassword program starts for a user whom it has accepted; becomes storage, in its own
 * place.  Distrusts: nobody, for it reads nothing but its environment.  Runs as the user.
 * Holds: 0 ctl, with pop3d at its other end; 1 the pipe that tells launch that the user is in; 2 the log.  These three a
 * checkpassword program passes on; from 3 it has read. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adopt.h"
#include "chan.h"
#include "die.h"
#include "sandbox.h"
#include "signals.h"

/* Before launch hears that the user is in, everything that can be wrong must have been found. */
static int
storage_open(const char *rooms)
{
	int dir = open(rooms, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	fd = dir < 0 ? -1 : openat(dir, "storage", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		die_sys("cannot open %s/storage: the user must be able to reach it", rooms);
	return fd;
}

/* ctl where rooms have it, the table behind it, nothing in place of the lock, and nothing else but the log. */
static int
descriptors_settle(int executable)
{
	int table = memfd_create("maildrop", MFD_CLOEXEC | MFD_ALLOW_SEALING),
	    null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (table < 0 || null < 0 || fchmod(table, 0600))
		die_sys("cannot make the table");
	executable = fcntl(executable, F_DUPFD_CLOEXEC, FD_ROOM);
	table = fcntl(table, F_DUPFD_CLOEXEC, FD_ROOM);
	null = fcntl(null, F_DUPFD_CLOEXEC, FD_ROOM);
	if (executable < 0 || table < 0 || null < 0 || dup2(0, FD_CTL) < 0 || dup2(table, FD_TABLE) < 0 ||
	    dup2(null, FD_FACTS_LOG) < 0)
		die_sys("cannot place descriptors");
	if (write(1, "s", 1) != 1)
		die_sys("cannot tell that the session begins");
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, FD_PLACE) < 0)
		die_sys("cannot place descriptors");
	if (syscall(SYS_close_range, FD_FACTS_LOG + 1, FD_ROOM - 1, 0))
		die_sys("cannot close descriptors");
	return executable;
}

int
main(int argc, char **argv)
{
	static char *const nothing[] = { NULL };
	struct session_facts f;
	const char *fault;
	int executable;

	die_program("sallyport-maildrop");
	die_look_at_log();
	signals_settle();
	if (argc != 2)
		die_usage("usage: sallyport HOST CHECKPASSWORD sallyport-maildrop MAILDIR");
	facts_from_environment(&f);
	die_session(f.sid);
	fault = ids_fault(getuid(), getgid(), f.uidmin);
	if (fault)
		die_usage("%s", fault);
	executable = descriptors_settle(storage_open(f.rooms));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die_sys("cannot set no_new_privs");
	char *const arguments[] = { (char[]){ "storage" },
				    (char *)(uintptr_t)f.sid,
				    (char *)(uintptr_t)f.rip,
				    (char *)(uintptr_t)f.lip,
				    (char *)(uintptr_t)f.landlock,
				    (char *)(uintptr_t)f.user,
				    argv[1],
				    (char *)(uintptr_t)f.keepnew,
				    (char[]){ "checkpassword" },
				    (char[]){ "0" }, /* pop3d and tlsd are not ours to wait for */
				    (char[]){ "0" },
				    (char[]){ "counted" },
				    NULL };
	(void)syscall(SYS_execveat, executable, "", arguments, nothing, AT_EMPTY_PATH);
	die_sys("cannot execute %s/storage", f.rooms);
}
