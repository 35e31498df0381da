#define _GNU_SOURCE
#include "attack.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chan.h"

enum { BYTES_MAX = 1 << 18, LINE_ROOM = 900 };

static const char *room;
static long sibling;
static const struct attacks *const *tables;
static command_fn more;

void
report(const char *format, ...)
{
	char line[LINE_ROOM];
	int n = snprintf(line, sizeof line, "walls: %s ", room), m;
	va_list args;

	va_start(args, format);
	m = vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
	va_end(args);
	n = n + m > LINE_ROOM - 2 ? LINE_ROOM - 2 : n + m;
	line[n++] = '\n';
	(void)!write(FD_LOG, line, (size_t)n); /* there is nobody else to tell */
}

void
attack_begin(const char *name, const char *sid, const struct attacks *const *list, command_fn own)
{
	room = name;
	sibling = strtol(sid, NULL, 10);
	tables = list;
	more = own;
}

long
descriptor_behind(int last)
{
	char c;

	for (int fd = last + 1; fd < 1024; fd++)
		if (read(fd, &c, 1) >= 0 || errno != EBADF)
			return fd;
	errno = EBADF;
	return -1;
}

/* May anything but what is SAFE be tried?  Not with a wall taken out, and not by root outside of launch's box, in which
 * this call, harmless elsewhere, fails. */
static bool
walls_stand(void)
{
	if (getenv("WITHOUT"))
		return false;
	return getauxval(AT_EUID) != 0 || syscall(SYS_setresuid, -1L, 0L, -1L) != 0;
}

static long
attack_make(const struct attack *t)
{
	long a[6];

	if (t->act)
		return t->act();
	for (int i = 0; i < 6; i++)
		a[i] = t->a[i] == SIBLING ? sibling : t->a[i];
	return syscall(t->call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void
attack_run(size_t n, const struct attack *t)
{
	long result;

	if (!(t->care & SAFE) && !walls_stand()) {
		report("%zu refused", n);
		return;
	}
	report("%zu tries", n);
	errno = 0;
	result = attack_make(t);
	report("%zu got %d", n, result == -1 ? errno : 0);
}

/* Attack n of all tables, from 1; NULL behind the last. */
static const struct attack *
attack_find(size_t n)
{
	for (size_t i = 0; tables[i]; n -= tables[i++]->count)
		if (n <= tables[i]->count)
			return &tables[i]->rows[n - 1];
	return NULL;
}

static void
attacks_list(void)
{
	const struct attack *t;

	for (size_t n = 1; (t = attack_find(n)) != NULL; n++)
		report("%zu is %s wants %d care %d", n, t->name, t->wanted, t->care);
	for (size_t n = 1; (t = attack_find(n)) != NULL; n++)
		if (t->wanted != KILLED && !(t->care & ALONE))
			attack_run(n, t);
	report("list end");
}

static unsigned
digit(uint8_t c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

size_t
bytes_read(struct span text, uint8_t *out, size_t space)
{
	struct span part;
	size_t n = 0;

	while (span_cut(&text, '.', &part)) {
		struct span hex, times = part;
		uint64_t count = 1;

		(void)span_cut(&times, '*', &hex);
		if (times.p && span_number(times, BYTES_MAX, &count))
			abort();
		for (; count; count--)
			for (size_t i = 0; i + 1 < hex.len && n < space; i += 2)
				out[n++] = (uint8_t)(digit(hex.p[i]) << 4 | digit(hex.p[i + 1]));
	}
	return n;
}

bool
verb_is(struct span verb, const char *word)
{
	return verb.len == strlen(word) && memcmp(verb.p, word, verb.len) == 0;
}

bool
say_obey(int fd, struct span verb, struct span rest)
{
	static uint8_t b[BYTES_MAX];

	if (!verb_is(verb, "say"))
		return false;
	(void)!write(fd, b,
		     bytes_read(rest, b, sizeof b)); /* who should read may have gone; too much blocks, as it may */
	return true;
}

static void
datagrams_send(struct span bytes, uint64_t count, int flags)
{
	static uint8_t b[BYTES_MAX];
	size_t n = bytes_read(bytes, b, sizeof b);
	uint64_t sent = 0;

	while (sent < count && send(FD_CTL, b, n, MSG_NOSIGNAL | flags) == (ssize_t)n)
		sent++;
	report("sent %d of %d errno %d", (int)sent, (int)count, sent < count ? errno : 0);
}

/* The same, once, with so many copies of a descriptor. */
static void
descriptor_pass(struct span rest, size_t copies)
{
	static uint8_t b[BYTES_MAX];
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	struct iovec v = { b, 0 };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control };
	struct span number;
	uint64_t n = 0;
	int fds[2];

	(void)span_cut(&rest, ' ', &number);
	(void)span_number(number, INT32_MAX, &n);
	fds[0] = fds[1] = (int)n;
	v.iov_len = bytes_read(rest, b, sizeof b);
	h.msg_controllen = (socklen_t)CMSG_SPACE(copies * sizeof(int));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = (socklen_t)CMSG_LEN(copies * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, copies * sizeof(int));
	report("passed, errno %d", sendmsg(FD_CTL, &h, MSG_NOSIGNAL) < 0 ? errno : 0);
}

static void
datagram_get(void)
{
	static struct chan_in in;
	char hex[2 * 64 + 1] = "";

	if (chan_get(FD_CTL, &in, true)) {
		report("heard the end");
		return;
	}
	for (size_t i = 0; i < in.data.len && i < 64; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", in.data.p[i]);
	report("heard %s fd %d", hex, in.fd >= 0);
	if (in.fd >= 0)
		(void)close(in.fd);
}

static void
command_obey(struct span rest)
{
	struct span verb, number = { NULL, 0 };
	const struct attack *t;
	uint64_t n = 0;

	(void)span_cut(&rest, ' ', &verb);
	if (verb_is(verb, "flood")) {
		(void)span_cut(&rest, ' ', &number);
		(void)span_number(number, UINT32_MAX, &n);
		datagrams_send(rest, n, MSG_DONTWAIT);
		return;
	}
	if (verb_is(verb, "pass") || verb_is(verb, "pair")) {
		descriptor_pass(rest, verb_is(verb, "pass") ? 1 : 2);
		return;
	}
	if (rest.p)
		(void)span_number(rest, UINT32_MAX, &n);
	if (verb_is(verb, "list"))
		attacks_list();
	else if (verb_is(verb, "attack") && (t = attack_find((size_t)n)) != NULL)
		attack_run((size_t)n, t);
	else if (verb_is(verb, "put"))
		datagrams_send(rest, 1, 0);
	else if (verb_is(verb, "get"))
		datagram_get();
	else if (verb_is(verb, "leave"))
		_exit((int)n);
	else if (verb_is(verb, "fall"))
		__builtin_trap();
	else if (verb_is(verb, "hang"))
		for (;;)
			(void)ppoll(NULL, 0, NULL, NULL);
	else if (verb_is(verb, "spin"))
		for (;;)
			__asm__ volatile("");
	else if (more == NULL || !more(verb, rest))
		report("does not know %.*s", (int)verb.len, (const char *)verb.p);
}

void
script_obey(struct span script)
{
	struct span line, command;

	while (span_cut(&script, '\n', &line))
		while (span_cut(&line, ';', &command))
			if (command.len)
				command_obey(command);
}
