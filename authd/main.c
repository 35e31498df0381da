/* authd: judges one attempt to log in.  Distrusts: pop3d, which sends the attempt.  Distrusted by: launch, which
 * refuses root and all that lies outside the mail base, whatever the verdict.
 * Holds: 0,1 /dev/null; 2 the log; 3 ctl, with pop3d at its other end; 4 secrets.cdb, closed before the proof is
 * judged; 5 the verdict, to launch; 6 the slots; 7 the key of shared secrets; 8 the facts of the client's TLS; 9 and
 * 10 the tables of guesses and of logins, to which it writes; 11 to 13 /etc/shadow, /etc/passwd and /etc/shells, or
 * /dev/null, closed when the database is.
 * Two executables: authd judges passwords and certificates, and leaves what needs OpenSSL unread, with a status that
 * says so; then sallyport starts authd-crypto.
 * Born without privilege, in an empty root directory; after sandbox_enter() it can read, compute, answer and exit.
 * It can say no to pop3d but not yes: that goes to launch, as the name that was verified. */
#include "attempt.h"
#include "die.h"
#include "drop.h"
#include "methods.h"
#include "sandbox.h"

int
main(int argc, char **argv)
{
	static struct attempt a;

	die_program("authd");
	die_look_at_log();
	attempt_args(&a, argc, argv);

	/* acquire: after this, nothing new is ever opened */
	chan_only(FD_SHELLS);
	methods_start();

	/* drop: launch did it before exec; try to get it back, and die if that works */
	drop_verify();

	/* sandbox: from here on, the table in lib/sandbox.c is the law */
	sandbox_enter(methods_sandbox, NULL, a.landlock_optional);

	/* serve: the first byte from pop3d is read below this line */
	if (methods_elsewhere && attempt_is_by(&a, methods_elsewhere))
		return STATUS_ELSEWHERE;
	attempt_serve(&a, methods);
	return 0;
}
