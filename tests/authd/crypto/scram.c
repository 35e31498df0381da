/* SCRAM: the examples of RFC 5802 section 5 and RFC 7677 section 3, and all that is near them. */
#define _GNU_SOURCE
#include "scram.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "../room.h"

/* clang-format off */
static const struct userdb_verifier verifiers[] = {
	{ .hash = { (const uint8_t *)"$1$abcdefgh$ovjmp.B7kCMmCamnRddo91", 34 } },
	{ .kind = USERDB_SCRAM_SHA1, .iterations = 4096,
	  .salt = { (const uint8_t *)"\x41\x25\xc2\x47\xe4\x3a\xb1\xe9\x3c\x6d\xff\x76", 12 },
	  .stored = { (const uint8_t *)"\xe9\xd9\x46\x60\xc3\x9d\x65\xc3\x8f\xba\xd9\x1c\x35\x8f\x14\xda\x0e\xef\x2b\xd6", 20 },
	  .server = { (const uint8_t *)"\x0f\xe0\x92\x58\xb3\xac\x85\x2b\xa5\x02\xcc\x62\xba\x90\x3e\xaa\xcd\xbf\x7d\x31", 20 } },
	{ .kind = USERDB_SCRAM_SHA256, .iterations = 4096,
	  .salt = { (const uint8_t *)"\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81", 16 },
	  .stored = { (const uint8_t *)"\x58\x6e\x5d\xf2\x83\xe6\xdc\xeb\x5c\x3e\x79\x1d\x8b\x85\x28\xec"
				       "\x19\x1e\x66\x40\x45\xce\x97\x17\x92\xe2\xe6\xb5\xbb\x13\xe2\xa6", 32 },
	  .server = { (const uint8_t *)"\xc1\xf3\xcb\xc1\xc1\x3a\x9d\x35\xa1\x4c\x09\x90\xee\xd9\x76\x29"
				       "\xea\x22\x58\x63\xe5\x66\xa4\x31\x4a\xb9\x9f\x3f\x00\xe5\xd9\xd5", 32 } },
};
/* What both sides say in the examples. */
static const struct example {
	enum mechanism by;
	const char *first, *answer, *final, *end;
} examples[] = {
	{ MECH_SCRAM_SHA1, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
	  "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
	  "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
	  "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
	{ MECH_SCRAM_SHA256, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
	  "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	  "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	  "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
};
/* clang-format on */

/* Messages and proofs that tests/sasl.py made, of the same password and nonces. */
/* clang-format off */
#define DISABLED "gYpelDcNFfljzmx95IUX0l63mQ8="
#define BY_PLAIN "3W3ETIQyJifX6Q0/drVXM0lkFVA="
#define PLUS_RIGHT "c=cD10bHMtZXhwb3J0ZXIsLGVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVl,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=i8Hl9Vqa38q5wOH3i6bfqBTZNbhHRWPB2z5zyZl8hhw="
#define PLUS_ALTERED "c=cD10bHMtZXhwb3J0ZXIsLGVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVm,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=8U3izHB1wIOk0MFSxctjkteyQA6q0ewQU0/os8zGcOo="
#define PLUS_NONE "c=cD10bHMtZXhwb3J0ZXIsLA==,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=sLN6xvsfQbkI67ZDGHO8PHxqwQ2ph3kASJboNTJwEz0="
/* clang-format on */

static void
user_add(struct cdb_make *cdb, const char *name, uint8_t flags, uint16_t by, uint8_t count)
{
	struct userdb_secret s = { flags, count, { { 0 } } };

	for (uint8_t i = 0; i < count; i++) {
		s.verifiers[i] = verifiers[i];
		s.verifiers[i].mechanisms = by;
	}
	value_add(cdb, span_of(name), &s);
}

static void
users_add(struct cdb_make *cdb)
{
	static const uint8_t nul[USERDB_SHA256_BYTES];
	struct userdb_secret decoy = { 0, 3, { verifiers[0], verifiers[1], verifiers[2] } };

	for (int i = 0; i < 3; i++) {
		decoy.verifiers[i].mechanisms = USERDB_BY_ALL;
		decoy.verifiers[i].stored.p = decoy.verifiers[i].server.p = nul;
		decoy.verifiers[i].iterations = 7777;
	}
	value_add(cdb, span_of(""), &decoy);
	user_add(cdb, "user", 0, USERDB_BY_ALL, 3);
	user_add(cdb, "hash", 0, USERDB_BY_ALL, 1);
	user_add(cdb, "a=b,", 0, USERDB_BY_ALL, 3);
	user_add(cdb, "disabled", USERDB_DISABLED, USERDB_BY_ALL, 3);
	user_add(cdb, "plain", 0, USERDB_BY_PLAIN, 3);
}

static void
users_without_decoy(struct cdb_make *cdb)
{
	user_add(cdb, "", 0, USERDB_BY_ALL, 1);
	user_add(cdb, "user", 0, USERDB_BY_ALL, 3);
}

static void (*users)(struct cdb_make *) = users_add;

enum { ASKED = 100 }; /* in the place of a verdict: it goes on */

/* The child's result; that text is what authd asks, if it does. */
struct heard {
	int verdict;
	bool by; /* some verifier was matched */
	char text[CHALLENGE_MAX + 1];
};

/* An exchange that says first, and, when answer (in the place of authd's own) has been said, final, and last; NULL ends it. */
static struct heard
say(enum mechanism by, const char *first, const char *answer, const char *final, const char *last)
{
	static const struct method methods[] = { { USERDB_BY_SCRAM_SHA1, scram_step },
						 { USERDB_BY_SCRAM_SHA256, scram_step } };
	static struct attempt a;
	static struct heard *h;
	int status;

	if (h == NULL)
		h = mmap(NULL, sizeof *h, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(h, 0, sizeof *h);
	(void)fflush(stdout);
	if (fork() == 0) {
		enum step s;
		const char *comma;

		room_settle(&a, open("/dev/null", O_RDWR), open("/dev/null", O_RDWR), dup(1), database_of(users));
		a.mechanism = by;
		a.method = &methods[by >= MECH_SCRAM_SHA256];
		a.tls = facts.len && facts_get(facts, &a.facts) == 0;
		s = scram_step(&a, first != NULL, first ? span_of(first) : span_of(""));
		if (s == STEP_ASK && answer) {
			(void)attempt_ask(&a, span_of(answer));
			comma = strchr(answer, ',');
			a.secret.scram.nonce_len = (size_t)(comma - answer) - 2;
		}
		if (s == STEP_ASK && final)
			s = scram_step(&a, true, span_of(final));
		if (s == STEP_ASK && last)
			s = scram_step(&a, true, span_of(last));
		h->verdict = s == STEP_ASK ? ASKED : (int)a.verdict;
		h->by = a.by != NULL;
		memcpy(h->text, a.challenge, a.challenge_len);
		_exit(0);
	}
	CHECK(wait(&status) > 0 && status == 0);
	return *h;
}

#define VERDICT(h, wanted) CHECK_EQ((h).verdict, wanted)

static void
test_examples(void)
{
	for (size_t i = 0; i < 2; i++) {
		const struct example *e = &examples[i];
		struct heard h = say(e->by, e->first, e->answer, e->final, NULL);

		VERDICT(h, ASKED);
		CHECK(strcmp(h.text, e->end) == 0);
		h = say(e->by, e->first, e->answer, e->final, "");
		VERDICT(h, VERDICT_YES);
		CHECK(h.by);
		VERDICT(say(e->by, e->first, e->answer, e->final, "x"), VERDICT_MALFORMED);
		/* By the other mechanism, or with another nonce, the same proof is none. */
		VERDICT(say(examples[1 - i].by, e->first, e->answer, e->final, ""), VERDICT_PASSWORD);
	}
}

/* An empty challenge, and then what the client says. */
static void
test_without_initial_response(void)
{
	struct heard h = say(MECH_SCRAM_SHA256, NULL, NULL, NULL, NULL);

	VERDICT(h, ASKED);
	CHECK(strcmp(h.text, "") == 0);
	h = say(MECH_SCRAM_SHA256, NULL, NULL, examples[1].first, NULL);
	VERDICT(h, ASKED);
	CHECK(strncmp(h.text, "r=rOprNGfwEbeRWgbNEkqO", 22) == 0);
}

/* The text between "s=" and the end. */
static const char *
salt_of(const struct heard *h)
{
	const char *s = strstr(h->text, ",s=");

	CHECK(h->verdict == ASKED && s != NULL);
	return s ? s + 1 : "";
}

/* Who is not there, or has no such verifier, has a salt as long, which stays, and is another for another. */
static void
test_fake_salt(void)
{
	struct heard one = say(MECH_SCRAM_SHA256, "n,,n=nobody,r=x", NULL, NULL, NULL),
		     again = say(MECH_SCRAM_SHA256, "n,,n=nobody,r=x", NULL, NULL, NULL),
		     other = say(MECH_SCRAM_SHA256, "n,,n=nobodi,r=x", NULL, NULL, NULL),
		     by_other = say(MECH_SCRAM_SHA1, "n,,n=nobody,r=x", NULL, NULL, NULL),
		     hash = say(MECH_SCRAM_SHA256, "n,,n=hash,r=x", NULL, NULL, NULL),
		     real = say(MECH_SCRAM_SHA256, "n,,n=user,r=x", NULL, NULL, NULL);

	CHECK(strcmp(salt_of(&one), salt_of(&again)) == 0 && strcmp(one.text, again.text) != 0);
	CHECK(strcmp(salt_of(&one), salt_of(&other)) != 0 && strcmp(salt_of(&one), salt_of(&by_other)) != 0);
	CHECK(strcmp(salt_of(&one), salt_of(&hash)) != 0);
	CHECK(strlen(one.text) == strlen(real.text) && strlen(hash.text) == strlen(real.text));
	CHECK(strcmp(salt_of(&real), "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096") == 0);
	CHECK(strstr(one.text, "==,i=7777") != NULL && strstr(hash.text, "==,i=7777") != NULL);
}

static void
test_refused(void)
{
	const struct example *e = &examples[0];
	static const char nobody[] = "n,,n=nobody,r=fyko+d2lbbFgONRv9qkxdawL",
			  hash[] = "n,,n=hash,r=fyko+d2lbbFgONRv9qkxdawL";

	VERDICT(say(e->by, nobody, e->answer, e->final, ""), VERDICT_NOUSER);
	VERDICT(say(e->by, hash, e->answer, e->final, ""), VERDICT_MECHANISM);
	/* no proof, another's nonce, another header */
	VERDICT(say(e->by, e->first, e->answer,
		    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Tw=", ""),
		VERDICT_PASSWORD);
	VERDICT(say(e->by, e->first, e->answer, "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=AAAA", ""),
		VERDICT_PASSWORD);
	VERDICT(say(e->by, e->first, e->answer, "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=!", ""),
		VERDICT_PASSWORD);
	VERDICT(say(e->by, e->first, e->answer,
		    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7k,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", ""),
		VERDICT_MALFORMED);
	VERDICT(say(e->by, e->first, e->answer, "c=biws,r=fyko+d2lbbFgONRv9qkxdawL,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", ""),
		VERDICT_MALFORMED);
	VERDICT(say(e->by, e->first, e->answer,
		    "c=eSws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", ""),
		VERDICT_BINDING);
	VERDICT(say(e->by, "n", NULL, NULL, NULL), VERDICT_MALFORMED);
	VERDICT(say(e->by, e->first, e->answer, "", NULL), VERDICT_MALFORMED);
	/* for another, for oneself */
	VERDICT(say(e->by, "n,a=other,n=user,r=x", NULL, NULL, NULL), VERDICT_AUTHZID);
	VERDICT(say(e->by, "n,a=users,n=user,r=x", NULL, NULL, NULL), VERDICT_AUTHZID);
	VERDICT(say(e->by, "n,a=user,n=user,r=x", NULL, NULL, NULL), ASKED);
	VERDICT(say(e->by, "n,a=a=3Db=2C,n=a=3Db=2C,r=x", NULL, NULL, NULL), ASKED);
}

/* The proof is right, and yet. */
static void
test_right_but(void)
{
	/* made for "n=disabled" and "n=plain" by the same password and nonces */
	VERDICT(say(MECH_SCRAM_SHA1, "n,,n=disabled,r=fyko+d2lbbFgONRv9qkxdawL", examples[0].answer,
		    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=" DISABLED, ""),
		VERDICT_DISABLED);
	VERDICT(say(MECH_SCRAM_SHA1, "n,,n=plain,r=fyko+d2lbbFgONRv9qkxdawL", examples[0].answer,
		    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=" BY_PLAIN, ""),
		VERDICT_MECHANISM);
}

static void
test_damaged(void)
{
	users = users_without_decoy;
	VERDICT(say(MECH_SCRAM_SHA1, "n,,n=nobody,r=x", NULL, NULL, NULL), VERDICT_BROKEN);
	users = users_add;
}

/* Binding to TLS: whoever can be bound is, and to this connection. */
static void
test_binding(void)
{
	static uint8_t b[FACTS_BYTES];
	struct facts f = { .flags = FACTS_EXPORTER, .version = 0x0304, .cipher = span_of("X") };

	/* without TLS: these forms are not offered, so who says that he could be bound may go on */
	memcpy(mechanisms, "0160", 5); /* both, without -PLUS */
	VERDICT(say(MECH_SCRAM_SHA1, "y,,n=user,r=x", NULL, NULL, NULL), ASKED);
	memcpy(mechanisms, "4095", 5);
	VERDICT(say(MECH_SCRAM_SHA1, "y,,n=user,r=x", NULL, NULL, NULL), VERDICT_BINDING);
	VERDICT(say(MECH_SCRAM_SHA1, "p=tls-exporter,,n=user,r=x", NULL, NULL, NULL), VERDICT_BINDING);
	VERDICT(say(MECH_SCRAM_SHA1_PLUS, "p=tls-exporter,,n=user,r=x", NULL, NULL, NULL), VERDICT_BINDING);
	memset(f.exporter, 'e', sizeof f.exporter);
	facts_put(b, &f);
	facts = (struct span){ b, sizeof b };
	VERDICT(say(MECH_SCRAM_SHA1_PLUS, "p=tls-exporter,,n=user,r=x", NULL, NULL, NULL), ASKED);
	VERDICT(say(MECH_SCRAM_SHA256_PLUS, "p=tls-exporter,,n=user,r=x", NULL, NULL, NULL), ASKED);
	VERDICT(say(MECH_SCRAM_SHA256_PLUS, "p=tls-unique,,n=user,r=x", NULL, NULL, NULL), VERDICT_BINDING);
	VERDICT(say(MECH_SCRAM_SHA256_PLUS, "p=tls-exporters,,n=user,r=x", NULL, NULL, NULL), VERDICT_BINDING);
	VERDICT(say(MECH_SCRAM_SHA256_PLUS, "n,,n=user,r=x", NULL, NULL, NULL), VERDICT_BINDING);
	VERDICT(say(MECH_SCRAM_SHA256_PLUS, "y,,n=user,r=x", NULL, NULL, NULL), VERDICT_BINDING);
	VERDICT(say(MECH_SCRAM_SHA256, "y,,n=user,r=x", NULL, NULL, NULL), VERDICT_BINDING);
	VERDICT(say(MECH_SCRAM_SHA256, "n,,n=user,r=x", NULL, NULL, NULL), ASKED);
	/* the right one, one octet of it altered, none, and as if it were no bound form */
	VERDICT(say(MECH_SCRAM_SHA256_PLUS, "p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO", examples[1].answer,
		    PLUS_RIGHT, ""),
		VERDICT_YES);
	VERDICT(say(MECH_SCRAM_SHA256_PLUS, "p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO", examples[1].answer,
		    PLUS_ALTERED, ""),
		VERDICT_BINDING);
	VERDICT(say(MECH_SCRAM_SHA256_PLUS, "p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO", examples[1].answer,
		    PLUS_NONE, ""),
		VERDICT_BINDING);
	VERDICT(say(MECH_SCRAM_SHA256_PLUS, "p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO", examples[1].answer,
		    examples[1].final, ""),
		VERDICT_BINDING);
	/* TLS 1.2 without extended master secret has none */
	f.flags = 0;
	memset(f.exporter, 0, sizeof f.exporter);
	facts_put(b, &f);
	VERDICT(say(MECH_SCRAM_SHA256_PLUS, "p=tls-exporter,,n=user,r=x", NULL, NULL, NULL), VERDICT_BINDING);
	facts.len = 0;
}

int
main(void)
{
	CHECK(mkstemp(slots_path) >= 0);
	test_examples();
	test_without_initial_response();
	test_fake_salt();
	test_refused();
	test_right_but();
	test_damaged();
	test_binding();
	(void)unlink(slots_path);
	return check_end();
}
