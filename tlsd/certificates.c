#define _GNU_SOURCE
#include "certificates.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "chan.h"
#include "pem.h"

enum {
	CHAIN_FILE_MAX = 65536,
	CHAIN_LENGTH_MAX = 10, /* certificates in one file */
};

static int
file_number(struct span text)
{
	uint64_t n;

	return span_number(text, FD_FILES_MAX, &n) || n < FD_FILES ? -1 : (int)n;
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

int
chain_read(const struct certificates *c, unsigned i, struct chain *out)
{
	static uint8_t text[CHAIN_FILE_MAX], der[CHAIN_FILE_MAX];
	struct span rest = { text, file_read(c->chain[i], text, sizeof text) };
	struct pem block;
	int got = -1;

	out->leaf = NULL;
	out->rest = sk_X509_new_null();
	while (out->rest && (got = pem_next(&rest, &block, der, sizeof der)) != 0) {
		const uint8_t *p = der;
		X509 *x;

		if (got > 0 && (block.label.len != 11 || memcmp(block.label.p, "CERTIFICATE", 11) != 0))
			continue;
		x = got > 0 ? d2i_X509(NULL, &p, (long)block.len) : NULL;
		if (x == NULL || sk_X509_num(out->rest) == CHAIN_LENGTH_MAX ||
		    (out->leaf && !sk_X509_push(out->rest, x))) {
			X509_free(x);
			break;
		}
		if (out->leaf == NULL)
			out->leaf = x;
	}
	if (out->rest && got == 0 && out->leaf)
		return 0;
	chain_free(out);
	return -1;
}

void
chain_free(struct chain *c)
{
	X509_free(c->leaf);
	sk_X509_pop_free(c->rest, X509_free);
}

uint8_t *
ocsp_read(const struct certificates *c, unsigned i, size_t *len)
{
	static uint8_t der[CHAIN_FILE_MAX];

	if (c->ocsp[i] < 0)
		return NULL;
	*len = file_read(c->ocsp[i], der, sizeof der);
	return *len ? OPENSSL_memdup(der, *len) : NULL;
}
