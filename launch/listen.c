/* sallyport -l: a super-server for TLS.  It has one tlsd and one tlskey started, which wait; then it starts a session for
 * each connection, by executing this program anew, which is to hand its client to those two and is otherwise like any
 * other.  This process reads nothing: no octet of a client's, whom it accepts and gives away, nor of a room's. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "certificates.h"
#include "die.h"
#include "log.h"
#include "rooms.h"
#include "sandbox.h"
#include "signals.h"

enum {
	HAND_SECONDS = 60,  /* until a session has told them of its client */
	AGAIN_SECONDS = 60, /* before what did not start is tried again, while older ones serve */
	PAUSE_SECONDS = 1,  /* the same while none do, or when the system has no room for a connection */
	ROOMS_MAX = 64,     /* tlsd and tlskey, older ones that have connections still, too */
};

/* Whatever we have started and not waited for.  room is NULL for a session. */
static struct child {
	pid_t pid; /* 0: free */
	const char *room;
} children[CONNECTIONS_MAX + ROOMS_MAX];
static unsigned sessions, rooms;

/* Those that serve now. */
static int tlsd = -1, tlskey = -1; /* -1: none do */
static uint64_t mark;              /* of the files when they were started, or others were tried */
static time_t again;               /* when others may be tried though nothing has changed */
static time_t pause_until;         /* no connection is accepted before */
static int listener, signals, ourselves;

static time_t
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return t.tv_sec;
}

static void
child_note(pid_t pid, const char *room)
{
	struct child *c = children;

	while (c->pid)
		c++; /* there is one: both kinds are counted */
	*c = (struct child){ pid, room };
	*(room ? &rooms : &sessions) += 1;
}

static void
child_forget(pid_t pid, int status)
{
	struct child *c = children;
	struct logline l;

	while (c < children + CONNECTIONS_MAX + ROOMS_MAX && c->pid != pid)
		c++;
	if (c == children + CONNECTIONS_MAX + ROOMS_MAX)
		return; /* not ours: as the first process of a container we inherit others */
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM) {
		log_start(&l, "alarm");
		log_text(&l, "sid", "-");
		log_text(&l, "rip", "-");
		log_text(&l, "room", c->room ? c->room : "sallyport");
		log_number(&l, "signal", (uint64_t)WTERMSIG(status));
		log_send(&l);
	}
	*(c->room ? &rooms : &sessions) -= 1;
	c->pid = 0;
}

/* Children that have ended; or we are to end: then nobody is accepted any more, and sessions go on. */
static void
signals_take(void)
{
	struct signalfd_siginfo one;
	int status;
	pid_t pid;

	if (read(signals, &one, sizeof one) == sizeof one && one.ssi_signo != SIGCHLD)
		_exit(0);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		child_forget(pid, status);
}

/* A resident room, and our end of the channel to it; pid is -1 if there can be none. */
static int
resident_start(struct launch *s, const char *room, pid_t *pid)
{
	const struct timeval patience = { HAND_SECONDS, 0 };
	int pair[2];

	*pid = -1;
	errno = EAGAIN;
	if (rooms == ROOMS_MAX || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		warn("cannot start %s: %s", room, strerror(errno));
		return -1;
	}
	/* A session waits no longer, and then gives up. */
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); /* cannot fail */
	*pid = fork();
	if (*pid == 0) {
		signals_unblock();
		if (strcmp(room, "tlsd") == 0)
			tlsd_reside(s, pair[1]);
		tlskey_reside(s, pair[1]);
	}
	if (*pid < 0)
		warn("cannot start %s: %s", room, strerror(errno));
	(void)close(pair[1]); /* the room's */
	if (*pid < 0)
		(void)close(pair[0]); /* nobody's */
	else
		child_note(*pid, room);
	return pair[0];
}

/* It says that it is ready by shutting its side down: so it can never say anything else.  One that is not in time is
 * ended by its deadline. */
static bool
resident_await(int channel)
{
	struct pollfd p = { channel, POLLRDHUP, 0 };

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			die_sys("cannot wait");
	return !(p.revents & POLLHUP);
}

/* They end when their connections have. */
static void
residents_leave(void)
{
	(void)close(tlsd);
	(void)close(tlskey);
	tlsd = tlskey = -1;
}

/* Returns 0 and our end of the channel to a room that is ready, or what the room has ended with. */
static int
resident_ready(struct launch *s, const char *room, int *channel)
{
	int status = 0;
	pid_t pid;

	*channel = resident_start(s, room, &pid);
	if (pid < 0)
		return EXIT_SYSTEM;
	if (resident_await(*channel))
		return 0;
	(void)close(*channel); /* nothing was said */
	if (waitpid(pid, &status, 0) > 0)
		child_forget(pid, status);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		warn("%s was not ready in time", room);
	return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_SYSTEM;
}

/* New ones, in the place of those that there are: both, or neither.  Returns 0, or what one has ended with.  One after the
 * other, so that what is wrong with a file is said once. */
static int
residents_start(struct launch *s)
{
	int new_tlsd, new_tlskey, status;

	mark = certificates_mark(s->config.tls, s->config.tls_client); /* a change from here on is seen */
	status = resident_ready(s, "tlsd", &new_tlsd);
	if (status == 0 && (status = resident_ready(s, "tlskey", &new_tlskey)) != 0)
		(void)close(new_tlsd); /* so it ends */
	if (status == 0) {
		residents_leave();
		tlsd = new_tlsd;
		tlskey = new_tlskey;
		return 0;
	}
	again = now() + (tlsd < 0 ? PAUSE_SECONDS : AGAIN_SECONDS);
	if (tlsd >= 0)
		warn("the certificates have changed, and cannot be used: the older ones are served as long");
	return status;
}

