/* A whole attempt, with this test as pop3d at one end and as launch at the other. */
#define _GNU_SOURCE
#include "attempt.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "methods.h"
#include "room.h"
#include "slots.h"

static void
secret_add(struct cdb_make *cdb, const char *name, uint8_t flags)
{
	struct span hash = span_of("$1$abcdefgh$9qMkHazuSy1Q8myEum7yb/"); /* of "open sesame" */

	value_add(cdb, span_of(name),
		  &(struct userdb_secret){ flags, 1, { { .mechanisms = USERDB_BY_ALL, .hash = hash } } });
}

/* A user who has a certificate of this fingerprint, and any with this name in it. */
static void
certified_add(struct cdb_make *cdb, const char *name, uint8_t flags, const char *fingerprint, const char *certified)
{
	struct userdb_secret s = { flags, 2, { { .kind = USERDB_FINGERPRINT }, { .kind = USERDB_CERTIFIED } } };

	s.verifiers[0].certificate = span_of(fingerprint);
	s.verifiers[1].certificate = span_of(certified);
	for (int i = 0; i < 2; i++) {
		uint8_t octets[USERDB_OWNER_KEY_MAX];
		struct span key = userdb_owner_key(s.verifiers[i].kind, s.verifiers[i].certificate, octets), owner;
		struct wr m;

		s.verifiers[i].mechanisms = USERDB_BY_EXTERNAL;
		userdb_owner_put(&m, span_of(name));
		owner = wr_span(&m);
		CHECK_EQ(cdb_make_add(cdb, key.p, (unsigned)key.len, owner.p, (unsigned)owner.len), 0);
	}
	value_add(cdb, span_of(name), &s);
}

static const char cats[] = "cccccccccccccccccccccccccccccccc", dogs[] = "dddddddddddddddddddddddddddddddd";

static void
users_add(struct cdb_make *cdb)
{
	secret_add(cdb, "", 0);
	secret_add(cdb, "bob", 0);
	secret_add(cdb, "eve", USERDB_DISABLED);
	certified_add(cdb, "cat", 0, cats, "cat@example.org");
	certified_add(cdb, "dog", USERDB_DISABLED, dogs, "dog@example.org");
}

struct outcome {
	int status; /* of authd */
	uint8_t verdict[VERDICT_BYTES + 1], answer[64];
	ssize_t verdict_len, answer_len;
	char log[1024];
};

/* The child is authd. */
static void
child_run(int ctl, int verdict, int log)
{
	static struct attempt a;

	room_settle(&a, ctl, verdict, log, database_of(users_add));
	if (attempt_is_by(&a, methods_elsewhere))
		_exit(STATUS_ELSEWHERE);
	attempt_serve(&a, methods);
	room_leave(&a);
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
	struct verified by;

	attempt_by(&o, "bob", "open sesame");
	CHECK_EQ(o.status, 0);
	CHECK_EQ(o.verdict_len, VERDICT_BYTES);
	CHECK_EQ(verdict_get((struct span){ o.verdict, VERDICT_BYTES }, &by), 0);
	CHECK(by.user.len == 3 && memcmp(by.user.p, "bob", 3) == 0 && by.mechanism == MECH_PASS);
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
			     more[] = "\1\0\0\3bob\0\4openx", mechanism[] = "\1\2\0\3bob\0\4open",
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

enum { SAID_MAX = 5 };

/* What pop3d says, in its order, and what it hears: all messages may wait in the channel, authd takes them in turn. */
struct talk {
	struct wr said[SAID_MAX];
	size_t count;
	char heard[400]; /* "go-on CHALLENGE;" "answer N;" */
	int status;
	char verdict[300]; /* MECHANISM and name */
	char log[1024];
};

static void
talk_hear(struct talk *t, int ctl)
{
	uint8_t b[MSG_MAX];
	struct answer_msg a;
	ssize_t n;

	t->heard[0] = '\0';
	while ((n = read(ctl, b, sizeof b)) > 0) {
		size_t at = strlen(t->heard);

		CHECK_EQ(answer_get((struct span){ b, (size_t)n }, &a), 0);
		if (a.answer == ANSWER_GO_ON)
			(void)snprintf(t->heard + at, sizeof t->heard - at, "go-on %.*s;", (int)a.challenge.len,
				       (const char *)a.challenge.p);
		else
			(void)snprintf(t->heard + at, sizeof t->heard - at, "answer %d;", a.answer);
	}
}

static void
talk(struct talk *t)
{
	int ctl[2], verdict[2], log[2];
	uint8_t v[VERDICT_BYTES + 1];
	struct verified by;
	ssize_t n;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ctl) | pipe(verdict) | pipe(log), 0);
	for (size_t i = 0; i < t->count; i++)
		CHECK_EQ(write(ctl[0], t->said[i].b, t->said[i].len), (ssize_t)t->said[i].len);
	(void)shutdown(ctl[0], SHUT_WR); /* and then it leaves */
	(void)fflush(stdout);
	if (fork() == 0) {
		(void)close(ctl[0]);
		child_run(ctl[1], verdict[1], log[1]);
	}
	(void)(close(ctl[1]) | close(verdict[1]) | close(log[1]));
	talk_hear(t, ctl[0]);
	n = read(verdict[0], v, sizeof v);
	t->verdict[0] = '\0';
	if (n > 0 && verdict_get((struct span){ v, (size_t)n }, &by) == 0)
		(void)snprintf(t->verdict, sizeof t->verdict, "%s %.*s", mechanism_name((enum mechanism)by.mechanism),
			       (int)by.user.len, (const char *)by.user.p);
	n = read(log[0], t->log, sizeof t->log - 1);
	t->log[n > 0 ? n : 0] = '\0';
	CHECK(wait(&t->status) > 0);
	(void)(close(ctl[0]) | close(verdict[0]) | close(log[0]));
}

