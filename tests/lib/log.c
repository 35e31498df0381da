/* Log lines: no value can start a field or a line, and no line is longer than it may be. */
#define _GNU_SOURCE
#include "log.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string.h>

#include "check.h"
#include "die.h"

static char seen[4096];

/* What descriptor 2 gets. */
static size_t
written(struct logline *l)
{
	int fd = memfd_create("log", 0), keep = dup(2);
	ssize_t n;

	CHECK(fd >= 0 && keep >= 0 && dup2(fd, 2) == 2);
	log_send(l);
	n = pread(fd, seen, sizeof seen - 1, 0);
	CHECK(dup2(keep, 2) == 2);
	(void)close(fd);
	(void)close(keep);
	seen[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* The longest that facts can have. */
static void
tls_fill(struct facts_text *t)
{
	*t = (struct facts_text){ .version = 0x0304 };
	memset(t->cipher, 'c', CIPHER_MAX);
	memset(t->server_name, '%', USER_MAX);
}

static void
tls_fields(void)
{
	struct facts_text t = { .version = 0 };
	struct logline l;

	log_start(&l, "x");
	log_tls(&l, &t);
	(void)written(&l);
	CHECK(strcmp(seen, "pop3d: x tls=-\n") == 0);
	t = (struct facts_text){ .version = 0x0303, .cipher = "ECDHE" };
	log_start(&l, "x");
	log_tls(&l, &t);
	(void)written(&l);
	CHECK(strcmp(seen, "pop3d: x tls=TLSv1.2 cipher=ECDHE sni=-\n") == 0);
}

int
main(void)
{
	struct facts_text tls;
	static const char rude[] = "a b\n\"%=\x7f\xff reason=password";
	struct logline l;
	char big[2000];

	log_start(&l, "fail");
	log_text(&l, "user", rude);
	log_text(&l, "none", "");
	log_number(&l, "try", 2);
	log_pair(&l, "del", 1, UINT64_MAX);
	(void)written(&l);
	CHECK(strcmp(seen, "pop3d: fail user=a%20b%0A\"%25=%7F%FF%20reason=password none=- try=2 "
			   "del=1/18446744073709551615\n") == 0);

	/* However long a name is, the fields behind it stay. */
	memset(big, '\n', sizeof big);
	big[sizeof big - 1] = '\0';
	log_start(&l, "fail");
	log_text(&l, "rip", "192.0.2.1");
	tls_fill(&tls);
	log_tls(&l, &tls);
	log_text(&l, "user", big);
	log_text(&l, "maildir", big);
	log_text(&l, "reason", "password");
	CHECK(written(&l) < LOG_LINE_MAX);
	CHECK(strncmp(seen, "pop3d: fail rip=192.0.2.1 tls=TLSv1.3 cipher=ccc", 48) == 0);
	CHECK(strstr(seen, " sni=%25%25") != NULL && strstr(seen, "%25... user=%0A%0A") != NULL);
	CHECK(strstr(seen, "%0A... maildir=%0A") != NULL);
	CHECK(strcmp(seen + strlen(seen) - 20, "... reason=password\n") == 0);

	memset(big, 'x', sizeof big);
	log_start(&l, "fail");
	for (int i = 0; i < 100; i++)
		log_span(&l, "user", (struct span){ (const uint8_t *)big, 255 });
	CHECK(written(&l) <= LOG_LINE_MAX);
	CHECK(strchr(seen, '\n') == seen + strlen(seen) - 1);
	tls_fields();
	return check_end();
}
