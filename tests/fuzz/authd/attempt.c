/* authd's one attempt: any datagrams, with a database of one user.  Only his right password makes a verdict, and it is his. */
#define _GNU_SOURCE
#include "attempt.h"

#include <cdb.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "issuers.h"
#include "methods.h"

/* "open", md5crypt: cheap on purpose */
static const char hash[] = "$1$abcdefgh$ovjmp.B7kCMmCamnRddo91";

#ifndef FORMS
#define FORMS false /* of the password, for authd-crypto */
#endif
static const bool forms = FORMS;

static struct take input;
static int asked, answered;

/* The next datagram: u8 length, octets. */
int
chan_get(int fd, struct chan_in *in, bool want_fd)
{
	size_t n = take_u8(&input), len;
	uint8_t *any;

	(void)fd;
	MUST(!want_fd);
	if (input.len == 0 || n == 0)
		return -1;
	any = take_copy(&input, n, &len);
	memcpy(in->b, any, len);
	free(any);
	in->data = (struct span){ in->b, len };
	in->fd = -1;
	return 0;
}

/* main asks, which is not here. */
size_t
chan_peek(int fd, uint8_t *head, size_t len)
{
	(void)fd;
	memset(head, 0, len);
	return 0;
}

int
chan_put_now(int fd, const struct wr *m)
{
	struct answer_msg a;

	(void)fd;
	MUST(!m->bad && answer_get(wr_span(m), &a) == 0);
	if (a.answer == ANSWER_GO_ON)
		asked++;
	else
		answered++;
	return 0;
}

static void
value_add(struct cdb_make *c, const char *key, unsigned key_len)
{
	static struct userdb_secret s;
	static struct wr m;

	memset(&s, 0, sizeof s);
	memset(&m, 0, sizeof m);
	s.count = 1;
	s.verifiers[0].kind = USERDB_PASSWORD;
	s.verifiers[0].mechanisms = USERDB_BY_ALL;
	s.verifiers[0].hash = span_of(hash);
	if (forms) {
		static const uint8_t zero[USERDB_BOX_MAX] = { 0 };
		static uint8_t box[USERDB_BOX_MIN];

		MUST(crypto_secretbox_easy(box, zero, 1, zero, zero) == 0);
		s.count = USERDB_PROOF__MAX;
		for (uint8_t kind = 1; kind < USERDB_PROOF__MAX; kind++)
			s.verifiers[kind] = (struct userdb_verifier){
				.kind = kind,
				.mechanisms = USERDB_BY_ALL,
				.iterations = USERDB_ITERATIONS_MIN,
				.salt = { zero, 16 },
				.stored = { zero, kind == USERDB_SCRAM_SHA1 ? USERDB_SHA1_BYTES : USERDB_SHA256_BYTES },
				.server = { zero, kind == USERDB_SCRAM_SHA1 ? USERDB_SHA1_BYTES : USERDB_SHA256_BYTES },
				.nonce = { zero, USERDB_NONCE_BYTES },
				.box = { box, sizeof box },
			};
	}
	userdb_secret_put(&m, &s);
	MUST(!m.bad && cdb_make_add(c, key, key_len, m.b, (unsigned)m.len) == 0);
}

/* Tokens by a key whose other half nobody here has. */
static void
issuers_add(struct cdb_make *c)
{
	static const uint8_t point[ISSUER_ED25519_BYTES] = { 1 };
	static struct issuers s;
	static struct wr m;

	s.count = 1;
	s.keys[0] = (struct issuer_key){ .algorithm = ISSUER_EDDSA, .key = { point, sizeof point } };
	s.issuers[0] = (struct issuer){ .name = span_of("i"),
					.claim = span_of("c"),
					.audience_count = 1,
					.audiences = { span_of("a") },
					.key_count = 1,
					.keys = s.keys };
	issuers_put(&m, &s);
	MUST(!m.bad && cdb_make_add(c, issuers_key.p, (unsigned)issuers_key.len, m.b, (unsigned)m.len) == 0);
}

static int
database(void)
{
	static const uint8_t server[USERDB_SERVER_BYTES] = { 1 };
	static struct wr m;
	struct cdb_make c;
	int fd = memfd_create("cdb", MFD_CLOEXEC);

	MUST(fd >= 0 && cdb_make_start(&c, fd) == 0);
	value_add(&c, "bob", 3);
	value_add(&c, "", 0);
	userdb_server_put(&m, server);
	MUST(cdb_make_add(&c, userdb_server_key.p, (unsigned)userdb_server_key.len, m.b, (unsigned)m.len) == 0);
	if (forms)
		issuers_add(&c);
	MUST(cdb_make_finish(&c) == 0);
	return fd;
}

static void
empty_file(int fd)
{
	int made = memfd_create("empty", 0);

	MUST(made >= 0 && dup2(made, fd) == fd);
	if (made != fd)
		(void)close(made);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct attempt a;
	static int kept = -1;
	struct verified by;
	uint8_t verdict[VERDICT_BYTES + 1];
	ssize_t n;

	if (kept < 0)
		MUST((kept = fcntl(database(), F_DUPFD_CLOEXEC, 100)) >= 0);
	MUST(dup2(kept, FD_SECRETS) == FD_SECRETS);
	if (forms) {
		static const uint8_t key[USERDB_SHARED_KEY_BYTES];

		empty_file(FD_SHARED_KEY);
		MUST(pwrite(FD_SHARED_KEY, key, sizeof key, 0) == sizeof key);
	}
	for (int fd = FD_VERDICT; fd <= FD_LOGINS; fd++)
		if (fd != FD_SHARED_KEY || !forms)
			empty_file(fd);
	memset(&a, 0, sizeof a);
	a.sid = a.rip = a.lip = a.host = "-";
	a.stamp = "<0123456789abcdef0123456789abcdef@localhost>";
	a.number = a.slots = 1;
	a.users.own = true;
	a.mechanisms = MECHANISM_BIT(MECH__MAX) - 1;
	asked = answered = 0;
	input = (struct take){ data, size };
	if (!REFUSED_IS_FINE())
		attempt_serve(&a, methods);
	MUST(asked <= CHALLENGES_MAX && answered <= 1);
	n = pread(FD_VERDICT, verdict, sizeof verdict, 0);
	MUST(n == 0 || n == VERDICT_BYTES);
	/* Every challenge is another, so that no bytes that were there before are the right response. */
	MUST(n == 0 || !forms);
	if (n) {
		/* Yes: to bob, to whom nobody comes without his password, and to pop3d nothing was said. */
		MUST(verdict_get((struct span){ verdict, VERDICT_BYTES }, &by) == 0);
		MUST(by.user.len == 3 && memcmp(by.user.p, "bob", 3) == 0 && answered == 0);
		MUST(memmem(data, size, "open", 4) != NULL);
	}
	for (int fd = FD_SECRETS; fd < 90; fd++)
		(void)close(fd);
	return 0;
}
