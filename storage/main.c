/* storage: one user's maildrop, as that user.  Distrusts: pop3d, and every name and file in the maildrop.
 * Holds: 0,1 /dev/null; 2 the log; 3 ctl, with pop3d at its other end; 4 the table, empty until it is written; 5 a lock
 * that ends with this process; the Maildir, its new and its cur, after 6, from which it copies the facts of the client's
 * TLS, for the log, and lets go.
 * Was launch until a moment ago, in the same process; root went before this program was executed.  After
 * sandbox_enter() it can read, rename and remove in that one Maildir, make a file that was not there (the index, on
 * descriptor 9) and write nothing else. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "drop.h"
#include "sandbox.h"
#include "serve.h"

static pid_t
process_number(const char *text)
{
	uint64_t n;

	if (span_number(span_of(text), INT32_MAX, &n))
		die_usage("bad argument: this program is started by sallyport, not by hand");
	return (pid_t)n;
}

/* Before the Maildir is opened, whose descriptors begin where this one was (FD_INDEX). */
static void
facts_read(struct storage *s)
{
	ssize_t n = lseek(FD_FACTS_LOG, 0, SEEK_SET) < 0 ? -1 : read(FD_FACTS_LOG, s->facts, sizeof s->facts);

	if (n < 0)
		die_sys("cannot read the facts of the client's TLS");
	s->facts_len = (size_t)n;
	(void)close(FD_FACTS_LOG); /* only read from */
}

/* argv: storage SID RIP LIP LANDLOCK USER MAILDIR KEEPNEW AUTH POP3D TLSD SIZES; from launch, which has them from tables
 * of root's. */
static void
storage_init(struct storage *s, int argc, char **argv)
{
	uid_t real, saved;

	if (argc != 12)
		die_usage("usage: storage SID RIP LIP LANDLOCK USER MAILDIR KEEPNEW AUTH POP3D TLSD SIZES "
			  "(sallyport starts it)");
	die_session(argv[1]);
	s->started = clock_ms();
	s->sid = argv[1];
	s->rip = argv[2];
	s->lip = argv[3];
	s->user = argv[5];
	s->path = argv[6];
	s->keepnew = strcmp(argv[7], "1") == 0;
	s->auth = argv[8];
	(void)getresuid(&real, &s->maildir.uid, &saved); /* cannot fail */
	s->pop3d = process_number(argv[9]);
	s->tlsd = process_number(argv[10]);
	s->maildir.trusting = strcmp(argv[11], "named") == 0;
	s->open_error = maildir_open(&s->maildir, s->path) ? errno : 0;
}

int
main(int argc, char **argv)
{
	static struct storage s;

	die_program("storage");
	die_look_at_log();

	/* acquire: after this, nothing but messages is ever opened */
	chan_only(FD_FACTS_LOG);
	facts_read(&s);
	storage_init(&s, argc, argv);

	/* drop: launch did it before exec; try to get it back, and die if that works */
	drop_verify();

	/* sandbox: from here on, the table in lib/sandbox.c is the law */
	const struct reach reaches[] = { { s.maildir.fd, reach_access[REACH_MAILDROP] }, { -1, 0 } };

	sandbox_enter(&sandbox_storage, reaches, strcmp(argv[4], "nolandlock") == 0);

	/* serve */
	storage_serve(&s);
	return 0;
}
