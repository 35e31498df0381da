/* The files of certificates that tlsd is given: u8 which, and any octets, as a chain, as authorities of clients, as a
 * response of OCSP; and the arguments that name them, any text.  What is read is whole, or nothing. */
#define _GNU_SOURCE
#include "certificates.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chan.h"
#include "client.h"
#include "fuzz.h"

enum { CHAIN = FD_FILES, EMPTY, LAST_FD = 190 };

static void
content_put(int fd, const void *bytes, size_t n)
{
	int made = memfd_create("file", 0);

	MUST(made >= 0 && (n == 0 || write(made, bytes, n) == (ssize_t)n) && dup2(made, fd) == fd);
	if (made != fd)
		(void)close(made);
}

static void
argument_read(struct take *t)
{
	size_t len;
	char *text = (char *)take_copy(t, 300, &len), *argument = strndup(text, len);
	struct certificates c = { .count = 0 };

	MUST(argument != NULL);
	if (authorities_set(&c, argument) == 0)
		MUST(c.file_count <= 1 &&
		     (c.file_count == 0 || (c.authorities >= FD_FILES && c.authorities <= FD_FILES_MAX)));
	c.file_count = 0;
	if (certificate_add(&c, argument) == 0) {
		MUST(c.count == 1 && c.name[0][0] && c.chain[0] >= FD_FILES && c.chain[0] <= FD_FILES_MAX);
		MUST(c.ocsp[0] == -1 || (c.ocsp[0] >= FD_FILES && c.ocsp[0] <= FD_FILES_MAX));
	}
	free(argument);
	free(text);
}

static void
files_read(const struct take *t)
{
	struct certificates c = { .count = 0 };
	const struct chain *chain;
	const struct response *response;
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	content_put(CHAIN, t->p, t->len);
	content_put(EMPTY, "", 0);
	MUST(certificate_add(&c, "16:16:a") == 0 && certificate_add(&c, "16:17:a") == 0 &&
	     certificate_add(&c, "16:-:a") == 0);
	chain = chain_get(&c, 0);
	if (chain) {
		MUST(chain->leaf && sk_X509_num(chain->rest) >= 0 && sk_X509_num(chain->rest) <= 10);
		MUST(chain_get(&c, 0) == chain);
		X509_free(chain->leaf);
		sk_X509_pop_free(chain->rest, X509_free);
	}
	response = ocsp_get(&c, 0);
	MUST(response ? response->len == t->len && memcmp(response->der, t->p, t->len) == 0
		      : t->len == 0 || t->len >= 65536);
	MUST(ocsp_get(&c, 1) == NULL && ocsp_get(&c, 2) == NULL && ocsp_get(&c, 0) == response);
	if (response)
		OPENSSL_free(response->der);
	MUST(context && authorities_set(&c, "16") == 0);
	if (client_ask(context, &c) == 0)
		MUST(sk_X509_NAME_num(SSL_CTX_get_client_CA_list(context)) >= 1);
	SSL_CTX_free(context);
	certificates_close(&c);
	MUST(c.file_count == 0);
	(void)syscall(SYS_close_range, 3, LAST_FD, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };

	if (take_u8(&t) & 1)
		argument_read(&t);
	else
		files_read(&t);
	return 0;
}
