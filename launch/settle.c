#define _GNU_SOURCE
#include "settle.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "die.h"
#include "sandbox.h"
#include "signals.h"

static bool log_is_lost, has_client;

/* Is descriptor 2 the client's?  Under inetd it is a copy of 0; systemd and others may do the same.  A network
 * socket is never a log either. */
static bool
log_is_client(void)
{
	struct stat log = { 0 }, client = { 0 };
	struct sockaddr_storage name = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof name;

	if (fstat(2, &log))
		return true;
	for (int fd = 0; fd <= 1 && has_client; fd++)
		if (fstat(fd, &client) == 0 && client.st_dev == log.st_dev && client.st_ino == log.st_ino &&
		    !S_ISCHR(log.st_mode))
			return true;
	if (getsockname(2, (struct sockaddr *)&name, &len))
		return false;
	return name.ss_family != AF_UNIX;
}

static void
log_replace(int fd)
{
	if (dup3(fd, 2, 0) < 0)
		_exit(EXIT_SYSTEM); /* there is no log yet */
	if (fd != FD_NULL)
		(void)close(fd);
}

/* A socket to syslog, or -1 when nobody listens there. */
static int
syslog_open(void)
{
	static const struct sockaddr_un name = { AF_UNIX, "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&name, sizeof name) == 0)
		return fd;
	(void)close(fd); /* nothing was sent */
	return -1;
}

/* Descriptor 2 becomes syslog's socket, or /dev/null when nobody listens there. */
static void
log_to_syslog(void)
{
	int fd = syslog_open();

	log_is_lost = fd < 0;
	log_replace(log_is_lost ? FD_NULL : fd);
}

/* No descriptors can be had: say so, if 2 is a log. */
__attribute__((noreturn)) static void
settle_fail(void)
{
	int error = errno;

	if (log_is_client())
		_exit(EXIT_SYSTEM);
	errno = error;
	die_sys("cannot settle the descriptors: is the limit on open files too low?");
}

/* Soft limits are meant for the super-server (softlimit -f 0 would end storage when it makes its table) or are an
 * oversight.  Hard ones stay, and are found out by the first call that fails; rooms set stricter ones of their own. */
static void
limits_raise(void)
{
	static const int limits[] = { RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_NPROC };

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct rlimit r;

		if (syscall(SYS_prlimit64, 0, limits[i], NULL, &r) == 0 && r.rlim_cur != r.rlim_max) {
			r.rlim_cur = r.rlim_max;
			(void)syscall(SYS_prlimit64, 0, limits[i], &r, NULL); /* never more than what is allowed */
		}
	}
}

/* A descriptor that the environment names, copied out of the way; -1 if there is none. */
static int
descriptor_named(const char *name)
{
	const char *text = getenv(name);
	uint64_t n;

	if (text == NULL || span_number(span_of(text), INT32_MAX, &n))
		return -1;
	return fcntl((int)n, F_DUPFD_CLOEXEC, FD_ROOM + 1);
}

/* "-" is no, "!" is first of all, anything else is if the client likes; DISABLETLS is no, whatever that says. */
static void
ucspi_keep(struct ucspi *u)
{
	const char *policy = getenv("UCSPITLS");

	*u = (struct ucspi){ .control = -1, .in = -1, .out = -1 };
	if (policy == NULL || strcmp(policy, "-") == 0 || getenv("DISABLETLS"))
		return;
	u->offered = true;
	u->required = strcmp(policy, "!") == 0;
	u->control = descriptor_named("SSLCTLFD");
	u->in = descriptor_named("SSLREADFD");
	u->out = descriptor_named("SSLWRITEFD");
}

static bool
accepts(int fd)
{
	int is = 0;
	socklen_t len = sizeof is;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is, &len) == 0 && is;
}

/* systemd says whom it means, because variables are inherited and descriptors may not be. */
int
listener_given(void)
{
	const char *count = getenv("LISTEN_FDS"), *whose = getenv("LISTEN_PID");
	uint64_t pid;

	if (accepts(0))
		return 0;
	if (count && whose && strcmp(count, "1") == 0 && span_number(span_of(whose), INT32_MAX, &pid) == 0 &&
	    (pid_t)pid == getpid() && accepts(3))
		return 3;
	return -1;
}