/* Are there any that know the files as they are? */
static void
residents_renew(struct launch *s)
{
	bool fresh = mark == certificates_mark(s->config.tls, s->config.tls_client);

	if ((tlsd < 0 || !fresh || again) && (!fresh || now() >= again)) {
		again = 0;
		(void)residents_start(s);
	}
}

/* The client on 0 and 1, the way to tlsd and tlskey beside it; everything else has close-on-exec. */
__attribute__((noreturn)) static void
session_become(const char *dir, int client)
{
	const char *const arguments[] = { "sallyport", "-S", dir ? "-e" : NULL, dir, NULL };

	if (dup3(client, 0, 0) < 0 || dup3(client, 1, 0) < 0 || dup3(tlsd, FD_GIVEN_TLSD, 0) < 0 ||
	    dup3(tlskey, FD_GIVEN_TLSKEY, 0) < 0)
		die_sys("cannot place descriptors");
	(void)syscall(SYS_execveat, ourselves, "", exec_arguments(arguments), environ, AT_EMPTY_PATH);
	die_sys("cannot execute sallyport");
}

static void
session_start(const char *dir, int client)
{
	pid_t pid = vfork(); /* NOLINT: as in room_start */

	if (pid == 0)
		session_become(dir, client); /* NOLINT: it makes system calls and ends in exec or _exit */
	if (pid > 0) {
		child_note(pid, NULL);
		return;
	}
	warn("cannot start a session: %s", strerror(errno));
	pause_until = now() + PAUSE_SECONDS;
}

static void
connection_accept(struct launch *s, const char *dir)
{
	int client;

	residents_renew(s);
	if (tlsd < 0) {
		pause_until = now() + PAUSE_SECONDS;
		return;
	}
	client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (client >= 0) {
		session_start(dir, client);
		(void)close(client); /* the session's */
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		warn("cannot accept a connection: %s", strerror(errno));
		pause_until = now() + PAUSE_SECONDS;
	} /* any other error is the connection's, which has gone again */
}

/* "0" is every address that this machine has, of both kinds. */
static int
listener_open(const char *address, const char *port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} name = { .any = { .sa_family = AF_UNSPEC } };
	const int on = 1, off = 0;
	bool all = strcmp(address, "0") == 0;
	struct address a = { { 0 } };
	uint64_t n;
	bool four;
	int fd;

	if (!all && address_read(span_of(address), &a))
		die_usage("-l %s: must be an address of this machine, or 0 for all of them", address);
	if (span_number(span_of(port), UINT16_MAX, &n) || n == 0)
		die_usage("-l %s %s: must be a port from 1 to 65535", address, port);
	four = !all && address_is_four(&a);
	fd = four ? -1 : socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		name.six.sin6_family = AF_INET6;
		name.six.sin6_port = htons((uint16_t)n);
		memcpy(&name.six.sin6_addr, a.b, sizeof a.b);
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, all ? &off : &on, sizeof on); /* cannot fail */
	} else if (four || all) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* a kernel without IPv6 has this one */
		name.four.sin_family = AF_INET;
		name.four.sin_port = htons((uint16_t)n);
		memcpy(&name.four.sin_addr, a.b + ADDRESS_BYTES - 4, 4);
	}
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
	    bind(fd, &name.any, name.any.sa_family == AF_INET ? sizeof name.four : sizeof name.six) ||
	    listen(fd, SOMAXCONN))
		die_sys("cannot listen on %s port %s", address, port);
	return fd;
}

static void
descriptors_settle(struct launch *s)
{
	sigset_t set;
	int flags;

	listener = s->address ? listener_open(s->address, s->port) : s->given[GIVEN_LISTENER];
	if (listener < 0)
		die_usage("-l without an address: descriptor 0, or the one of systemd, must be a socket that listens");
	/* Where others accept here too, one of them may be faster. */
	flags = fcntl(listener, F_GETFL);
	(void)sigemptyset(&set); /* as the others here, it cannot fail */
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	ourselves = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	s->nothing = s->facts = fcntl(FD_NULL, F_DUPFD_CLOEXEC, FD_ROOM + 1);
	if (flags < 0 || fcntl(listener, F_SETFL, flags | O_NONBLOCK) || signals < 0 || ourselves < 0 ||
	    s->nothing < 0 || dup3(FD_NULL, 0, 0) < 0 || dup3(FD_NULL, 1, 0) < 0)
		die_sys("cannot settle the descriptors: is /proc there?");
}

void
listen_serve(struct launch *s, const char *dir)
{
	/* Of another server, which would tell the sessions something else than their sockets do. */
	static const char *const foreign[] = { "PROTO", "REMOTE_ADDR", "LISTEN_FDS", "LISTEN_PID" };
	int status;

	for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
		(void)unsetenv(foreign[i]); /* cannot fail */
	memcpy(s->sid, "-", 2);
	memcpy(s->peer.remote, "-", 2);
	memcpy(s->peer.local, "-", 2);
	die_session(s->sid);
	tls_rooms_open(s);
	descriptors_settle(s);
	status = residents_start(s);
	if (status)
		_exit(status);
	for (;;) {
		bool accepting = sessions < s->config.connections && now() >= pause_until;
		struct pollfd p[] = { { signals, POLLIN, 0 },
				      { accepting ? listener : -1, POLLIN, 0 },
				      { tlsd, 0, 0 },
				      { tlskey, 0, 0 } };

		if (poll(p, 4, now() < pause_until ? PAUSE_SECONDS * 1000 : -1) < 0 && errno != EINTR)
			die_sys("cannot wait");
		if (p[0].revents)
			signals_take();
		if (p[2].revents || p[3].revents)
			residents_leave();
		if (p[1].revents)
			connection_accept(s, dir);
	}
}
