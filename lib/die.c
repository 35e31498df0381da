#define _DEFAULT_SOURCE
#include "die.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_BYTES = 900 };

static const char *program = "sallyport";
static const char *session = "-";
static const char *priority = "";
static bool ours_is_system;

void
die_program(const char *name)
{
	program = name;
}

void
die_session(const char *sid)
{
	session = sid;
}

void
die_for_interface(void)
{
	ours_is_system = true;
}

const char *
die_sid(void)
{
	return session;
}

const char *
die_priority(void)
{
	return priority;
}

void
die_look_at_log(void)
{
	int type = 0;
	socklen_t len = sizeof type;

	if (getsockopt(2, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_DGRAM)
		priority = "<22>";
}

/* One line, one write; whatever is not printable ASCII becomes '?', so that no name can forge a line. */
__attribute__((format(printf, 2, 0))) static void
say(int error, const char *format, va_list args)
{
	char line[LINE_BYTES];
	size_t end;
	int n = snprintf(line, sizeof line, "%s%s: %s: ", priority, program, session);

	end = n > 0 ? (size_t)n : 0;
	n = vsnprintf(line + end, sizeof line - end - 1, format, args);
	end += n > 0 ? (size_t)n : 0;
	if (error && end < sizeof line - 1) {
		n = snprintf(line + end, sizeof line - end - 1, ": %s", strerror(error));
		end += n > 0 ? (size_t)n : 0;
	}
	if (end > sizeof line - 1)
		end = sizeof line - 1;
	for (size_t i = 0; i < end; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			line[i] = '?';
	line[end++] = '\n';
	(void)!write(2, line, end); /* there is nobody left to tell */
}

#define LEAVE(error, status)                                                                                           \
	do {                                                                                                           \
		va_list args;                                                                                          \
		int e = (error);                                                                                       \
		va_start(args, format);                                                                                \
		say(e, format, args);                                                                                  \
		va_end(args);                                                                                          \
		_exit(status);                                                                                         \
	} while (0)

void
die_usage(const char *format, ...)
{
	LEAVE(0, EXIT_USAGE);
}

void
die_bug(const char *format, ...)
{
	LEAVE(0, ours_is_system ? EXIT_SYSTEM : EXIT_BUG);
}

void
die_peer(const char *format, ...)
{
	LEAVE(0, ours_is_system ? EXIT_SYSTEM : EXIT_PEER);
}

void
die_sys(const char *format, ...)
{
	LEAVE(errno, EXIT_SYSTEM);
}

void
warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(0, format, args);
	va_end(args);
}
