#define _GNU_SOURCE
#include "signals.h"

#include <signal.h>
#include <stddef.h>

void
signals_unblock(void)
{
	sigset_t none;

	(void)sigemptyset(&none); /* neither can fail */
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void
signals_settle(void)
{
	static const int signals[] = { SIGCHLD, SIGALRM, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGXCPU, SIGSYS };
	static const int errors[] = { SIGPIPE, SIGXFSZ };
	const struct sigaction standard = { .sa_handler = SIG_DFL }, ignore = { .sa_handler = SIG_IGN };

	/* None of these calls can fail.  SIGCHLD ignored would leave nothing to wait for. */
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		(void)sigaction(signals[i], &standard, NULL);
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		(void)sigaction(errors[i], &ignore, NULL);
	signals_unblock();
}
