/* The other way round: we are the checkpassword program of another server, which wrote a name and a password to
 * descriptor 3, and want a program run for the user whom authd verifies.  What is on that descriptor is read by taker:
 * root reads no byte of a client's here either. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "launch.h"
#include "sandbox.h"
#include "signals.h"

enum { GIVEN_FD = 3, EXIT_UNACCEPTABLE = 1, EXIT_MISUSED = 2, TAKE_SECONDS = 240 };

/* The other server's descriptors, out of the way of rooms; 0 to 2 are for the program. */
static int kept[GIVEN_FD + 1];

void
offered_settle(struct launch *s)
{
	int null;

	die_for_interface(); /* another server takes whatever it does not know for a wrong password */
	settle_peer(&s->peer);
	(void)umask(077);
	(void)signal(SIGCHLD, SIG_DFL); /* these cannot fail */
	(void)signal(SIGALRM, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN); /* rooms inherit both, and expect errors in their place */
	(void)signal(SIGXFSZ, SIG_IGN);
	signals_unblock();
	for (int fd = 0; fd <= GIVEN_FD; fd++) {
		kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, FD_ROOM + 1);
		if (kept[fd] < 0)
			_exit(fd == GIVEN_FD ? EXIT_MISUSED : EXIT_SYSTEM);
	}
	die_look_at_log();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= FD_ROOM; fd++)
		if (fd != 2 && (null < 0 || (fd != null && dup3(null, fd, fd > 2 ? O_CLOEXEC : 0) < 0)))
			die_sys("cannot settle descriptors");
}

/* The directory that a program finds its "Maildir" in, so that both servers mean the same one. */
static void
home_of(const char *maildrop, char home[MAILDROP_MAX])
{
	static const char last[] = "/Maildir";
	size_t n = strlen(maildrop), end = sizeof last - 1;

	memcpy(home, maildrop, n + 1);
	if (n > end && strcmp(maildrop + n - end, last) == 0)
		home[n - end] = '\0';
}

static void __attribute__((noreturn))
program_become(const struct launch *s, const char *user, const struct identity *id)
{
	char home[MAILDROP_MAX];

	home_of(id->maildrop, home);
	if (!s->config.rootless &&
	    (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, id->who.gid, id->who.gid, id->who.gid) ||
	     syscall(SYS_setresuid, id->who.uid, id->who.uid, id->who.uid)))
		die_sys("cannot become the user");
	if (!s->config.rootless && syscall(SYS_setresuid, -1, 0, -1) == 0)
		die_bug("dropped privileges could be regained");
	if (chdir(home))
		die_sys("cannot change to the directory %s", home);
	if (setenv("USER", user, 1) || setenv("HOME", home, 1) || setenv("SHELL", "/bin/sh", 1) ||
	    setenv("MAILDIR", id->maildrop, 1))
		die_sys("cannot set the environment");
	for (int fd = 0; fd < GIVEN_FD; fd++)
		if (dup2(kept[fd], fd) < 0)
			die_sys("cannot place descriptor %d", fd);
	if (syscall(SYS_close_range, GIVEN_FD, ~0U, 0))
		die_sys("cannot close descriptors");
	(void)signal(SIGPIPE, SIG_DFL); /* as programs expect them; these cannot fail */
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)execvp(s->program[0], s->program);
	die_sys("cannot execute %s", s->program[0]);
}

/* taker's status is ours, if it is one of the interface: it has heard the answer.  Any other, which the other server
 * would take for a wrong password, is a failure of ours. */
static void __attribute__((noreturn)) status_pass_on(const struct launch *s, pid_t taker)
{
	int status, said;

	(void)close(s->ctl); /* if authd went without an answer, taker hears the end */
	status = room_reap(s, taker, "taker");
	said = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SYSTEM;
	_exit(said == EXIT_UNACCEPTABLE || said == EXIT_MISUSED || said == EXIT_USAGE ? said : EXIT_SYSTEM);
}

void
offered_serve(struct launch *s)
{
	static struct identity id;
	uint8_t verdict[VERDICT_BYTES];
	char name[USER_MAX + 1];
	pid_t taker = taker_start(s, kept[GIVEN_FD]);
	struct pollfd p = { s->ctl, POLLIN, 0 };
	const char *refused;
	struct verified v;

	(void)close(kept[GIVEN_FD]);
	while (poll(&p, 1, TAKE_SECONDS * 1000) <= 0)
		if (errno != EINTR)
			die_peer("taker did not ask in its time");
	if (p.revents & (POLLHUP | POLLERR) || authd_ask(s, 1, verdict) == 0)
		status_pass_on(s, taker);
	if (verdict_get((struct span){ verdict, sizeof verdict }, &v) || span_copy(v.user, name, sizeof name))
		die_peer("authd's verdict is malformed");
	refused = user_identify(s, &v, &id);
	(void)close(s->ctl); /* which taker hears, and ends */
	(void)room_reap(s, taker, "taker");
	if (refused)
		die_usage("login refused: %s", refused);
	program_become(s, name, &id);
}