/* All that are not to be kept; those lie in ascending order. */
static void
others_close(const struct ucspi *u, const int given[GIVEN_MAX])
{
	const int kept[] = { u->control, u->in, u->out, given[0], given[1] };
	int next = 3;

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		if (kept[i] > next && syscall(SYS_close_range, next, kept[i] - 1, 0))
			settle_fail();
		if (kept[i] >= next)
			next = kept[i] + 1;
	}
	if (syscall(SYS_close_range, next, ~0U, 0))
		settle_fail();
}

void
settle_process(struct ucspi *u, int given[GIVEN_MAX], bool client)
{
	bool no_log = false;
	int fd;

	has_client = client;
	(void)umask(077);
	signals_settle();
	/* What a super-server left open is nobody's business.  From here on 0 to FD_ROOM are taken, so that no
	 * descriptor of ours ever lies where the client, the log or a room's descriptor belongs. */
	limits_raise();
	ucspi_keep(u);
	for (int i = 0; i < GIVEN_MAX; i++)
		if (given[i] >= 0)
			given[i] = fcntl(given[i], F_DUPFD_CLOEXEC, FD_ROOM + 1);
	others_close(u, given);
	do {
		fd = openat(AT_FDCWD, "/dev/null", O_RDWR);
		no_log |= fd == 2;
		if (fd < 0)
			settle_fail();
	} while (fd < FD_NULL);
	for (int low = FD_NULL; low <= FD_ROOM; low++)
		if (low == FD_NULL ? fcntl(low, F_SETFD, FD_CLOEXEC) < 0 : dup3(FD_NULL, low, O_CLOEXEC) < 0)
			settle_fail();
	if (no_log || log_is_client())
		log_to_syslog();
	die_look_at_log();
}

void
settle_log(enum log_choice choice)
{
	if (choice == LOG_SYSLOG && !log_is_lost && die_priority()[0] == '\0') {
		int fd = syslog_open();

		if (fd < 0)
			die_sys("POP3_LOG=syslog: cannot reach /dev/log: start a syslog, or unset it");
		log_replace(fd);
	}
	if (choice == LOG_NONE)
		log_replace(FD_NULL);
	else if (log_is_lost)
		_exit(EXIT_SYSTEM); /* nobody would hear why: POP3_LOG=none says that this is meant */
	die_look_at_log();
}

/* The canonical form of an address; -1 if it is none. */
static int
address_canonical(const char *text, char out[ADDRESS_TEXT_MAX])
{
	struct address a;

	if (address_read(span_of(text), &a))
		return -1;
	address_print(&a, out);
	return 0;
}

static void
address_from_socket(int (*ask)(int, struct sockaddr *, socklen_t *), char out[ADDRESS_TEXT_MAX])
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
		struct sockaddr_storage room;
	} name = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t len = sizeof name;
	char text[ADDRESS_TEXT_MAX] = "";

	if (ask(0, &name.any, &len))
		return;
	if (name.any.sa_family == AF_INET)
		(void)inet_ntop(AF_INET, &name.four.sin_addr, text, sizeof text);
	else if (name.any.sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &name.six.sin6_addr, text, sizeof text);
	(void)address_canonical(text, out);
}

static void
address_from_environment(const char *protocol, const char *which, char out[ADDRESS_TEXT_MAX])
{
	const char *const protocols[] = { protocol, "TCP", "SSL" };
	char name[64];

	for (size_t i = 0; i < 3; i++) {
		const char *value;

		(void)snprintf(name, sizeof name, "%.32s%s", protocols[i], which);
		value = getenv(name);
		if (value && address_canonical(value, out) == 0)
			return;
	}
}

void
settle_peer(struct peer *p)
{
	const char *protocol = getenv("PROTO"), *systemd = getenv("REMOTE_ADDR");
	struct address remote;

	memcpy(p->remote, "-", 2);
	memcpy(p->local, "-", 2);
	if (protocol) {
		address_from_environment(protocol, "REMOTEIP", p->remote);
		address_from_environment(protocol, "LOCALIP", p->local);
	} else {
		address_from_socket(getpeername, p->remote);
		address_from_socket(getsockname, p->local);
		if (p->remote[0] == '-' && systemd)
			(void)address_canonical(systemd, p->remote);
	}
	p->loopback = address_read(span_of(p->remote), &remote) == 0 && address_is_loopback(&remote);
	/* A server of TLS in front says so in the variables that it sets, as it says who the client is.  One that has not
	 * begun yet (UCSPI-TLS) may set them too. */
	p->tls = protocol && (strcmp(protocol, "SSL") == 0 || getenv("SSL_PROTOCOL")) && getenv("SSLCTLFD") == NULL;
}
