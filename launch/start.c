#define _GNU_SOURCE
#include "start.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "die.h"
#include "sandbox.h"

int
room_open(int rooms, const char *name)
{
	int fd = openat(rooms, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die_sys("cannot open the room %s: is sallyport installed, or POP3_ROOMS right?", name);
	if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & 022)
		die_usage("the room %s is not a file that only its owner, root, can write: install it again", name);
	return fd;
}

/* The raw calls: libc's change every thread and need more system calls for that. */
static void
privileges_drop(const struct room *r)
{
	if (r->who) {
		if (r->root >= 0 && (fchdir(r->root) || chroot(".")))
			die_sys("cannot change the root directory");
		if (syscall(SYS_setgroups, 0, NULL))
			die_sys("cannot drop the supplementary groups");
		if (syscall(SYS_setresgid, r->who->gid, r->who->gid, r->who->gid))
			die_sys("cannot change to gid %u", (unsigned)r->who->gid);
		if (syscall(SYS_setresuid, r->who->uid, r->who->uid, r->who->uid))
			die_sys("cannot change to uid %u", (unsigned)r->who->uid);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die_sys("cannot set no_new_privs");
}

/* Close what is above FD_ROOM, but the room's files.  Most have close-on-exec; this is for those that have not. */
static void
others_close(const struct room *r)
{
	int next = FD_ROOM + 1;

	for (unsigned i = 0; i < r->file_count; next = r->files[i++] + 1)
		if (r->files[i] > next && syscall(SYS_close_range, next, r->files[i] - 1, 0))
			die_sys("cannot close descriptors");
	if (syscall(SYS_close_range, next, ~0U, 0))
		die_sys("cannot close descriptors");
}

enum { FD_AWAITED = FD_ROOM - 1 };

/* Until whoever decides has decided, or has gone. */
static void
parked_wait(const struct room *r)
{
	char told[NUMBER_MAX] = "";
	ssize_t n;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		die_sys("cannot become undumpable");
	n = recv(FD_AWAITED, told, r->told ? NUMBER_MAX - 1 : 1, r->told ? 0 : MSG_PEEK);
	if (n <= 0)
		_exit(0);
	if (r->told)
		memcpy(r->told, told, NUMBER_MAX);
}

void
room_become(const struct room *r)
{
	static char *const nothing[] = { NULL };
	const struct itimerval deadline = { { 0, 0 }, { r->deadline, 0 } };

	for (int i = 0; i < r->count; i++)
		if (r->descriptors[i] != i && dup3(r->descriptors[i], i, 0) < 0)
			die_sys("cannot place descriptor %d", i);
	if (dup3(r->executable, FD_ROOM, O_CLOEXEC) < 0)
		die_sys("cannot place the executable");
	if (r->awaits && dup3(r->awaits, FD_AWAITED, O_CLOEXEC) < 0)
		die_sys("cannot place what is awaited");
	if (syscall(SYS_close_range, r->count, r->awaits ? FD_AWAITED - 1 : FD_AWAITED, 0))
		die_sys("cannot close descriptors");
	privileges_drop(r);
	others_close(r);
	if (r->awaits)
		parked_wait(r);
	/* SIGALRM's default action outlives exec, and no room can change it. */
	if (setitimer(ITIMER_REAL, &deadline, NULL))
		die_sys("cannot set the deadline");
	(void)syscall(SYS_execveat, FD_ROOM, "", r->arguments, nothing, AT_EMPTY_PATH);
	die_sys("cannot execute the room %s", r->arguments[0]);
}

pid_t
room_start(const struct room *r)
{
	/* The child borrows our memory until exec and writes nothing that we read: r is const, and die ends it.  A parked
	 * one has a copy. */
	pid_t pid = r->awaits ? fork() : vfork(); /* NOLINT: posix_spawn cannot drop privileges */

	if (pid < 0)
		die_sys("cannot start the room %s", r->arguments[0]);
	if (pid == 0)
		room_become(r); /* NOLINT: it makes system calls and ends in exec or _exit */
	return pid;
}