/* AUTH by m with that initial response (NULL: none), then those responses; "*" cancels. */
static struct talk *
auth(enum mechanism m, const char *initial, size_t len, const char *second, const char *third)
{
	static struct talk t;
	const char *const responses[] = { second, third };
	struct auth a = { (uint8_t)m, initial != NULL, { (const uint8_t *)initial, initial ? len : 0 } };

	auth_put(&t.said[0], &a);
	t.count = 1;
	for (size_t i = 0; i < 2 && responses[i]; i++) {
		if (strcmp(responses[i], "*") == 0)
			cancel_put(&t.said[t.count++]);
		else
			response_put(&t.said[t.count++], span_of(responses[i]));
	}
	talk(&t);
	return &t;
}

#define HEARD(t, what) CHECK(strcmp((t)->heard, what) == 0 && (t)->status == 0)
#define IS_YES(t, heard, who)                                                                                          \
	do {                                                                                                           \
		const struct talk *is_yes = (t);                                                                       \
		HEARD(is_yes, heard);                                                                                  \
		CHECK(strcmp(is_yes->verdict, who) == 0 && strcmp(is_yes->log, "") == 0);                              \
	} while (0)
#define IS_NO(t, said, user, why)                                                                                      \
	do {                                                                                                           \
		const struct talk *is_no = (t);                                                                        \
		HEARD(is_no, said);                                                                                    \
		CHECK(strcmp(is_no->verdict, "") == 0);                                                                \
		CHECK(strstr(is_no->log, " user=" user " try=2 reason=" why "\n") != NULL);                            \
	} while (0)

static void
test_plain(void)
{
	static const char yes[] = "\0bob\0open sesame", no[] = "\0bob\0open";

	IS_YES(auth(MECH_PLAIN, yes, sizeof yes - 1, NULL, NULL), "", "plain bob");
	IS_NO(auth(MECH_PLAIN, no, sizeof no - 1, NULL, NULL), "answer 0;", "bob", "password");
	IS_NO(auth(MECH_PLAIN, "", 0, NULL, NULL), "answer 0;", "-", "malformed");
	IS_NO(auth(MECH_PLAIN, NULL, 0, "bob", NULL), "go-on ;answer 0;", "-", "malformed");
	IS_YES(auth(MECH_LOGIN, NULL, 0, "bob", "open sesame"), "go-on Username:;go-on Password:;", "login bob");
	IS_YES(auth(MECH_LOGIN, "bob", 3, "open sesame", NULL), "go-on Password:;", "login bob");
	IS_NO(auth(MECH_LOGIN, "eve", 3, "open sesame", NULL), "go-on Password:;answer 0;", "eve", "disabled");
	IS_NO(auth(MECH_LOGIN, "eva", 3, "open sesame", NULL), "go-on Password:;answer 0;", "eva", "nouser");
	IS_NO(auth(MECH_LOGIN, "bob", 3, "", NULL), "go-on Password:;answer 0;", "bob", "malformed");
}

/* Cancelled or left in the middle: nothing is judged, nothing is said, and nothing logged. */
static void
test_cancel(void)
{
	IS_YES(auth(MECH_PLAIN, NULL, 0, "*", NULL), "go-on ;", "");
	IS_YES(auth(MECH_LOGIN, NULL, 0, "bob", "*"), "go-on Username:;go-on Password:;", "");
	IS_YES(auth(MECH_LOGIN, NULL, 0, "bob", NULL), "go-on Username:;go-on Password:;", "");
}

static bool
dies(const struct talk *t, const char *why)
{
	return WEXITSTATUS(t->status) == 102 && strcmp(t->verdict, "") == 0 && strstr(t->log, why) != NULL;
}

