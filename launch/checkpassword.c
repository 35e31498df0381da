/* Attempts judged by a checkpassword program of the administrator's, in the place of authd.
 *
 * That program starts as root, reads what the client wrote, and may need anything: so there is no box around it, nor
 * around us, who start it.  Of ours, root still reads no byte of the client's: giver puts them into the pipe.  Nor does
 * the program touch the network: its standard input is ctl, its standard output a pipe on which sallyport-maildrop, which
 * it starts for a user whom it accepts, says that the user is in.  An exit status of 0 is no such thing. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "launch.h"
#include "log.h"

enum { JUDGE_SECONDS = 120, GIVEN_FD = 3, MISUSED = 2, NOT_STARTED = 127 };

/* What the program said by how it ended, without the user having come in. */
static enum answer
answer_of(int status, const char **reason)
{
	static const struct {
		int status;
		enum answer answer;
		const char *reason;
	} answers[] = {
		{ 0, ANSWER_PERMANENT, "authconf" },          /* it never started sallyport-maildrop */
		{ MISUSED, ANSWER_PERMANENT, "authconf" },    /* it says so itself */
		{ EXIT_USAGE, ANSWER_PERMANENT, "authconf" }, /* sallyport-maildrop refused */
		{ EXIT_BUG, ANSWER_LATER, "authtemp" },       /* sallyport-maildrop again */
		{ EXIT_PEER, ANSWER_LATER, "authtemp" },      /* an older sallyport -c */
		{ EXIT_SYSTEM, ANSWER_LATER, "authtemp" },
		{ NOT_STARTED, ANSWER_LATER, "authtemp" }, /* a libc or a shell says so of what it was to start */
	};

	*reason = "authtemp";
	if (!WIFEXITED(status))
		return ANSWER_LATER;
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		if (WEXITSTATUS(status) == answers[i].status) {
			*reason = answers[i].reason;
			return answers[i].answer;
		}
	*reason = "password"; /* 1, and whatever else programs have invented */
	return ANSWER_NO;
}

static void
fail_log(const struct launch *s, unsigned try, const char *reason)
{
	struct logline l;

	log_start(&l, "fail");
	log_text(&l, "sid", s->sid);
	log_text(&l, "rip", s->peer.remote);
	log_text(&l, "lip", s->peer.local);
	log_text(&l, "tls", "-");
	log_text(&l, "user", "?"); /* giver's line has it */
	log_number(&l, "try", try);
	log_text(&l, "reason", reason);
	log_send(&l);
}

static void
variable_set(const char *name, const char *value)
{
	if (setenv(name, value, 1))
		die_sys("cannot set %s", name);
}

static void
session_tell(const struct launch *s)
{
	char uidmin[24];

	(void)snprintf(uidmin, sizeof uidmin, "%u", s->config.rootless ? 0 : s->config.uidmin);
	variable_set("SALLYPORT_SID", s->sid);
	variable_set("SALLYPORT_RIP", s->peer.remote);
	variable_set("SALLYPORT_LIP", s->peer.local);
	variable_set("SALLYPORT_LANDLOCK", s->config.nolandlock ? "nolandlock" : "landlock");
	variable_set("SALLYPORT_KEEPNEW", s->config.keepnew ? "1" : "0");
	variable_set("SALLYPORT_ROOMS", s->config.rooms);
	variable_set("SALLYPORT_UIDMIN", uidmin);
}

/* In the child: become the program. */
static void __attribute__((noreturn))
program_become(const struct launch *s, char *const *program, int given, int started)
{
	const struct itimerval deadline = { { 0, 0 }, { s->config.session + JUDGE_SECONDS, 0 } };

	session_tell(s);
	(void)signal(SIGPIPE, SIG_DFL); /* cannot fail */
	if (setitimer(ITIMER_REAL, &deadline, NULL))
		die_sys("cannot set the deadline");
	if (dup2(s->ctl, 0) < 0 || dup2(started, 1) < 0 || dup2(given, GIVEN_FD) < 0 ||
	    syscall(SYS_close_range, GIVEN_FD + 1, ~0U, 0))
		die_sys("cannot place descriptors");
	(void)execvp(program[0], program);
	die_sys("cannot execute %s", program[0]);
}

/* Has the user come in?  Waits until he has, or until the program has ended. */
static bool
user_is_in(int started)
{
	ssize_t n;
	char c;

	do
		n = read(started, &c, 1);
	while (n < 0 && errno == EINTR);
	(void)close(started);
	return n == 1;
}

/* The session is storage's, who is our child's; nothing is left for root to do but to wait, and not even that. */
static void __attribute__((noreturn)) session_wait(struct launch *s, pid_t program)
{
	(void)close(s->ctl);
	tls_forget(s);
	if (!s->config.rootless &&
	    (syscall(SYS_setgroups, 0, NULL) ||
	     syscall(SYS_setresgid, s->config.authd.gid, s->config.authd.gid, s->config.authd.gid) ||
	     syscall(SYS_setresuid, s->config.authd.uid, s->config.authd.uid, s->config.authd.uid)))
		die_sys("cannot leave root");
	(void)room_reap(s, program, "storage");
	(void)room_reap(s, s->pop3d, "pop3d");
	_exit(0);
}

/* One attempt.  Returns when pop3d has its answer. */
static void
attempt_serve(struct launch *s, char *const *program, unsigned try)
{
	static struct wr m;
	const char *reason;
	int given[2], started[2], status;
	pid_t pid;

	if (pipe2(given, O_CLOEXEC) || pipe2(started, O_CLOEXEC))
		die_sys("cannot make a pipe");
	status = giver_run(s, try, given[1]);
	(void)close(given[1]);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		die_peer("giver failed: its own line says why, or an alarm does");
	pid = WEXITSTATUS(status) ? -1 : fork();
	if (pid == 0)
		program_become(s, program, given[0], started[1]);
	(void)close(given[0]);
	(void)close(started[1]);
	if (WEXITSTATUS(status)) {
		(void)close(started[0]);
		return; /* it has answered */
	}
	if (pid < 0)
		die_sys("cannot start %s", program[0]);
	if (user_is_in(started[0]))
		session_wait(s, pid);
	answer_put(&m, answer_of(room_reap(s, pid, program[0]), &reason));
	fail_log(s, try, reason);
	(void)chan_put_now(s->ctl, &m); /* a pop3d that has gone needs no answer */
}

void
checkpassword_serve(struct launch *s, char *const *program)
{
	for (unsigned try = 1; try <= s->config.tries; try++) {
		request_wait(s, s->config.tries - try + 1);
		attempt_serve(s, program, try);
	}
	request_wait(s, 0);
	die_peer("pop3d asked again after its last attempt");
}
