/* giver: puts one attempt to log in into a pipe, for a checkpassword program to read: so launch, which starts that
 * program, does not.  Distrusts: pop3d.  Distrusted by: launch, which takes its exit status from it and no more.
 * Holds: 0,1 /dev/null; 2 the log; 3 ctl, with pop3d at its other end; 4 the pipe.
 * Born without privilege; after sandbox_enter() it can receive, write and exit.  It has ended before the checkpassword
 * program begins. */
#define _DEFAULT_SOURCE
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "drop.h"
#include "give.h"
#include "log.h"
#include "sandbox.h"

enum { EXIT_ANSWERED = 1 }; /* pop3d has heard no already; of launch's, see checkpassword.c */

/* The checkpassword program's answer is logged by launch, which does not know who it is about: this says it. */
static void
ask_log(char **argv, struct span user)
{
	struct logline l;

	log_start(&l, "ask");
	log_text(&l, "sid", argv[1]);
	log_text(&l, "rip", argv[2]);
	log_span(&l, "user", user);
	log_text(&l, "try", argv[4]);
	log_send(&l);
}

static int
no_say(void)
{
	static struct wr m;

	answer_put(&m, ANSWER_NO);
	(void)chan_put_now(FD_CTL, &m); /* a client that has gone needs no answer */
	return EXIT_ANSWERED;
}

static int
attempt_give(char **argv)
{
	static struct chan_in in;
	uint8_t bytes[GIVE_MAX];
	struct verify v;
	size_t n;

	if (chan_get(FD_CTL, &in, false))
		return EXIT_ANSWERED;
	if (verify_get(in.data, &v) || v.mechanism != MECH_PASS)
		die_peer("the attempt is malformed, or not by USER and PASS");
	ask_log(argv, v.user);
	n = give_put(&v, argv[5], bytes);
	explicit_bzero(&in, sizeof in);
	if (n == 0)
		return no_say();
	/* It fits the pipe, which nobody reads yet. */
	if (write(FD_GIVEN, bytes, n) != (ssize_t)n)
		die_sys("cannot write to the pipe");
	explicit_bzero(bytes, sizeof bytes);
	return 0;
}

int
main(int argc, char **argv)
{
	die_program("giver");
	die_look_at_log();
	if (argc != 6)
		die_usage("usage: giver SID RIP LANDLOCK TRY TIMESTAMP (sallyport starts it)");
	die_session(argv[1]);

	/* acquire: after this, nothing new is ever opened */
	chan_only(FD_GIVEN);

	/* drop: launch did it before exec; try to get it back, and die if that works */
	drop_verify();

	/* sandbox: from here on, the table in lib/sandbox.c is the law */
	sandbox_enter(&sandbox_giver, NULL, strcmp(argv[3], "nolandlock") == 0);

	/* serve: the first byte from pop3d is read below this line */
	return attempt_give(argv);
}