/* Each message has its turn; a mechanism that launch did not offer is not judged for pop3d's asking. */
static void
test_turns(void)
{
	static struct talk t;
	static char all[] = "4095", few[] = "8"; /* LOGIN */

	response_put(&t.said[0], span_of("bob"));
	t.count = 1;
	talk(&t);
	CHECK(dies(&t, "the attempt is malformed"));
	cancel_put(&t.said[0]);
	talk(&t);
	CHECK(dies(&t, "the attempt is malformed"));
	auth_put(&t.said[0], &(struct auth){ MECH_PLAIN, false, span_of("") });
	t.said[1] = t.said[0];
	t.count = 2;
	talk(&t);
	CHECK(dies(&t, "no response came to a challenge"));
	memcpy(mechanisms, few, sizeof few);
	talk(&t);
	CHECK(dies(&t, "a mechanism that is not offered"));
	verify_put(&t.said[0], &(struct verify){ MECH_PASS, span_of("bob"), span_of("open sesame") });
	talk(&t);
	CHECK(dies(&t, "a mechanism that is not offered"));
	IS_YES(auth(MECH_LOGIN, "bob", 3, "open sesame", NULL), "go-on Password:;", "login bob");
	memcpy(mechanisms, all, sizeof all);
}

/* What authd-crypto judges stays in the channel, and nothing is said; what is not offered is nobody's. */
static void
test_elsewhere(void)
{
	static char all[] = "4095", few[] = "8"; /* LOGIN */
	struct talk *t = auth(MECH_CRAM_MD5, NULL, 0, NULL, NULL);

	CHECK_EQ(WEXITSTATUS(t->status), STATUS_ELSEWHERE);
	CHECK(strcmp(t->heard, "") == 0 && strcmp(t->verdict, "") == 0 && strcmp(t->log, "") == 0);
	memcpy(mechanisms, few, sizeof few);
	CHECK(dies(auth(MECH_CRAM_MD5, NULL, 0, NULL, NULL), "a mechanism that is not offered"));
	memcpy(mechanisms, all, sizeof all);
	response_put(&t->said[0], span_of("bob"));
	t->said[0].b[1] = MECH_CRAM_MD5; /* no such message */
	talk(t);
	CHECK(dies(t, "the attempt is malformed"));
}

/* EXTERNAL: whoever has the certificate in his record, and nobody else, whatever stands in it. */
static void
external_as(const char *fingerprint, const char *identity)
{
	static uint8_t b[FACTS_BYTES];
	struct facts f = { .flags = FACTS_CERTIFICATE, .version = 0x0304, .cipher = span_of("X") };

	memcpy(f.fingerprint, fingerprint, FINGERPRINT_BYTES);
	f.identity = span_of(identity);
	facts_put(b, &f);
	facts = (struct span){ b, sizeof b };
}

static void
test_external(void)
{
	static const char others[] = "cccccccccccccccccccccccccccccccC";

	IS_NO(auth(MECH_EXTERNAL, "", 0, NULL, NULL), "answer 0;", "-", "nocert");
	IS_NO(auth(MECH_EXTERNAL, "cat", 3, NULL, NULL), "answer 0;", "-", "nocert");
	external_as(cats, "");
	IS_YES(auth(MECH_EXTERNAL, "", 0, NULL, NULL), "", "external cat");
	IS_YES(auth(MECH_EXTERNAL, NULL, 0, "", NULL), "go-on ;", "external cat");
	IS_YES(auth(MECH_EXTERNAL, "cat", 3, NULL, NULL), "", "external cat");
	IS_NO(auth(MECH_EXTERNAL, "bob", 3, NULL, NULL), "answer 0;", "bob", "nocert");
	IS_NO(auth(MECH_EXTERNAL, "nobody", 6, NULL, NULL), "answer 0;", "nobody", "nouser");
	external_as(others, "");
	IS_NO(auth(MECH_EXTERNAL, "", 0, NULL, NULL), "answer 0;", "-", "nocert");
	IS_NO(auth(MECH_EXTERNAL, "cat", 3, NULL, NULL), "answer 0;", "cat", "nocert");
	external_as(others, "cat@example.org");
	IS_YES(auth(MECH_EXTERNAL, "", 0, NULL, NULL), "", "external cat");
	IS_YES(auth(MECH_EXTERNAL, "cat", 3, NULL, NULL), "", "external cat");
	external_as(others, "cat"); /* a name that is a user's, and in nobody's record */
	IS_NO(auth(MECH_EXTERNAL, "", 0, NULL, NULL), "answer 0;", "-", "nocert");
	IS_NO(auth(MECH_EXTERNAL, "cat", 3, NULL, NULL), "answer 0;", "cat", "nocert");
	external_as(dogs, "dog@example.org");
	IS_NO(auth(MECH_EXTERNAL, "", 0, NULL, NULL), "answer 0;", "dog", "disabled");
	facts.len--; /* facts that are damaged are no facts */
	CHECK(dies(auth(MECH_EXTERNAL, "", 0, NULL, NULL), "facts of the client's TLS are malformed"));
	facts.len = 0;
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
	test_plain();
	test_cancel();
	test_turns();
	test_external();
	test_elsewhere();
	(void)unlink(slots_path);
	return check_end();
}
