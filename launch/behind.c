/* Another program behind our TLS, both ways that there are: from the first octet on, or, by UCSPI-TLS, when it says so.
 * tlsd and tlskey are started, or parked, and this process becomes the program, with the rights that it was started with:
 * no root is left of ours, and who it is for is the program's to find out. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "die.h"
#include "launch.h"
#include "sandbox.h"
#include "start.h"

enum { FIRST_FREE = 3 };

/* At the descriptor to, which the program is told in the variable name. */
static void
descriptor_tell(int from, int to, const char *name)
{
	char text[NUMBER_MAX];

	(void)snprintf(text, sizeof text, "%d", to);
	if (dup2(from, to) < 0 || setenv(name, text, 1))
		die_sys("cannot place descriptor %d", to);
}

static void
descriptor_place(int from, int to)
{
	if (dup2(from, to) < 0)
		die_sys("cannot place descriptor %d", to);
}

void
behind_become(struct launch *s)
{
	int next = FIRST_FREE;

	if (strcmp(s->config.tls, "-") == 0)
		die_usage("-t needs certificates: set POP3_TLS to their directory");
	s->ucspi.offered = s->peer.tls = false; /* the variables are for the program */
	tls_rooms_open(s);
	s->nothing = s->facts = fcntl(FD_NULL, F_DUPFD_CLOEXEC, FD_ROOM + 1);
	if (s->nothing < 0)
		die_sys("cannot copy a descriptor");
	tls_settle(s);
	if (!s->implicit_tls && !s->stls)
		die_usage("%s: -t needs certificates: there are none", s->config.tls);
	tls_start(s);
	if (s->stls) {
		descriptor_tell(s->control, next++, "SSLCTLFD");
		descriptor_tell(s->plain_in, next++, "SSLREADFD");
		descriptor_tell(s->plain_out, next++, "SSLWRITEFD");
		if (setenv("UCSPITLS", "", 0) || unsetenv("SSL_PROTOCOL"))
			die_sys("cannot set the environment");
	} else {
		descriptor_place(s->plain_in, 0);
		descriptor_place(s->plain_out, 1);
		/* Which version will only be known after the handshake, and that has no time to be waited for. */
		if (setenv("SSL_PROTOCOL", "TLS", 1) || unsetenv("UCSPITLS") || unsetenv("SSLCTLFD"))
			die_sys("cannot set the environment");
	}
	if (syscall(SYS_close_range, next, ~0U, 0))
		die_sys("cannot close descriptors");
	(void)signal(SIGPIPE, SIG_DFL); /* as programs expect them; these cannot fail */
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)umask(022);
	(void)execvp(s->behind[0], s->behind);
	die_sys("cannot execute %s", s->behind[0]);
}
