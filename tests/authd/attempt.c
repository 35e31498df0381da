/* A whole attempt, with this test as pop3d at one end and as launch at the other. */
#define _GNU_SOURCE
#include "attempt.h"

#include <cdb.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check.h"
#include "slots.h"

static char slots_path[] = "/tmp/test-attempt-XXXXXX";

static void
secret_add(struct cdb_make *cdb, const char *name, uint8_t flags)
{
	struct span hash = span_of("$1$abcdefgh$9qMkHazuSy1Q8myEum7yb/"); /* of "open sesame" */
	struct userdb_secret s = { flags, 1, { { .mechanisms = USERDB_BY_ALL, .hash = hash } } };
	struct wr m;

	userdb_secret_put(&m, &s);
	CHECK_EQ(cdb_make_add(cdb, name, (unsigned)strlen(name), wr_span(&m).p, (unsigned)wr_span(&m).len), 0);
}

static int
database(void)
{
	char path[] = "/tmp/test-attempt-XXXXXX";
	static const uint8_t server[USERDB_SERVER_BYTES];
	struct cdb_make cdb;
	struct wr m;
	int fd = mkstemp(path);

	(void)unlink(path);
	CHECK_EQ(cdb_make_start(&cdb, fd), 0);
	secret_add(&cdb, "", 0);
	userdb_server_put(&m, server);
	CHECK_EQ(cdb_make_add(&cdb, "", 1, m.b, (unsigned)m.len), 0);
	secret_add(&cdb, "bob", 0);
	secret_add(&cdb, "eve", USERDB_DISABLED);
	CHECK_EQ(cdb_make_finish(&cdb), 0);
	return fd;
}

struct outcome {
	int status; /* of authd */
	uint8_t verdict[VERDICT_BYTES + 1], answer[64];
	ssize_t verdict_len, answer_len;
	char log[1024];
};

/* The child is authd: put each descriptor where it expects it. */
static void
child_run(int ctl, int verdict, int log)
{
	char *argv[] = { "authd", "77.1", "203.0.113.9", "192.0.2.1", "landlock", "2", "1", NULL };
	static struct attempt a;
	int fds[] = { log, ctl, database(), verdict, open(slots_path, O_RDWR) };

	for (int i = 0; i < 5; i++)
		fds[i] = fcntl(fds[i], F_DUPFD, 50);
	for (int i = 0; i < 5; i++)
		(void)dup2(fds[i], FD_LOG + i);
	(void)close_range(FD_SLOTS + 1, ~0U, 0);
	attempt_args(&a, 7, argv);
	attempt_serve(&a);
	for (size_t i = 0; i < sizeof a.secret; i++)
		if (((const uint8_t *)&a.secret)[i])
			_exit(99); /* a secret was left behind */
	_exit(0);
}

static void
attempt_run(struct outcome *o, const void *message, size_t len, bool twice, bool leave)
{
	int ctl[2], verdict[2], log[2];
	ssize_t n;

	memset(o, 0, sizeof *o);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ctl) | pipe(verdict) | pipe(log), 0);
	if (len)
		CHECK_EQ(write(ctl[0], message, len), len);
	if (twice)
		CHECK_EQ(write(ctl[0], message, len), len);
	(void)fflush(stdout);
	if (fork() == 0) {
		(void)close(ctl[0]);
		child_run(ctl[1], verdict[1], log[1]);
	}
	(void)(close(ctl[1]) | close(verdict[1]) | close(log[1]));
	if (leave)
		(void)close(ctl[0]);
	o->verdict_len = read(verdict[0], o->verdict, sizeof o->verdict);
	n = read(log[0], o->log, sizeof o->log - 1);
	if (n >= 0)
		o->log[n] = '\0';
	o->answer_len = leave ? 0 : read(ctl[0], o->answer, sizeof o->answer);
	CHECK(wait(&o->status) > 0);
	if (!leave)
		(void)close(ctl[0]);
	(void)(close(verdict[0]) | close(log[0]));
}

static void
attempt_by(struct outcome *o, const char *user, const char *proof)
{
	struct wr m;

	verify_put(&m, &(struct verify){ MECH_PASS, span_of(user), span_of(proof) });
	attempt_run(o, m.b, m.len, false, false);
}

