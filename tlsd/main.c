/* tlsd: speaks TLS with one client, and hands what it says to the program behind.  Distrusts: the client.  Distrusted by:
 * everyone; tlskey, which has the private keys, signs one handshake for it and nothing else.
 * Holds: 0,1 the client; 2 the log; 3 the channel to tlskey; 4,5 the input and output of the program behind; 6 the facts,
 * for authd; 7 whoever told it to begin; from 16 on the files of certificates, open for reading.  A resident one holds 3,
 * where launch hands it connections, and forks for each: resident.c.
 * Born without privilege; after sandbox_enter() it can move octets between these, compute, wait, and exit. */
#include <string.h>

#include "chan.h"
#include "die.h"
#include "drop.h"
#include "relay.h"
#include "resident.h"
#include "sandbox.h"

/* argv: tlsd SID RIP LIP LANDLOCK MINIMUM CLIENTS MARK CERTIFICATE...; every one is launch's, none is the client's.  A SID
 * of "-" is that of no connection, but of all that will come. */
static void
arguments_read(struct front *f, int argc, char **argv)
{
	static const char usage[] = "usage: tlsd SID RIP LIP landlock|nolandlock 1.2|1.3 -|any|AUTHORITIES "
				    "-|mark CERTIFICATE... (sallyport starts it)";

	if (argc < 9)
		die_usage("%s", usage);
	die_session(argv[1]);
	f->sid = argv[1];
	f->resident = strcmp(argv[1], "-") == 0;
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

int
main(int argc, char **argv)
{
	static struct front f;

	die_program("tlsd");
	die_look_at_log();

	/* acquire: after this, nothing new is ever opened */
	arguments_read(&f, argc, argv);
	chan_only_files(FD_TLS_TOLD, f.engine.certificates.files, f.engine.certificates.file_count);
	engine_start(&f.engine);
	resident_prepare(&f);

	/* drop: launch did it before exec; try to get it back, and die if that works */
	drop_verify();

	/* sandbox: from here on, the table in lib/sandbox.c is the law */
	sandbox_enter(f.resident ? &sandbox_tlsd_resident : &sandbox_tlsd, NULL, f.landlock_optional);

	/* serve: the first octet of the client's is read below the next line, behind which every process is in the same
	 * box, with one connection */
	resident_serve(&f);
	handshake_told(&f);
	if (handshake_run(&f) == 0)
		relay_run(f.engine.ssl);
	return 0;
}
