/* What every fuzz target has: a die that goes back to the target, and writes nothing; and a place for a Maildir. */
#define _DEFAULT_SOURCE
#include "die.h"

#include <stdarg.h>

#include "fuzz.h"
#include "log.h"

jmp_buf fuzz_refused;

void
die_program(const char *name)
{
	(void)name;
}

void
die_session(const char *sid)
{
	(void)sid;
}

void
die_look_at_log(void)
{
}

void
die_for_interface(void)
{
}

const char *
die_sid(void)
{
	return "-";
}

const char *
die_priority(void)
{
	return "";
}

/* The text is made all the same: a bad argument for it would be a finding. */
#define MAKE_LINE()                                                                                                    \
	do {                                                                                                           \
		char line[4096];                                                                                       \
		va_list args;                                                                                          \
		va_start(args, format);                                                                                \
		(void)vsnprintf(line, sizeof line, format, args);                                                      \
		va_end(args);                                                                                          \
	} while (0)

void
die_usage(const char *format, ...)
{
	MAKE_LINE();
	longjmp(fuzz_refused, 1);
}

void
die_peer(const char *format, ...)
{
	MAKE_LINE();
	longjmp(fuzz_refused, 1);
}

void
die_sys(const char *format, ...)
{
	MAKE_LINE();
	longjmp(fuzz_refused, 1);
}

void
die_bug(const char *format, ...)
{
	MAKE_LINE();
	abort();
}

void
warn(const char *format, ...)
{
	MAKE_LINE();
}

/* users/tell.h: a tool tells people, and goes on; nobody listens here. */
int tell(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

int
tell(int status, const char *format, ...)
{
	MAKE_LINE();
	return status;
}

void
dir_temporary(char dir[DIR_ROOM], const char *name)
{
	const char *where = getenv("TMPDIR");

	MUST(snprintf(dir, DIR_ROOM, "%s/fuzz-%s-XXXXXX", where ? where : "/tmp", name) < DIR_ROOM);
	MUST(mkdtemp(dir) != NULL);
}

/* Linked with --wrap=log_send: a line of the log is one line, whatever is in it. */
void __wrap_log_send(struct logline *l);

void
__wrap_log_send(struct logline *l)
{
	MUST(l->n < LOG_LINE_MAX);
	for (size_t i = 0; i < l->n; i++)
		MUST(l->b[i] >= 0x20 && l->b[i] < 0x7f);
}