static void
test_yes(void)
{
	struct outcome o;
	struct span user;

	attempt_by(&o, "bob", "open sesame");
	CHECK_EQ(o.status, 0);
	CHECK_EQ(o.verdict_len, VERDICT_BYTES);
	CHECK_EQ(verdict_get((struct span){ o.verdict, VERDICT_BYTES }, &user), 0);
	CHECK(user.len == 3 && memcmp(user.p, "bob", 3) == 0);
	CHECK_EQ(o.answer_len, 0); /* not a word to pop3d */
	CHECK(!strcmp(o.log, ""));
}

static void
no(const char *user, const char *proof, const char *log_user, const char *reason)
{
	char log[300];
	struct outcome o;

	attempt_by(&o, user, proof);
	(void)snprintf(log, sizeof log,
		       "pop3d: fail sid=77.1 rip=203.0.113.9 lip=192.0.2.1 tls=- user=%s try=2 reason=%s\n", log_user,
		       reason);
	CHECK_EQ(o.status, 0);
	CHECK_EQ(o.verdict_len, 0);
	CHECK_EQ(o.answer_len, 4);
	CHECK(memcmp(o.answer, "\2\0\0\0", 4) == 0);
	CHECK(!strcmp(o.log, log));
}

/* No name, however long, hides the reason from those who count failures. */
static void
test_long_name(void)
{
	char name[USER_MAX + 1] = "";
	struct outcome o;

	for (int n = 1; n <= USER_MAX; n += n < 140 ? 40 : 5) {
		memset(name, 0xff, (size_t)n);
		attempt_by(&o, name, "open");
		CHECK(strstr(o.log, " user=%FF%FF") || n == 1);
		CHECK(strlen(o.log) <= 900 && strstr(o.log, " try=2 reason=nouser\n") != NULL);
	}
}

static void
test_peer(void)
{
	static const uint8_t nul[] = "\1\0\0\3b\0b\0\4open", empty[] = "\1\0\0\0\0\4open",
			     more[] = "\1\0\0\3bob\0\4openx", mechanism[] = "\1\1\0\3bob\0\4open",
			     other[] = "\4\0\0\0\1";
	static const struct span bad[] = { { nul, sizeof nul - 1 },     { empty, sizeof empty - 1 },
					   { more, sizeof more - 1 },   { mechanism, sizeof mechanism - 1 },
					   { other, sizeof other - 1 }, { nul, 1 } };
	struct outcome o;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		attempt_run(&o, bad[i].p, bad[i].len, false, false);
		CHECK_EQ(WEXITSTATUS(o.status), 102);
		CHECK(o.verdict_len == 0 && o.answer_len <= 0);
		CHECK(strstr(o.log, ": 77.1: the attempt is malformed\n") != NULL);
	}
	attempt_run(&o, NULL, 0, false, true); /* the client left before it asked anything */
	CHECK_EQ(o.status, 0);
	CHECK(o.verdict_len == 0 && !strcmp(o.log, ""));
}

static void
test_slots_taken(void)
{
	static const uint8_t message[] = "\1\0\0\3bob\0\13open sesame";
	int held = open(slots_path, O_RDWR);
	struct outcome o;

	CHECK_EQ(slot_take(held, 1, 0, 0), SLOT_TAKEN);
	attempt_run(&o, message, sizeof message - 1, false, true); /* it leaves: do not wait for nobody */
	CHECK_EQ(o.status, 0);
	CHECK(o.verdict_len == 0 && !strcmp(o.log, ""));
	attempt_run(&o, message, sizeof message - 1, true, false);
	CHECK_EQ(WEXITSTATUS(o.status), 102);
	CHECK(o.verdict_len == 0);
	(void)close(held);
}

int
main(void)
{
	CHECK(mkstemp(slots_path) >= 0);
	(void)signal(SIGPIPE, SIG_IGN);
	test_yes();
	no("bob", "open", "bob", "password");
	no("nobody", "open sesame", "nobody", "nouser");
	no("eve", "open sesame", "eve", "disabled");
	no("x reason=nouser\nforged %", "open", "x%20reason=nouser%0Aforged%20%25", "nouser");
	test_long_name();
	test_peer();
	test_slots_taken();
	(void)unlink(slots_path);
	return check_end();
}
