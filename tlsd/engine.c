#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED /* ERR_load_SSL_strings: since 3.0 loaded at the start, or never */
#include "engine.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <string.h>
#include <sys/socket.h>

#include "algorithms.h"
#include "chan.h"
#include "client.h"
#include "die.h"
#include "names.h"
#include "provider.h"

/* Forward secrecy and authenticated encryption, and nothing else (RFC 9325 section 4.2); for TLS 1.3, OpenSSL's own. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const char groups[] = "X25519:P-256:P-384";
static const char signatures[] = "ed25519:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:"
				 "RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";

/* "pop3" (RFC 7301; IANA's list), or no such extension.  A client that offers others alone has taken us for another
 * server, perhaps because somebody sent it here (ALPACA): it is told so and hears nothing else. */
static int
alpn_choose(SSL *ssl, const unsigned char **out, unsigned char *len, const unsigned char *in, unsigned n, void *data)
{
	(void)ssl;
	(void)data;
	for (unsigned i = 0; i < n; i += 1U + in[i])
		if (in[i] == 4 && n - i > 4 && memcmp(in + i + 1, "pop3", 4) == 0) {
			*out = in + i + 1;
			*len = 4;
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Number i with its key.  Returns NULL, or why it cannot be used. */
static const char *
certificate_ready(struct engine *e, unsigned i)
{
	const struct chain *c = chain_get(&e->certificates, i);

	if (c == NULL)
		return "cannot be read: it must be a chain in PEM, without a private key";
	if (e->keys[i] == NULL)
		e->keys[i] = provider_key(X509_get0_pubkey(c->leaf), i);
	return e->keys[i] ? NULL : "has a key that is not RSA, ECDSA or Ed25519";
}

static int
certificate_use(struct engine *e, SSL *ssl, unsigned i)
{
	const char *why = certificate_ready(e, i);
	const struct chain *c = &e->certificates.chains[i];

	if (why)
		warn("the certificate for %s %s", e->certificates.name[i], why);
	return why == NULL && SSL_use_cert_and_key(ssl, c->leaf, e->keys[i], c->rest, 1) > 0;
}

/* The client has said what it wants: use the certificates of that name, and no others. */
static int
certificate_choose(SSL *ssl, void *data)
{
	struct engine *e = data;
	const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	unsigned which = name_find(e->certificates.name, e->certificates.count, span_of(asked ? asked : ""));
	int usable = 0;

	if (e->served) /* its second ClientHello, after HelloRetryRequest */
		return 1;
	e->served = e->certificates.name[which];
	for (unsigned i = which; i < e->certificates.count; i++)
		if (strcmp(e->certificates.name[i], e->served) == 0)
			usable |= certificate_use(e, ssl, i);
	return usable;
}

static int
ocsp_staple(SSL *ssl, void *data)
{
	struct engine *e = data;
	const X509 *sent = SSL_get_certificate(ssl);

	for (unsigned i = 0; sent && i < e->certificates.count; i++) {
		const X509 *leaf = e->certificates.chains[i].leaf; /* of one that was used, and so read */
		const struct response *r;
		uint8_t *copy;

		if (leaf == NULL || strcmp(e->certificates.name[i], e->served) != 0 || X509_cmp(leaf, sent) != 0 ||
		    (r = ocsp_get(&e->certificates, i)) == NULL || (copy = OPENSSL_memdup(r->der, r->len)) == NULL)
			continue;
		(void)SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)r->len); /* ssl's from here on */
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *
context_make(struct engine *e)
{
	/* An end without close_notify is an end: a POP3 session that is cut removes nothing anyway. */
	const uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION |
				 SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	if (c == NULL || !SSL_CTX_set_min_proto_version(c, e->minimum) || !SSL_CTX_set_cipher_list(c, ciphers) ||
	    !SSL_CTX_set1_groups_list(c, groups) || !SSL_CTX_set1_sigalgs_list(c, signatures) ||
	    !SSL_CTX_set_num_tickets(c, 0))
		return NULL;
	(void)SSL_CTX_set_options(c, options);
	(void)SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_NO_AUTO_CHAIN);
	(void)SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	if (client_ask(c, &e->certificates))
		die_usage("the authorities of clients' certificates cannot be read: POP3_TLSCLIENT must be PEM, "
			  "without a private key");
	SSL_CTX_set_alpn_select_cb(c, alpn_choose, NULL);
	SSL_CTX_set_cert_cb(c, certificate_choose, e);
	(void)SSL_CTX_set_tlsext_status_cb(c, ocsp_staple);
	(void)SSL_CTX_set_tlsext_status_arg(c, e);
	return c;
}

void
engine_start(struct engine *e)
{
	SSL_CTX *c;

	/* No configuration, so that no module and no engine is loaded; no texts of errors. */
	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
				     OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS |
				     OPENSSL_INIT_NO_ATEXIT,
				 NULL) ||
	    !OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_SSL_STRINGS, NULL) ||
	    algorithms_start() || provider_start() || (c = context_make(e)) == NULL || (e->ssl = SSL_new(c)) == NULL ||
	    !SSL_set_rfd(e->ssl, FD_IN) || !SSL_set_wfd(e->ssl, FD_OUT))
		die_bug("cannot start OpenSSL: %lx", ERR_peek_last_error());
	SSL_set_accept_state(e->ssl);
}

void
engine_load(struct engine *e)
{
	for (unsigned i = 0; i < e->certificates.count; i++) {
		const char *why = certificate_ready(e, i);

		if (why)
			die_usage("the certificate for %s %s", e->certificates.name[i], why);
		(void)ocsp_get(&e->certificates, i); /* most have none */
	}
	certificates_close(&e->certificates);
}

void
engine_attach(void)
{
	static const int fds[] = { FD_IN, FD_OUT, FD_PLAIN_IN, FD_PLAIN_OUT };
	int on = 1;

	(void)setsockopt(FD_OUT, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* not every client is a TCP socket */
	(void)setsockopt(FD_OUT, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on); /* the same */
	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
		int flags = fcntl(fds[i], F_GETFL);

		if (flags < 0 || fcntl(fds[i], F_SETFL, flags | O_NONBLOCK))
			die_sys("cannot prepare the descriptor %d", fds[i]);
	}
}

const char *
engine_error(const SSL *ssl)
{
	unsigned long last = ERR_peek_last_error();
	long verified = SSL_get_verify_result(ssl);
	const char *words;

	if (verified != X509_V_OK) /* says more than "certificate verify failed" */
		return X509_verify_cert_error_string(verified);
	(void)ERR_load_SSL_strings();
	words = ERR_reason_error_string(last);
	return words ? words : "connection closed";
}
