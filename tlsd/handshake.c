#define _GNU_SOURCE
#include "handshake.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chan.h"
#include "client.h"
#include "die.h"
#include "log.h"

enum { HANDSHAKE_SECONDS = 60 };

int64_t
clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool
engine_wait(SSL *ssl, int result, int64_t until)
{
	int what = SSL_get_error(ssl, result);
	struct pollfd p = { what == SSL_ERROR_WANT_READ ? FD_IN : FD_OUT,
			    what == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, 0 };
	int64_t left = until - clock_ms();
	struct timespec limit = { left / 1000, left % 1000 * 1000000 };
	int n;

	if ((what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE) || left <= 0)
		return false;
	n = ppoll(&p, 1, &limit, NULL);
	if (n < 0 && errno != EINTR)
		die_sys("cannot wait for the client");
	return n != 0;
}

/* What the client calls itself and us is escaped by the log. */
static void
line_start(struct logline *l, const struct front *f)
{
	log_start(l, "tls");
	log_text(l, "sid", f->sid);
	log_text(l, "rip", f->rip);
	log_text(l, "lip", f->lip);
}

static void
failure_log(const struct front *f, const char *detail)
{
	const char *asked = SSL_get_servername(f->engine.ssl, TLSEXT_NAMETYPE_host_name);
	struct logline l;

	line_start(&l, f);
	log_text(&l, "sni", asked ? asked : "");
	log_text(&l, "err", "handshake");
	log_text(&l, "detail", detail);
	log_send(&l);
}

/* For authd, before the first octet of the client's is handed on.  RFC 9266: the exporter binds TLS 1.3, and TLS 1.2
 * where the master secret is extended (RFC 7627). */
static void
facts_write(const struct front *f, struct facts *facts)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	SSL *ssl = f->engine.ssl;
	uint8_t bytes[FACTS_BYTES];

	if ((facts->version == TLS1_3_VERSION || SSL_get_extms_support(ssl) == 1) &&
	    SSL_export_keying_material(ssl, facts->exporter, EXPORTER_BYTES, label, sizeof label - 1, NULL, 0, 0) == 1)
		facts->flags |= FACTS_EXPORTER;
	facts_put(bytes, facts);
	if (pwrite(FD_TLS_FACTS, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		die_sys("cannot write the facts");
}

/* To pop3d, before the first octet of the client's: the set of mechanisms that it announces has to be true. */
static void
mark_write(const struct front *f, const struct facts *facts)
{
	const char mark = facts->flags & FACTS_EXPORTER ? MARK_EXPORTER : MARK_NONE;

	if (f->marks)
		(void)!write(FD_PLAIN_IN, &mark, 1); /* there is room for it, and a pop3d that has gone needs none */
}

static void
success_log(const struct front *f, const struct facts *facts)
{
	struct logline l;

	line_start(&l, f);
	log_span(&l, "sni", facts->server_name);
	log_text(&l, "version", SSL_get_version(f->engine.ssl));
	log_span(&l, "cipher", facts->cipher);
	log_text(&l, "certificate", f->engine.served);
	log_send(&l);
}

/* A name of DNS, as it should be asked for; anything else is as good as none. */
static struct span
name_asked(const SSL *ssl)
{
	const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct span name = span_of(asked ? asked : "");

	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] <= 0x20 || name.p[i] > 0x7e)
			return span_of("");
	return name.len <= USER_MAX ? name : span_of("");
}

void
handshake_told(struct front *f)
{
	char c;
	ssize_t n = read(FD_TLS_TOLD, &c, 1);

	if (n > 0 && c != 'y' && c != 'Y')
		die_usage("told to begin by neither y nor Y");
	f->report = n > 0 && c == 'Y';
}

/* Variables, each with a NUL behind it, and a NUL behind them all; one without a value is to be unset.  The names are those
 * of s6-ucspitlsd. */
static void
report_write(const struct facts *facts)
{
	char text[64 + CIPHER_MAX + USER_MAX];
	int n = snprintf(text, sizeof text, "SSL_PROTOCOL=%s%cSSL_CIPHER=%.*s%cSSL_TLS_SNI_SERVERNAME%s%.*s%c",
			 tls_version_name(facts->version), 0, (int)facts->cipher.len, (const char *)facts->cipher.p, 0,
			 facts->server_name.len ? "=" : "", (int)facts->server_name.len,
			 (const char *)facts->server_name.p, 0);

	/* It has waited for this, so the socket has room; if it has gone, so has the program behind. */
	if (n > 0)
		(void)!write(FD_TLS_TOLD, text, (size_t)n + 1);
}

static void
success(const struct front *f)
{
	struct facts facts = { .version = (uint16_t)SSL_version(f->engine.ssl),
			       .cipher = span_of(SSL_get_cipher_name(f->engine.ssl)),
			       .server_name = name_asked(f->engine.ssl),
			       .identity = span_of("") };
	uint8_t identity[IDENTITY_MAX];

	client_facts(f->engine.ssl, &f->engine.certificates, &facts, identity);
	facts_write(f, &facts);
	mark_write(f, &facts);
	if (f->report)
		report_write(&facts);
	success_log(f, &facts);
	explicit_bzero(&facts, sizeof facts);
}

int
handshake_run(struct front *f)
{
	int64_t until = clock_ms() + HANDSHAKE_SECONDS * 1000;
	int n;

	for (;;) {
		ERR_clear_error();
		n = SSL_accept(f->engine.ssl);
		if (n == 1) {
			success(f);
			return 0;
		}
		if (!engine_wait(f->engine.ssl, n, until))
			break;
	}
	/* A connection without one octet is a health check's, not a failure. */
	if (BIO_number_read(SSL_get_rbio(f->engine.ssl)) == 0 && ERR_peek_error() == 0)
		return -1;
	failure_log(f, clock_ms() >= until ? "timeout" : engine_error(f->engine.ssl));
	return -1;
}
