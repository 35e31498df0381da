#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "tell.h"

/* No handlers: while the echo is off these signals wait in a descriptor, and strike when it is on again. */
static int
signals_hold(sigset_t *held, sigset_t *before)
{
	(void)sigemptyset(held); /* none of these can fail with valid signals */
	(void)sigaddset(held, SIGINT);
	(void)sigaddset(held, SIGQUIT);
	(void)sigaddset(held, SIGTERM);
	(void)sigaddset(held, SIGHUP);
	(void)sigaddset(held, SIGTSTP);
	(void)sigprocmask(SIG_BLOCK, held, before);
	return signalfd(-1, held, SFD_CLOEXEC);
}

/* Is there a byte to read (0), or did a signal come first (-1)? */
static int
byte_wait(int signals)
{
	struct pollfd p[2] = { { STDIN_FILENO, POLLIN, 0 }, { signals, POLLIN, 0 } };

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return -1;
	return p[1].revents ? -1 : 0;
}

/* Read one line, byte by byte: whoever feeds us may have more for others.  signals: -1 if none are held. */
static int
line_read(int signals, char out[PASSWORD_MAX + 1])
{
	size_t len = 0;
	char c;

	for (;;) {
		ssize_t n;

		if (signals >= 0 && byte_wait(signals))
			return tell(EXIT_USAGE, "interrupted; nothing was changed");
		n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tell(EXIT_SYSTEM, "cannot read the password: %s", strerror(errno));
		if (n == 0 || c == '\n')
			break;
		if (c >= 0 && (c < 0x20 || c == 0x7f))
			return tell(EXIT_USAGE, "a password cannot have a control character (or a line end of CR LF); "
						"choose another");
		if (len == PASSWORD_MAX)
			return tell(EXIT_USAGE, "a password has at most %d octets; choose a shorter one", PASSWORD_MAX);
		out[len++] = c;
	}
	out[len] = '\0';
	return len ? 0 : tell(EXIT_USAGE, "the password is empty; choose one");
}

static int
typed_read(int signals, const char *prompt, const char *name, char out[PASSWORD_MAX + 1])
{
	int r;

	(void)fprintf(stderr, "%s for %s: ", prompt, name); /* a prompt that nobody sees is no reason to stop */
	r = line_read(signals, out);
	(void)fputc('\n', stderr);
	return r;
}

static int
typed_password(int signals, const char *name, bool twice, char out[PASSWORD_MAX + 1])
{
	char again[PASSWORD_MAX + 1] = "";
	int r = typed_read(signals, "Password", name, out);

	if (r == 0 && twice && (r = typed_read(signals, "Again", name, again)) == 0 && strcmp(out, again))
		r = tell(EXIT_USAGE, "the two passwords differ; nothing was changed");
	sodium_memzero(again, sizeof again);
	return r;
}

int
terminal_password(const char *name, bool twice, char out[PASSWORD_MAX + 1])
{
	struct termios before, silent;
	sigset_t held, mask;
	int signals, r;

	if (tcgetattr(STDIN_FILENO, &before))
		return line_read(-1, out);
	signals = signals_hold(&held, &mask);
	if (signals < 0)
		return tell(EXIT_SYSTEM, "cannot hold signals: %s", strerror(errno));
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent))
		r = tell(EXIT_SYSTEM, "cannot switch the echo off: %s", strerror(errno));
	else
		r = typed_password(signals, name, twice, out);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before); /* what else could be done? */
	(void)close(signals);                              /* nothing is written to it */
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);       /* a signal that came in between strikes here */
	return r;
}
