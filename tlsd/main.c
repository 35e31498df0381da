/* tlsd: speaks TLS with one client, and hands what it says to the program behind.  Distrusts: the client.  Distrusted by:
 * everyone; tlskey, which has the private keys, signs one handshake for it and nothing else.
 * Holds: 0,1 the client; 2 the log; 3 the channel to tlskey; 4,5 the input and output of the program behind; 6 the facts, for authd; 7
 * whoever told it to begin; from 16
 * on the files of certificates, open for reading.
 * Born without privilege; after sandbox_enter() it can move octets between these, compute, wait, and exit. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "drop.h"
#include "relay.h"
#include "sandbox.h"

/* argv: tlsd SID RIP LIP LANDLOCK MINIMUM CLIENTS MARK CERTIFICATE...; every one is launch's, none is the client's. */
static void
arguments_read(struct front *f, int argc, char **argv)
{
	static const char usage[] = "usage: tlsd SID RIP LIP landlock|nolandlock 1.2|1.3 -|any|AUTHORITIES "
				    "-|mark CERTIFICATE... (sallyport starts it)";

	if (argc < 9)
		die_usage("%s", usage);
	die_session(argv[1]);
	f->sid = argv[1];
	f->rip = argv[2];
	f->lip = argv[3];
	f->landlock_optional = strcmp(argv[4], "nolandlock") == 0;
	f->engine.minimum = strcmp(argv[5], "1.3") == 0 ? TLS1_3_VERSION : TLS1_2_VERSION;
	if (authorities_set(&f->engine.certificates, argv[6]))
		die_usage("%s", usage);
	f->marks = strcmp(argv[7], "mark") == 0;
	for (int i = 8; i < argc; i++)
		if (certificate_add(&f->engine.certificates, argv[i]))
			die_usage("%s", usage);
}

/* Records leave at once, and no read or write holds us: the waiting is done in ppoll. */
static void
descriptors_prepare(void)
{
	static const int fds[] = { FD_IN, FD_OUT, FD_PLAIN_IN, FD_PLAIN_OUT };
	int on = 1;

	(void)setsockopt(FD_OUT, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* not every client is a TCP socket */
	(void)setsockopt(FD_OUT, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on); /* the same */
	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
		int flags = fcntl(fds[i], F_GETFL);

		if (flags < 0 || fcntl(fds[i], F_SETFL, flags | O_NONBLOCK))
			die_sys("cannot prepare the descriptor %d", fds[i]);
	}
}

int
main(int argc, char **argv)
{
	static struct front f;

	die_program("tlsd");
	die_look_at_log();

	/* acquire: after this, nothing new is ever opened */
	arguments_read(&f, argc, argv);
	chan_only_files(FD_TLS_TOLD, f.engine.certificates.files, f.engine.certificates.file_count);
	descriptors_prepare();
	engine_start(&f.engine);

	/* drop: launch did it before exec; try to get it back, and die if that works */
	drop_verify();

	/* sandbox: from here on, the table in lib/sandbox.c is the law */
	sandbox_enter(&sandbox_tlsd, NULL, f.landlock_optional);

	/* serve: the first octet of the client's is read below this line */
	handshake_told(&f);
	if (handshake_run(&f) == 0)
		relay_run(f.engine.ssl);
	return 0;
}
