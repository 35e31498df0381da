#define _GNU_SOURCE
#include "relay.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"

enum {
	RECORD = 16384,       /* octets of one TLS record (RFC 8446 section 5.1) */
	GOODBYE_SECONDS = 60, /* for what the program behind said last, after it has gone */
	AWAY_READS = 16,
};

/* One direction. */
struct way {
	size_t at, n;
	bool ended;
	uint8_t b[RECORD];
};

struct relay {
	SSL *ssl;
	struct way in, out;      /* to the program behind, to the client */
	bool in_closed;          /* the program behind hears nothing more */
	short read_on, write_on; /* what OpenSSL waits for, when it is to read and to write: POLLIN or POLLOUT */
	bool more;               /* it may hold what poll cannot see */
	bool broken;             /* no more TLS on this connection */
};

/* What does OpenSSL wait for?  0: for nothing, because this direction or all has ended. */
static short
engine_wants(struct relay *r, int result, struct way *w)
{
	switch (SSL_get_error(r->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return POLLIN;
	case SSL_ERROR_WANT_WRITE:
		return POLLOUT;
	case SSL_ERROR_ZERO_RETURN:
		w->ended = true;
		/* Of what is written, too, when the client has gone: its end came before, and this error leaves no other
		 * trace. */
		r->broken |= w == &r->out;
		return 0;
	default: /* cut, or against the protocol */
		w->ended = r->broken = true;
		return 0;
	}
}

static void
client_read(struct relay *r)
{
	int n;

	if (r->in.n || r->in.ended)
		return;
	ERR_clear_error();
	n = SSL_read(r->ssl, r->in.b, RECORD);
	r->more = n > 0;
	r->read_on = n > 0 ? POLLIN : engine_wants(r, n, &r->in);
	if (n > 0)
		r->in.n = (size_t)n;
}

static void
client_write(struct relay *r)
{
	int n;

	if (r->out.n == 0 || r->broken)
		return;
	ERR_clear_error();
	n = SSL_write(r->ssl, r->out.b + r->out.at, (int)(r->out.n - r->out.at));
	r->write_on = n > 0 ? POLLOUT : engine_wants(r, n, &r->out);
	if (n > 0 && (r->out.at += (size_t)n) == r->out.n)
		r->out.at = r->out.n = 0;
}

/* The program behind hears the end: half-close. */
static void
plain_end(struct relay *r)
{
	(void)shutdown(FD_PLAIN_IN, SHUT_WR); /* it may have gone */
	r->in_closed = true;
}

static void
plain_write(struct relay *r)
{
	ssize_t n;

	if (r->in.n) {
		n = r->in_closed ? -1 : write(FD_PLAIN_IN, r->in.b + r->in.at, r->in.n - r->in.at);
		if (n < 0 && !r->in_closed && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0 && !r->in_closed)
			plain_end(r); /* what the client still says is for nobody, and none of it is to be waited for */
		if (n < 0 || (r->in.at += (size_t)n) == r->in.n) {
			explicit_bzero(r->in.b, r->in.n); /* a password, perhaps */
			r->in.at = r->in.n = 0;
		}
	}
	if (r->in.ended && r->in.n == 0 && !r->in_closed)
		plain_end(r);
}

static void
plain_read(struct relay *r)
{
	ssize_t n;

	if (r->out.n || r->out.ended)
		return;
	n = read(FD_PLAIN_OUT, r->out.b, RECORD);
	if (n > 0)
		r->out.n = (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		r->out.ended = true;
}

/* Wait for whatever can go on.  False when nothing can, or not in time. */
static bool
relay_wait(const struct relay *r)
{
	struct pollfd p[4] = { { FD_IN, 0, 0 }, { FD_OUT, 0, 0 }, { -1, POLLOUT, 0 }, { -1, POLLIN, 0 } };
	const struct timespec goodbye = { GOODBYE_SECONDS, 0 };
	short wanted = 0;
	int n;

	if (r->in.n == 0 && !r->in.ended)
		wanted |= r->read_on;
	if (r->out.n)
		wanted |= r->write_on;
	if (wanted & POLLIN)
		p[0].events = POLLIN;
	if (wanted & POLLOUT)
		p[1].events = POLLOUT;
	/* A descriptor that waits for nothing would still wake us by its errors. */
	p[0].fd = p[0].events ? FD_IN : -1;
	p[1].fd = p[1].events ? FD_OUT : -1;
	if (r->in.n && !r->in_closed)
		p[2].fd = FD_PLAIN_IN;
	if (r->out.n == 0 && !r->out.ended)
		p[3].fd = FD_PLAIN_OUT;
	n = ppoll(p, 4, r->out.ended ? &goodbye : NULL, NULL);
	if (n < 0 && errno != EINTR)
		die_sys("cannot wait");
	return n != 0;
}

/* close_notify, and our end of the connection; then away with what the client sent too much, so that the kernel does
 * not reset the connection and lose on its way what was said last. */
static void
goodbye(const struct relay *r)
{
	static uint8_t away[RECORD];
	int64_t until = clock_ms() + GOODBYE_SECONDS * 1000;
	int n = -1;

	ERR_clear_error();
	while (!r->broken && (n = SSL_shutdown(r->ssl)) < 0 && engine_wait(r->ssl, n, until))
		ERR_clear_error();
	(void)shutdown(FD_OUT, SHUT_WR); /* not every client is a socket */
	for (int i = 0; i < AWAY_READS && read(FD_IN, away, sizeof away) > 0; i++)
		;
}

void
relay_run(SSL *ssl)
{
	static struct relay r;

	r.ssl = ssl;
	r.read_on = POLLIN;
	r.write_on = POLLOUT;
	do {
		client_read(&r);
		plain_write(&r);
		plain_read(&r);
		client_write(&r);
		if (r.broken || (r.out.ended && r.out.n == 0))
			break;
	} while ((r.more && r.in.n == 0) || relay_wait(&r));
	goodbye(&r);
}
