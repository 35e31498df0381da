/* load: many POP3 sessions from one process, each reply and size checked.
 * usage: load PORT MODE SESSIONS CONCURRENCY USER PASSWORD MESSAGES OCTETS
 *	quit	connect, QUIT
 *	stat	log in, STAT, QUIT
 *	list	log in, LIST, UIDL, QUIT
 *	retr	log in, RETR of each message, one after the other, QUIT
 *	pipe	the same, WINDOW commands at a time
 *	any	log in, STAT, QUIT, where only +OK is checked: for a server that has no mail
 *	idle	log in, RISING at a time, then say "ready" and stay until the standard input ends, QUIT
 * USER holds a %, which a number below CONCURRENCY replaces: sessions at one time are of different users.  MESSAGES and
 * OCTETS are what every maildrop holds (LIST, STAT and the bytes that RETR sends must say so).
 * Prints milliseconds from the connection to the last reply, of the median and of the slowest session. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 32, RISING = 64, IN_BYTES = 1 << 18, LINE_BYTES = 600 };

enum step { GREETING, USER, PASS, STAT, LIST, UIDL, RETR, IDLE, QUIT, END };

struct session {
	int fd;
	enum step step;
	unsigned number, user; /* of all, and below CONCURRENCY */
	uint64_t sent, heard;  /* RETR: the messages that were asked for and have come */
	uint64_t octets, lines;
	bool in_body, line_begun;
	uint8_t last;
	size_t len;
	char line[LINE_BYTES];
	double started;
};

static const char *mode, *user, *password;
static uint64_t messages, octets;
static unsigned sessions, concurrency, begun, ended, idle;
static struct sockaddr_in address = { .sin_family = AF_INET };
static int events;
static struct session *all;
static double *took;
static bool leaving;

__attribute__((noreturn, format(printf, 1, 2))) static void
fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fprintf(stderr, "load: %s: ", mode);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static double
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

__attribute__((format(printf, 2, 3))) static void
say(const struct session *s, const char *format, ...)
{
	char b[WINDOW * 32];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(b, sizeof b, format, args);
	va_end(args);
	if (write(s->fd, b, (size_t)n) != n)
		fail("cannot send: %s", strerror(errno));
}

static void
retrieve(struct session *s)
{
	uint64_t window = strcmp(mode, "pipe") == 0 ? WINDOW : 1;
	char b[WINDOW * 32];
	size_t n = 0;

	while (s->sent < messages && s->sent - s->heard < window && n < sizeof b - 32)
		n += (size_t)snprintf(b + n, 32, "RETR %" PRIu64 "\r\n", ++s->sent);
	if (n && write(s->fd, b, n) != (ssize_t)n)
		fail("cannot send: %s", strerror(errno));
}

static void session_begin(struct session *s, unsigned slot);

static void
step_to(struct session *s, enum step step)
{
	s->step = step;
	s->octets = s->lines = 0;
	switch (step) {
	case USER:
		say(s, "USER %.*s%u%s\r\n", (int)strcspn(user, "%"), user, s->user,
		    user[strcspn(user, "%")] ? user + strcspn(user, "%") + 1 : "");
		break;
	case PASS:
		say(s, "PASS %s\r\n", password);
		break;
	case STAT:
		say(s, "STAT\r\n");
		break;
	case LIST:
		say(s, "LIST\r\n");
		break;
	case UIDL:
		say(s, "UIDL\r\n");
		break;
	case RETR:
		retrieve(s);
		break;
	case QUIT:
		say(s, "QUIT\r\n");
		break;
	case IDLE:
		idle++;
		if (leaving)
			step_to(s, QUIT);
		else if (begun < sessions)
			session_begin(&all[begun], begun);
		break;
	case GREETING:
	case END:
		break;
	}
}

static void
logged_in(struct session *s)
{
	step_to(s, strcmp(mode, "stat") == 0 || strcmp(mode, "any") == 0 ? STAT
		   : strcmp(mode, "list") == 0                           ? LIST
		   : strcmp(mode, "idle") == 0                           ? IDLE
									 : RETR);
}

static void
body_ended(struct session *s)
{
	s->in_body = false;
	if (s->step == LIST && (s->lines != messages || s->octets != octets))
		fail("LIST has %" PRIu64 " messages of %" PRIu64 " octets", s->lines, s->octets);
	if (s->step == UIDL && s->lines != messages)
		fail("UIDL has %" PRIu64 " messages", s->lines);
	if (s->step == LIST) {
		step_to(s, UIDL);
	} else if (s->step == UIDL) {
		step_to(s, QUIT);
	} else if (++s->heard == messages) {
		if (s->octets != octets)
			fail("RETR of all sent %" PRIu64 " octets, not %" PRIu64, s->octets, octets);
		step_to(s, QUIT);
	} else {
		retrieve(s);
	}
}

/* One line of a reply's first line, or of LIST and UIDL. */
static void
line_heard(struct session *s, const char *line)
{
	char want[100];

	if (s->in_body) {
		uint64_t n = 0, size = 0;

		if (strcmp(line, ".") == 0) {
			body_ended(s);
			return;
		}
		s->lines++;
		if (sscanf(line, "%" SCNu64 " %" SCNu64, &n, &size) < 1 || n != s->lines)
			fail("line %" PRIu64 " of a list is %s", s->lines, line);
		s->octets += size;
		return;
	}
	if (strncmp(line, "+OK", 3) != 0)
		fail("step %d of session %u was answered %s", s->step, s->number, line);
	switch (s->step) {
	case GREETING:
		step_to(s, strcmp(mode, "quit") == 0 ? QUIT : USER);
		break;
	case USER:
		step_to(s, PASS);
		break;
	case PASS:
		logged_in(s);
		break;
	case STAT:
		(void)snprintf(want, sizeof want, "+OK %" PRIu64 " %" PRIu64, messages, octets);
		if (strcmp(mode, "any") != 0 && strcmp(line, want) != 0)
			fail("STAT is %s, not %s", line, want);
		step_to(s, QUIT);
		break;
	case LIST:
	case UIDL:
	case RETR:
		s->in_body = true;
		s->last = '\n';
		break;
	case QUIT:
		s->step = END;
		break;
	case IDLE:
	case END:
		fail("nothing was asked, but there came %s", line);
	}
}

