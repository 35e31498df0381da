#define _GNU_SOURCE
#include "certificates.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "chan.h"
#include "pem.h"

enum {
	CHAIN_FILE_MAX = 65536,
	CHAIN_LENGTH_MAX = 10, /* certificates behind the first in one file */
	AUTHORITIES_MAX = 32,
};

static int
file_number(struct span text)
{
	uint64_t n;

	return span_number(text, FD_FILES_MAX, &n) || n < FD_FILES ? -1 : (int)n;
}

int
authorities_set(struct certificates *c, const char *argument)
{
	c->clients = strcmp(argument, "-") == 0     ? CLIENTS_NONE
		     : strcmp(argument, "any") == 0 ? CLIENTS_ANY
						    : CLIENTS_OF_AUTHORITIES;
	if (c->clients != CLIENTS_OF_AUTHORITIES)
		return 0;
	c->authorities = c->files[c->file_count++] = file_number(span_of(argument));
	return c->authorities < 0 ? -1 : 0;
}

int
certificate_add(struct certificates *c, const char *argument)
{
	struct span rest = span_of(argument), chain, ocsp;

	if (c->count == KEYS_MAX || !span_cut(&rest, ':', &chain) || !span_cut(&rest, ':', &ocsp) || rest.len == 0)
		return -1;
	c->chain[c->count] = file_number(chain);
	c->ocsp[c->count] = file_number(ocsp);
	if (c->chain[c->count] < 0 || (c->ocsp[c->count] < 0 && !span_is_nocase(ocsp, "-")))
		return -1;
	c->name[c->count] = (const char *)rest.p; /* the argument's end is its NUL */
	c->files[c->file_count++] = c->chain[c->count];
	if (c->ocsp[c->count] >= 0)
		c->files[c->file_count++] = c->ocsp[c->count];
	c->count++;
	return 0;
}

/* All of a file of at most room - 1 octets; 0 if it is longer or cannot be read. */
static size_t
file_read(int fd, uint8_t *to, size_t room)
{
	size_t n = 0;

	while (n < room) {
		ssize_t got = pread(fd, to + n, room - n, (off_t)n);

		if (got == 0)
			return n;
		if (got < 0 && errno != EINTR)
			return 0;
		n += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* Of any kind, encrypted ones too. */
static bool
is_private_key(struct span label)
{
	static const char words[] = "PRIVATE KEY";
	size_t n = sizeof words - 1;

	return label.len >= n && memcmp(label.p + label.len - n, words, n) == 0;
}

/* Every certificate of a file, in its order, at most so many.  NULL when there is none, or one cannot be read; and when a
 * private key is among them, as other servers want it: here it would be where none must ever be, so that file is not
 * served at all, lest nobody notices. */
static STACK_OF(X509) * certificates_read(int fd, int most)
{
	static uint8_t text[CHAIN_FILE_MAX], der[CHAIN_FILE_MAX];
	struct span rest = { text, file_read(fd, text, sizeof text) };
	STACK_OF(X509) *all = sk_X509_new_null();
	struct pem block;
	int got = -1;

	while (all && (got = pem_next(&rest, &block, der, sizeof der)) != 0) {
		const uint8_t *p = der;
		X509 *x;

		if (got > 0 && is_private_key(block.label))
			break;
		if (got > 0 && (block.label.len != 11 || memcmp(block.label.p, "CERTIFICATE", 11) != 0))
			continue;
		x = got > 0 ? d2i_X509(NULL, &p, (long)block.len) : NULL;
		if (x == NULL || sk_X509_num(all) == most || !sk_X509_push(all, x)) {
			X509_free(x);
			break;
		}
	}
	if (all && got == 0 && sk_X509_num(all))
		return all;
	OPENSSL_cleanse(text, sizeof text);
	OPENSSL_cleanse(der, sizeof der);
	sk_X509_pop_free(all, X509_free);
	return NULL;
}

const struct chain *
chain_get(struct certificates *c, unsigned i)
{
	struct chain *chain = &c->chains[i];

	if (chain->leaf == NULL) {
		chain->rest = certificates_read(c->chain[i], 1 + CHAIN_LENGTH_MAX);
		chain->leaf = chain->rest ? sk_X509_shift(chain->rest) : NULL;
	}
	return chain->leaf ? chain : NULL;
}

STACK_OF(X509) * authorities_read(const struct certificates *c)
{
	return certificates_read(c->authorities, AUTHORITIES_MAX);
}

const struct response *
ocsp_get(struct certificates *c, unsigned i)
{
	static uint8_t der[CHAIN_FILE_MAX];
	struct response *response = &c->responses[i];

	if (response->der == NULL && c->ocsp[i] >= 0 && (response->len = file_read(c->ocsp[i], der, sizeof der)) != 0)
		response->der = OPENSSL_memdup(der, response->len);
	return response->der ? response : NULL;
}

void
certificates_close(struct certificates *c)
{
	for (unsigned i = 0; i < c->file_count; i++)
		(void)close(c->files[i]); /* only read from */
	c->file_count = 0;
}
