#define _GNU_SOURCE
#include "client.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	DEPTH_MAX = 5,           /* certificates between a client's and its authority's, and those two */
	MESSAGE_MAX = 32 * 1024, /* octets of all that a client sends as its chain */
};

/* Any certificate will do that OpenSSL could read: the handshake proves that the client has its key, and which
 * certificates mean somebody, authd knows. */
static int
any_accept(X509_STORE_CTX *context, void *data)
{
	(void)context;
	(void)data;
	return 1;
}

/* Only those that lead to one of these, are valid now, and may be a client's. */
static int
authorities_use(SSL_CTX *context, const struct certificates *c)
{
	STACK_OF(X509) *all = authorities_read(c);
	X509_STORE *store = SSL_CTX_get_cert_store(context);
	/* libc would look for a file of the local time when OpenSSL asks it for UTC. */
	int good = all != NULL && setenv("TZ", "UTC0", 1) == 0;

	tzset();
	for (int i = 0; good && i < sk_X509_num(all); i++)
		good = X509_STORE_add_cert(store, sk_X509_value(all, i)) &&
		       SSL_CTX_add_client_CA(context, sk_X509_value(all, i));
	sk_X509_pop_free(all, X509_free);
	return good ? 0 : -1;
}

int
client_ask(SSL_CTX *context, const struct certificates *c)
{
	if (c->clients == CLIENTS_NONE)
		return 0;
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_verify_depth(context, DEPTH_MAX);
	SSL_CTX_set_max_cert_list(context, MESSAGE_MAX);
	if (c->clients == CLIENTS_OF_AUTHORITIES)
		return authorities_use(context, c);
	SSL_CTX_set_cert_verify_callback(context, any_accept, NULL);
	return 0;
}

/* Octets that can stand in a user's record. */
static bool
is_name(const ASN1_STRING *s)
{
	const uint8_t *p = ASN1_STRING_get0_data(s);
	int len = ASN1_STRING_length(s);

	for (int i = 0; i < len; i++)
		if (p[i] <= 0x20 || p[i] > 0x7e)
			return false;
	return len > 0 && len <= IDENTITY_MAX;
}

/* The first mailbox among the alternative names, or else the first host (RFC 5280 section 4.2.1.6). */
static const ASN1_STRING *
name_choose(const GENERAL_NAMES *names)
{
	static const int types[] = { GEN_EMAIL, GEN_DNS };

	for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
		for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
			const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

			if (n->type == types[t])
				return is_name(n->d.ia5) ? n->d.ia5 : NULL;
		}
	return NULL;
}

static void
identity_find(X509 *certificate, struct facts *f, uint8_t identity[IDENTITY_MAX])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	const ASN1_STRING *name = names ? name_choose(names) : NULL;

	if (name) {
		f->identity = (struct span){ identity, (size_t)ASN1_STRING_length(name) };
		memcpy(identity, ASN1_STRING_get0_data(name), f->identity.len);
	}
	GENERAL_NAMES_free(names);
}

void
client_facts(SSL *ssl, const struct certificates *c, struct facts *f, uint8_t identity[IDENTITY_MAX])
{
	X509 *certificate = c->clients == CLIENTS_NONE ? NULL : SSL_get0_peer_certificate(ssl);
	unsigned len = FINGERPRINT_BYTES;

	if (certificate == NULL || !X509_digest(certificate, EVP_sha256(), f->fingerprint, &len))
		return;
	f->flags |= FACTS_CERTIFICATE;
	if (c->clients == CLIENTS_OF_AUTHORITIES && SSL_get_verify_result(ssl) == X509_V_OK)
		identity_find(certificate, f, identity);
}
