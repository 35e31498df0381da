#define _GNU_SOURCE
#include "resident.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "log.h"
#include "sandbox.h"

enum { CHILDREN_MAX = 16384, FD_SIGNALS = FD_TLS_TOLD + 1 };

/* What the log has to say of one that dies.  No child has this table: it tells of other people's connections. */
static struct child {
	pid_t pid; /* 0: free */
	char sid[SID_MAX + 1], rip[ADDRESS_TEXT_MAX];
} * children;
static unsigned count, highest; /* how many there are; none is above */

void
resident_prepare(struct front *f)
{
	sigset_t set;

	if (!f->resident) {
		engine_attach();
		return;
	}
	(void)sigemptyset(&set); /* none of these three can fail */
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	children =
	    mmap(NULL, CHILDREN_MAX * sizeof *children, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (children == MAP_FAILED || madvise(children, CHILDREN_MAX * sizeof *children, MADV_DONTFORK))
		die_sys("cannot have a table of children");
	engine_load(&f->engine);
	if (signalfd(-1, &set, SFD_CLOEXEC) != FD_SIGNALS)
		die_sys("cannot have a descriptor of signals");
}

static void
child_note(pid_t pid, const struct front *f)
{
	struct child *c = children;

	while (c->pid)
		c++;
	c->pid = pid;
	memcpy(c->sid, f->sid, strlen(f->sid) + 1);
	memcpy(c->rip, f->rip, strlen(f->rip) + 1);
	count++;
	if ((unsigned)(c - children) >= highest)
		highest = (unsigned)(c - children) + 1;
}

/* True when it died by a signal that was not its deadline's. */
static bool
child_forget(pid_t pid, int status)
{
	bool alarming = WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM;
	struct child *c = children;
	struct logline l;

	while (c < children + highest && c->pid != pid)
		c++;
	if (c == children + highest)
		die_bug("a child that nobody knows");
	if (alarming) {
		log_start(&l, "alarm");
		log_text(&l, "sid", c->sid);
		log_text(&l, "rip", c->rip);
		log_text(&l, "room", "tlsd");
		log_number(&l, "signal", (uint64_t)WTERMSIG(status));
		log_send(&l);
	}
	c->pid = 0;
	count--;
	while (highest && children[highest - 1].pid == 0)
		highest--;
	return alarming;
}

/* True when one of those that have ended is an alarm. */
static bool
children_reap(void)
{
	struct signalfd_siginfo some[4];
	bool alarming = false;
	int status;
	pid_t pid;

	if (read(FD_SIGNALS, some, sizeof some) < 0 && errno != EINTR)
		die_sys("cannot read signals");
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		alarming |= child_forget(pid, status);
	return alarming;
}

/* In the child: be what launch would have started for this connection alone. */
static void
connection_become(const struct front *f, const int fds[CONNECTION_FDS], unsigned seconds)
{
	static const int places[] = { FD_IN, FD_CTL, FD_PLAIN_IN, FD_PLAIN_OUT, FD_TLS_FACTS };
	const struct itimerval deadline = { { 0, 0 }, { seconds, 0 } };

	/* First of all: what follows is where a copy of a process with more rights could still do harm. */
	if (setitimer(ITIMER_REAL, &deadline, NULL))
		die_sys("cannot set the deadline");
	for (int i = 0; i < CONNECTION_FDS; i++)
		if (dup3(fds[i], places[i], 0) < 0)
			die_sys("cannot place descriptor %d", places[i]);
	if (dup3(fds[0], FD_OUT, 0) < 0 || syscall(SYS_close_range, FD_SIGNALS, ~0U, 0))
		die_sys("cannot place descriptor %d", FD_OUT);
	engine_attach();
	die_session(f->sid);
	sandbox_enter(&sandbox_tlsd, NULL, f->landlock_optional);
}

/* The next message, and a child for it.  -1: there will be none any more.  Else as fork: 0 in the child. */
static pid_t
connection_take(struct front *f)
{
	static struct chan_in in;
	static char sid[SID_MAX + 1], rip[ADDRESS_TEXT_MAX], lip[ADDRESS_TEXT_MAX];
	int fds[CONNECTION_FDS];
	struct connection c;
	enum chan_got got;
	pid_t pid;

	got = chan_take(FD_CTL, &in, fds, CONNECTION_FDS);
	if (got == CHAN_GONE)
		return -1;
	if (got == CHAN_MALFORMED || fds[0] < 0 || connection_get(in.data, &c) || span_copy(c.sid, sid, sizeof sid) ||
	    span_copy(c.rip, rip, sizeof rip) || span_copy(c.lip, lip, sizeof lip))
		die_peer("what sallyport says is no connection");
	f->sid = sid;
	f->rip = rip;
	f->lip = lip;
	pid = fork();
	if (pid == 0) {
		connection_become(f, fds, c.seconds);
		return 0;
	}
	if (pid < 0)
		warn("%s: cannot fork: %s", sid, strerror(errno));
	else
		child_note(pid, f);
	for (int i = 0; i < CONNECTION_FDS; i++)
		(void)close(fds[i]); /* the child's */
	return 1;
}

void
resident_serve(struct front *f)
{
	struct pollfd p[] = { { FD_CTL, POLLIN, 0 }, { FD_SIGNALS, POLLIN, 0 } };
	bool more = true;

	if (!f->resident)
		return;
	/* Ready; and there is nothing more that we say to launch. */
	if (setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL) || shutdown(FD_CTL, SHUT_WR))
		die_sys("cannot tell sallyport");
	while (more || count) {
		pid_t pid = 1;

		p[0].fd = more && count < CHILDREN_MAX ? FD_CTL : -1;
		p[0].revents = 0;
		if (ppoll(p, 2, NULL, NULL) < 0 && errno != EINTR)
			die_sys("cannot wait");
		if (p[1].revents && children_reap())
			pid = -1;
		else if (p[0].revents)
			pid = connection_take(f);
		if (pid == 0)
			return;
		if (pid < 0 && more) {
			(void)close(FD_CTL); /* launch sees that */
			more = false;
		}
	}
	_exit(0);
}
