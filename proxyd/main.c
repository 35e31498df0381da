/* proxyd: reads the PROXY header that a load balancer puts in front of a connection, so that root does not.
 * Distrusts: the network.  Distrusted by: launch, which takes two addresses of fixed form from it, no more.
 * Holds: 0 the connection; 1 /dev/null; 2 the log; 3 the pipe to launch.
 * Born without privilege; after sandbox_enter() it can read, wait, write one record and exit.  It ends before pop3d or
 * tlsd begins, having read the header and not one octet of the client's. */
#include <string.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "drop.h"
#include "log.h"
#include "receive.h"
#include "sandbox.h"

enum { PROXY_MS = 10000 }; /* a proxy sends its header at once */

static void
record_send(const struct proxied *p)
{
	uint8_t record[PROXIED_BYTES];

	proxied_put(record, p);
	if (write(FD_PROXIED, record, sizeof record) != sizeof record)
		die_sys("cannot tell the addresses");
}

/* A connection that says nothing is a health check, and no event. */
static void
failure_log(const char *sid, const char *rip, enum received r)
{
	static const char *const words[RECEIVED__MAX] = {
		[RECEIVED_CUT] = "cut",
		[RECEIVED_LATE] = "late",
		[RECEIVED_MALFORMED] = "malformed",
	};
	struct logline l;

	if (words[r] == NULL)
		return;
	log_start(&l, "proxy");
	log_text(&l, "sid", sid);
	log_text(&l, "rip", rip);
	log_text(&l, "err", words[r]);
	log_send(&l);
}

static void
proxy_serve(const char *sid, const char *rip)
{
	struct proxied p;
	enum received r = header_receive(FD_IN, PROXY_MS, &p);

	if (r == RECEIVED_WHOLE)
		record_send(&p);
	else
		failure_log(sid, rip, r);
}

int
main(int argc, char **argv)
{
	die_program("proxyd");
	die_look_at_log();
	if (argc != 4)
		die_usage("usage: proxyd SID RIP LANDLOCK (sallyport starts it)");
	die_session(argv[1]);

	/* acquire: after this, nothing new is ever opened */
	fd_only(FD_PROXIED);

	/* drop: launch did it before exec; try to get it back, and die if that works */
	drop_verify();

	/* sandbox: from here on, the table in lib/sandbox.c is the law */
	sandbox_enter(&sandbox_proxyd, NULL, strcmp(argv[3], "nolandlock") == 0);

	/* serve: the first byte from the network is read below this line */
	proxy_serve(argv[1], argv[2]);
	return 0;
}
