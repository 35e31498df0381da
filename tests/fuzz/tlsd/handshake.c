/* What a client says first: any octets, after which it has gone.  Whatever the name it asks for, the certificate is one of
 * ours; it never gets so far that it is believed, for nobody signs here.  u8 what tlsd was told to begin with, then the
 * client's. */
#define _GNU_SOURCE
#include "handshake.h"

#include <sys/mman.h>
#include <unistd.h>

#include "chan.h"
#include "fuzz.h"

static const char chain[] = "-----BEGIN CERTIFICATE-----\n"
			    "MIIBPjCB8aADAgECAhQ+QdBTrjOMdcanCf8xoaYfT3WVtzAFBgMrZXAwFDESMBAG\n"
			    "A1UEAwwJYS5leGFtcGxlMCAXDTI2MTEyNjE1MzI1MloYDzIxMjYxMTAyMTUzMjUy\n"
			    "WjAUMRIwEAYDVQQDDAlhLmV4YW1wbGUwKjAFBgMrZXADIQBsT9snWe5IOSPW0Y+G\n"
			    "1CciVdcL0YjcCQ6vb7xGjSFrdqNTMFEwHQYDVR0OBBYEFL6ycGGtKbjIe+YxJvLp\n"
			    "OmIVivsjMB8GA1UdIwQYMBaAFL6ycGGtKbjIe+YxJvLpOmIVivsjMA8GA1UdEwEB\n"
			    "/wQFMAMBAf8wBQYDK2VwA0EATeCARgXHr15RWtwQYgITqHdAbFlM9abUU9rQq2c8\n"
			    "fBrt3zxHOIjp4XRv3YaTdNxvtqZHPmwThXLfHodDBZxAAA==\n"
			    "-----END CERTIFICATE-----\n";

int
chan_put(int fd, const struct wr *m)
{
	struct sign s;

	(void)fd;
	MUST(!m->bad && sign_get(wr_span(m), &s) == 0);
	return 0;
}

int
chan_get(int fd, struct chan_in *in, bool want_fd)
{
	(void)fd;
	(void)in;
	(void)want_fd;
	return -1;
}

enum chan_got
chan_take(int fd, struct chan_in *in, int *fds, unsigned n)
{
	(void)fd;
	(void)in;
	(void)fds;
	(void)n;
	return CHAN_GONE;
}

static void
content_put(int fd, const void *bytes, size_t n)
{
	int made = memfd_create("file", 0);

	MUST(made >= 0 && (n == 0 || write(made, bytes, n) == (ssize_t)n) && dup2(made, fd) == fd);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	if (made != fd)
		(void)close(made);
}

static struct front f;

static void
begin(void)
{
	struct certificates *c = &f.engine.certificates;

	for (int fd = FD_FILES; fd < FD_FILES + 3; fd++)
		content_put(fd, fd == FD_FILES + 2 ? "x" : chain, fd == FD_FILES + 2 ? 1 : sizeof chain - 1);
	f.sid = f.rip = f.lip = "-";
	f.engine.minimum = TLS1_2_VERSION;
	MUST(authorities_set(c, "any") == 0 && certificate_add(c, "16:18:mail.example.org") == 0);
	MUST(certificate_add(c, "17:-:*.example.org") == 0 && certificate_add(c, "18:-:bad.example.org") == 0);
	engine_start(&f.engine);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static SSL_CTX *context;
	struct take t = { data, size };
	uint8_t told = take_u8(&t);
	SSL *ssl;

	if (context == NULL) {
		begin();
		context = SSL_get_SSL_CTX(f.engine.ssl);
	}
	content_put(FD_IN, t.p, t.len);
	content_put(FD_OUT, "", 0);
	content_put(FD_TLS_FACTS, "", 0);
	content_put(FD_TLS_TOLD, &told, told != 0);
	ssl = SSL_new(context);
	MUST(ssl != NULL && SSL_set_rfd(ssl, FD_IN) && SSL_set_wfd(ssl, FD_OUT));
	SSL_set_accept_state(ssl);
	f.engine.ssl = ssl;
	f.engine.served = NULL;
	f.report = false;
	if (!REFUSED_IS_FINE()) {
		handshake_told(&f);
		MUST(f.report == (told == 'Y') && (told == 0 || told == 'y' || told == 'Y'));
		MUST(handshake_run(&f) == -1);
		MUST(lseek(FD_TLS_FACTS, 0, SEEK_END) == 0);
	}
	SSL_free(ssl);
	return 0;
}
