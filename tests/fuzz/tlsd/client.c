/* The certificate of a client, any DER, that an authority has signed: the name that is taken from it can stand in a user's
 * record, and the facts can be told.  u8 whose clients are asked, then the certificate. */
#define _GNU_SOURCE
#include "client.h"

#include "fuzz.h"

/* A session as i2d_SSL_SESSION writes it, for one in which this certificate was shown: OpenSSL has no other way to say so
 * without a handshake, for which the certificate's key would be needed. */
static size_t
session_put(uint8_t *out, const uint8_t *der, size_t len)
{
	static const uint8_t begin[] = { 0x02, 0x01, 0x01, 0x02, 0x02, 0x03, 0x03, 0x04,
					 0x02, 0xc0, 0x2f, 0x04, 0x00, 0x04, 0x30 };
	size_t all = sizeof begin + 48 + 4 + len, n = 0;

	out[n++] = 0x30;
	out[n++] = 0x82;
	out[n++] = (uint8_t)(all >> 8);
	out[n++] = (uint8_t)all;
	memcpy(out + n, begin, sizeof begin);
	n += sizeof begin;
	memset(out + n, 0, 48);
	n += 48;
	out[n++] = 0xa3;
	out[n++] = 0x82;
	out[n++] = (uint8_t)(len >> 8);
	out[n++] = (uint8_t)len;
	memcpy(out + n, der, len);
	return n + len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static SSL_CTX *context;
	static uint8_t text[1 << 14];
	struct take t = { data, size };
	struct certificates c = { .clients = take_u8(&t) % 3 };
	struct facts f = {
		.version = 0x0303, .cipher = span_of("x"), .server_name = span_of(""), .identity = span_of("")
	};
	uint8_t identity[IDENTITY_MAX], octets[FACTS_BYTES];
	const uint8_t *p = text;
	SSL_SESSION *session;
	size_t len;
	uint8_t *der = take_copy(&t, 12000, &len);
	SSL *ssl;

	if (context == NULL)
		MUST((context = SSL_CTX_new(TLS_server_method())) != NULL);
	session = d2i_SSL_SESSION(NULL, &p, (long)session_put(text, der, len));
	ssl = SSL_new(context);
	MUST(ssl != NULL);
	if (session && SSL_set_session(ssl, session)) {
		client_facts(ssl, &c, &f, identity);
		MUST(f.identity.len <= IDENTITY_MAX && (f.identity.len == 0 || c.clients == CLIENTS_OF_AUTHORITIES));
		MUST(!(f.flags & FACTS_CERTIFICATE) || c.clients != CLIENTS_NONE);
		for (size_t i = 0; i < f.identity.len; i++)
			MUST(f.identity.p[i] > 0x20 && f.identity.p[i] < 0x7f);
		facts_put(octets, &f);
		MUST(facts_get((struct span){ octets, sizeof octets }, &f) == 0);
	}
	SSL_SESSION_free(session);
	SSL_free(ssl);
	free(der);
	return 0;
}
