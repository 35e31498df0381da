/* without: takes one wall out, or several, to see that the tests see it.  Linked with --wrap in the place of the calls
 * that build the walls; the programs themselves are the real ones.  The environment says which: WITHOUT=seccomp,chroot.
 * HURRY makes all deadlines so many times shorter. */
#define _GNU_SOURCE
#include <linux/seccomp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "drop.h"

long __real_syscall(long call, ...);
long __wrap_syscall(long call, ...);
int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int __real_chroot(const char *path);
int __wrap_chroot(const char *path);
int __real_dup3(int from, int to, int flags);
int __wrap_dup3(int from, int to, int flags);
int __real_setitimer(int which, const struct itimerval *value, struct itimerval *old);
int __wrap_setitimer(int which, const struct itimerval *value, struct itimerval *old);
int __real_ppoll(struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *mask);
int __wrap_ppoll(struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *mask);
void __real_drop_verify(void);
void __wrap_drop_verify(void);

static int
is_out(const char *wall)
{
	const char *list = getenv("WITHOUT");
	size_t len = strlen(wall);

	while (list && *list) {
		size_t n = strcspn(list, ",");

		if (n == len && memcmp(list, wall, n) == 0)
			return 1;
		list += n + (list[n] == ',');
	}
	return 0;
}

static long
hurry(void)
{
	const char *times = getenv("HURRY");

	return times ? strtol(times, NULL, 10) : 1;
}

/* Which wall a system call builds; NULL: none. */
static const char *
wall_of(long call, const long a[6])
{
	switch (call) {
	case SYS_seccomp:
		return "seccomp";
	case SYS_landlock_restrict_self:
		return "landlock";
	case SYS_setresuid:
	case SYS_setresgid:
	case SYS_setgroups:
		return a[0] == -1 ? NULL : "uid";
	case SYS_close_range:
		return "descriptors";
	case SYS_prlimit64:
		return a[2] ? "limits" : NULL;
	default:
		return NULL;
	}
}

long
__wrap_syscall(long call, ...)
{
	const char *wall;
	long a[6];
	va_list args;

	va_start(args, call);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	wall = wall_of(call, a);
	if (wall && is_out(wall))
		return 0;
	/* A room starts with an empty environment; here it has to hear what is out. */
	if (call == SYS_execveat)
		a[3] = (long)environ;
	return __real_syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int
__wrap_prctl(int option, ...)
{
	va_list args;
	long a;

	va_start(args, option);
	a = va_arg(args, long);
	va_end(args);
	if ((option == PR_SET_NO_NEW_PRIVS && is_out("nnp")) || (option == PR_SET_DUMPABLE && is_out("undumpable")))
		return 0;
	if (option == PR_GET_NO_NEW_PRIVS && is_out("nnp"))
		return 1;
	return __real_prctl(option, a, 0L, 0L, 0L);
}

int
__wrap_chroot(const char *path)
{
	return is_out("root") ? 0 : __real_chroot(path);
}

/* The two by which launch lets go of the client. */
int
__wrap_dup3(int from, int to, int flags)
{
	return to < 2 && is_out("letting go") ? to : __real_dup3(from, to, flags);
}

int
__wrap_setitimer(int which, const struct itimerval *value, struct itimerval *old)
{
	struct itimerval sooner = *value;
	long long us = value->it_value.tv_sec * 1000000LL / hurry();

	if (is_out("deadline"))
		return 0;
	sooner.it_value = (struct timeval){ us / 1000000, us % 1000000 };
	return __real_setitimer(which, &sooner, old);
}

int
__wrap_ppoll(struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *mask)
{
	long long ns = t ? (t->tv_sec * 1000000000LL + t->tv_nsec) / hurry() : 0;
	const struct timespec sooner = { ns / 1000000000, ns % 1000000000 };

	return __real_ppoll(p, n, t ? &sooner : NULL, mask);
}

void
__wrap_drop_verify(void)
{
	if (!is_out("uid"))
		__real_drop_verify();
}
