/* Whatever was ignored or blocked before: afterwards deadlines end us, children can be waited for, and writes fail. */
#define _GNU_SOURCE
#include "signals.h"

#include <signal.h>

#include "../check.h"

static int
is_ignored(int n)
{
	struct sigaction now;

	return sigaction(n, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static void
everything_block(void)
{
	sigset_t all;

	CHECK(sigfillset(&all) == 0 && sigprocmask(SIG_BLOCK, &all, NULL) == 0);
}

static int
any_is_blocked(void)
{
	sigset_t now;

	CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &now), 0);
	for (int n = 1; n < 32; n++)
		if (sigismember(&now, n))
			return n;
	return 0;
}

int
main(void)
{
	for (int n = 1; n < 32; n++)
		if (n != SIGKILL && n != SIGSTOP)
			CHECK(signal(n, n == SIGPIPE ? SIG_DFL : SIG_IGN) != SIG_ERR);
	everything_block();
	signals_settle();
	CHECK_EQ(any_is_blocked(), 0);
	CHECK(is_ignored(SIGPIPE) && is_ignored(SIGXFSZ));
	CHECK(!is_ignored(SIGALRM) && !is_ignored(SIGCHLD) && !is_ignored(SIGTERM) && !is_ignored(SIGSYS));

	CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	everything_block();
	signals_unblock();
	CHECK_EQ(any_is_blocked(), 0);
	CHECK(!is_ignored(SIGPIPE)); /* as it was */
	return check_end();
}
