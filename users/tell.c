#include "tell.h"

#include <stdarg.h>
#include <stdio.h>

int
tell(int status, const char *format, ...)
{
	va_list args;

	(void)fputs("sallyport-user: ", stderr); /* nobody else could be told */
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return status;
}