/* The text of a message: count its octets without stuffed dots, find its end.  Returns how many bytes it took. */
static size_t
text_heard(struct session *s, const uint8_t *p, size_t n)
{
	const uint8_t *at = p, *end = p + n;

	while (at < end) {
		const uint8_t *lf;

		if (s->len == 0 &&
		    *at == '.') { /* a dot begins a line: the end, or stuffed; wait for the byte behind */
			s->len = 1;
			at++;
			continue;
		}
		if (s->len == 1) {
			if (*at == '\r') {
				s->len = 2;
				at++;
				continue;
			}
			s->len = 3; /* the dot is not counted */
		}
		if (s->len == 2) {
			if (*at != '\n')
				fail("a line that begins with a dot and a CR");
			s->len = 0;
			at++;
			body_ended(s);
			return (size_t)(at - p);
		}
		lf = memchr(at, '\n', (size_t)(end - at));
		s->octets += (uint64_t)((lf ? lf + 1 : end) - at);
		if (lf && (lf > at ? lf[-1] : s->last) != '\r')
			fail("a line without CR");
		s->last = lf ? '\n' : end[-1];
		s->len = lf ? 0 : 3;
		at = lf ? lf + 1 : end;
	}
	return n;
}

static void
heard(struct session *s, const uint8_t *p, size_t n)
{
	while (n) {
		size_t took_n;

		if (s->step == RETR && s->in_body) {
			took_n = text_heard(s, p, n);
		} else {
			const uint8_t *lf = memchr(p, '\n', n);
			size_t part = lf ? (size_t)(lf - p) + 1 : n;

			if (s->len + part > sizeof s->line)
				fail("a line of %zu octets", s->len + part);
			memcpy(s->line + s->len, p, part);
			s->len += part;
			took_n = part;
			if (lf) {
				if (s->len < 2 || s->line[s->len - 2] != '\r')
					fail("a line without CR");
				s->line[s->len - 2] = '\0';
				s->len = 0;
				line_heard(s, s->line);
			}
		}
		p += took_n;
		n -= took_n;
	}
}

static void
session_begin(struct session *s, unsigned slot)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };

	*s = (struct session){ .fd = fd, .number = begun++, .user = slot, .started = now_ms() };
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) ||
	    epoll_ctl(events, EPOLL_CTL_ADD, fd, &e))
		fail("cannot connect: %s", strerror(errno));
}

static void
session_read(struct session *s)
{
	static uint8_t b[IN_BYTES];
	static const int yes = 1;
	ssize_t n = recv(s->fd, b, sizeof b, MSG_DONTWAIT);

	/* Some servers send a reply in pieces and do not turn Nagle's algorithm off: without this each message would take
	 * the 40 ms after which the kernel acknowledges by itself. */
	if (n > 0)
		(void)setsockopt(s->fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0) {
		heard(s, b, (size_t)n);
		return;
	}
	if (s->step != END)
		fail("session %u ended in step %d: %s", s->number, s->step, n ? strerror(errno) : "closed");
	took[ended++] = now_ms() - s->started;
	(void)close(s->fd);
	s->fd = -1;
	if (begun < sessions)
		session_begin(s, s->user);
}

static int
time_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static uint64_t
number(const char *text)
{
	return strtoull(text, NULL, 10);
}

/* All are logged in: say so and wait for the order to leave. */
static void
idle_wait(void)
{
	char c;

	(void)printf("ready\n");
	(void)fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	leaving = true;
	for (unsigned i = 0; i < concurrency; i++)
		if (all[i].fd >= 0)
			step_to(&all[i], QUIT);
}

int
main(int argc, char **argv)
{
	struct epoll_event ready[256];

	if (argc != 9)
		return 100;
	address.sin_port = htons((uint16_t)number(argv[1]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	mode = argv[2];
	sessions = (unsigned)number(argv[3]);
	concurrency = (unsigned)number(argv[4]);
	user = argv[5];
	password = argv[6];
	messages = number(argv[7]);
	octets = number(argv[8]);
	if (concurrency > sessions)
		concurrency = sessions;
	events = epoll_create1(EPOLL_CLOEXEC);
	all = calloc(concurrency, sizeof *all);
	took = calloc(sessions, sizeof *took);
	if (events < 0 || all == NULL || took == NULL)
		fail("no memory");
	for (unsigned i = 0; i < concurrency && (strcmp(mode, "idle") != 0 || i < RISING); i++)
		session_begin(&all[i], i);
	while (ended < sessions) {
		int n = epoll_wait(events, ready, 256, 60000);

		if (n == 0)
			fail("nothing comes any more");
		for (int i = 0; i < n; i++)
			session_read(ready[i].data.ptr);
		if (strcmp(mode, "idle") == 0 && idle == sessions && !leaving)
			idle_wait();
	}
	qsort(took, sessions, sizeof *took, time_compare);
	printf("%.3f %.3f\n", took[sessions / 2], took[sessions - 1]);
	return 0;
}
