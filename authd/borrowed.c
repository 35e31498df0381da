/* What the archives of libsodium and libcrypt ask of the libc they were compiled for, glibc, where they are linked with
 * another.  A process starts with musl in a quarter of the time, and authd starts for each attempt to log in. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "die.h"

#ifndef __GLIBC__
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): glibc's names, so not ours to choose */
void __explicit_bzero_chk(void *p, size_t n, size_t room);
int __snprintf_chk(char *p, size_t n, int flag, size_t room, const char *format, ...);
void arc4random_buf(void *p, size_t n);

/* Both are told how much room there is, as far as the compiler knew it. */
void
__explicit_bzero_chk(void *p, size_t n, size_t room)
{
	if (n > room)
		die_bug("a library clears more than there is");
	memset(p, 0, n);
	__asm__ volatile("" : : "r"(p) : "memory"); /* somebody reads it: nothing may be left out */
}

__attribute__((format(printf, 5, 6))) int
__snprintf_chk(char *p, size_t n, int flag, size_t room, const char *format, ...)
{
	va_list args;
	int len;

	(void)flag;
	if (n > room)
		die_bug("a library prints more than there is room for");
	va_start(args, format);
	len = vsnprintf(p, n, format, args);
	va_end(args);
	return len;
}

/* Only new salts are made with it, and here none is. */
__attribute__((noreturn)) void
arc4random_buf(void *p, size_t n)
{
	(void)p;
	(void)n;
	die_bug("a library wants a salt");
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#endif
