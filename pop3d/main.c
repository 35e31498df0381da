/* pop3d: speaks POP3 to one client.  Distrusts: the client.  Distrusted by: everyone.
 * Holds: 0,1 the client; 2 the log; 3 ctl, with launch, authd and then storage at its other end.
 * Born without privilege; after sandbox_enter() it can move bytes between these, wait, and exit. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "die.h"
#include "drop.h"
#include "sandbox.h"
#include "session.h"

static unsigned
argument_number(const char *text)
{
	uint64_t n;

	if (span_number(span_of(text), UINT32_MAX, &n))
		die_usage("bad argument: this program is started by sallyport, not by hand");
	return (unsigned)n;
}

static enum way
way_read(const char *text)
{
	static const char *const words[WAY__MAX] = { "clear", "stls", "tls", "tls-begun", "begun" };
	unsigned way = 0;

	while (way < WAY__MAX && strcmp(text, words[way]) != 0)
		way++;
	if (way == WAY__MAX)
		die_usage("bad argument: this program is started by sallyport, not by hand");
	return (enum way)way;
}

/* argv: pop3d SID RIP LIP LANDLOCK MECHANISMS IDLE SESSION TRIES EXCHANGE HOST WAY STAMP;
 * every one is launch's, none is a client's. */
static void
session_init(struct session *s, int argc, char **argv)
{
	if (argc != 13)
		die_usage("usage: pop3d SID RIP LIP LANDLOCK MECHANISMS IDLE SESSION TRIES EXCHANGE HOST WAY STAMP "
			  "(sallyport starts it)");
	die_session(argv[1]);
	s->sid = argv[1];
	s->rip = argv[2];
	s->lip = argv[3];
	s->mechanisms = argument_number(argv[5]);
	s->idle = argument_number(argv[6]);
	s->limit = argument_number(argv[7]);
	s->tries = argument_number(argv[8]);
	s->exchange = argument_number(argv[9]);
	s->host = argv[10];
	s->way = way_read(argv[11]);
	s->mark_due = s->way == WAY_TLS || s->way == WAY_TLS_BEGUN;
	s->stamp = argv[12];
	s->table = -1;
}

/* Small replies leave at once, and no write or read holds us: the waiting is done in ppoll, with a limit. */
static void
client_prepare(void)
{
	int on = 1;

	(void)setsockopt(FD_OUT, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* not every client is a TCP socket */
	(void)setsockopt(FD_OUT, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on); /* the same */
	for (int fd = FD_IN; fd <= FD_OUT; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK))
			die_sys("cannot prepare the client's descriptor %d", fd);
	}
}

/* Behind tlsd, this process ends after that: as long as it is here, the session counts as one (POP3_CONNECTIONS,
 * POP3_PERADDRESS), and tlsd may wait for a client that does not read what was said to him last.  By its end of ctl
 * storage hears that the session is over, and by that of the output tlsd; what the client still sends is for nobody. */
static void
tlsd_outlast(void)
{
	static uint8_t away[4096];
	struct pollfd p = { FD_IN, POLLIN, 0 };
	ssize_t n;

	(void)close(FD_CTL);
	(void)close(FD_OUT);
	do {
		(void)ppoll(&p, 1, NULL, NULL); /* the deadline is the kernel's */
		n = read(FD_IN, away, sizeof away);
	} while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
}

int
main(int argc, char **argv)
{
	static struct session s;
	int status;

	die_program("pop3d");
	die_look_at_log();

	/* acquire: after this, nothing new is ever opened */
	session_init(&s, argc, argv);
	chan_only(FD_CTL);
	client_prepare();

	/* drop: launch did it before exec; try to get it back, and die if that works */
	drop_verify();

	/* sandbox: from here on, the table in lib/sandbox.c is the law */
	sandbox_enter(&sandbox_pop3d, NULL, strcmp(argv[4], "nolandlock") == 0);

	/* serve: the first client byte is read below this line */
	status = session_serve(&s);
	if (s.way == WAY_TLS || s.way == WAY_TLS_BEGUN)
		tlsd_outlast();
	return status;
}
