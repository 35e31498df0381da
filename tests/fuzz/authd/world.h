/* world: what authd finds around it: two databases, accounts of the system, facts of TLS, tables.  Which of it the input
 * says, in two octets. */
#ifndef WORLD_H
#define WORLD_H

#include <cdb.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attempt.h"
#include "chan.h"
#include "digest.h"
#include "fuzz.h"
#include "issuers.h"

enum {
	FACTS = 0x0001,          /* there is a TLS of ours, with an exporter */
	FACTS_OF_CERT = 0x0002,  /* and a certificate: cert's, by its digest */
	FACTS_OF_OTHER = 0x0004, /* and another one, which has his name */
	FACTS_BAD = 0x0008,
	NAMES = 0x0010, /* names are made canonical */
	TABLES = 0x0020,
	GUESSED = 0x0040, /* bob has been guessed at as often as may be, and eve has been in */
	CLEAR = 0x0080,
	ACCOUNTS = 0x0100, /* of the system, too */
	NO_OWN = 0x0200,   /* and no others */
	DAMAGED = 0x0400,  /* the database */
	BARE = 0x0800,     /* the database: it has users, and nothing else */
	NO_KEY = 0x1000,   /* of shared secrets */
	HOST = 0x2000,
	HONEST = 0x4000,   /* the client knows secrets: crypto/attempt.c */
	NO_BOUND = 0x8000, /* mechanisms with channel binding are not offered */
};

/* "open", md5crypt: cheap on purpose */
static const char hash[] = "$1$abcdefgh$ovjmp.B7kCMmCamnRddo91";
static const uint8_t server_secret[USERDB_SERVER_BYTES] = { 1 };
static const char stamp[] = "<0123456789abcdef0123456789abcdef@localhost>";
static const uint8_t zero[USERDB_BOX_MAX] = { 0 };

/* SCRAM's keys, of a client that has 32 times 'k' for its own; the mechanisms that need them fill them in. */
static uint8_t stored[2][32];
/* The key of tokens. */
static uint8_t token_public[crypto_sign_PUBLICKEYBYTES];

static void
record_add(struct cdb_make *c, const char *name, const struct userdb_secret *s)
{
	static struct wr m;

	memset(&m, 0, sizeof m);
	userdb_secret_put(&m, s);
	MUST(!m.bad && cdb_make_add(c, name, (unsigned)strlen(name), m.b, (unsigned)m.len) == 0);
}

static struct userdb_verifier
verifier_of_hash(const char *text, const char *label)
{
	return (struct userdb_verifier){
		.kind = USERDB_PASSWORD, .mechanisms = USERDB_BY_ALL, .hash = span_of(text), .label = span_of(label)
	};
}

/* A user with the password; and, for authd-crypto, with a verifier of each form. */
static struct userdb_secret
whole_user(bool forms, uint8_t flags)
{
	static uint8_t box[USERDB_BOX_MIN];
	struct userdb_secret s = { .flags = flags, .count = 1 };

	s.verifiers[0] = verifier_of_hash(hash, "");
	if (!forms)
		return s;
	MUST(crypto_secretbox_easy(box, zero, 1, zero, zero) == 0);
	s.count = USERDB_PROOF__MAX;
	for (uint8_t kind = 1; kind < USERDB_PROOF__MAX; kind++) {
		size_t size = kind == USERDB_SCRAM_SHA1 ? USERDB_SHA1_BYTES : USERDB_SHA256_BYTES;

		s.verifiers[kind] = (struct userdb_verifier){
			.kind = kind,
			.mechanisms = USERDB_BY_ALL,
			.iterations = USERDB_ITERATIONS_MIN,
			.salt = { zero, 16 },
			.stored = { stored[kind == USERDB_SCRAM_SHA1], size },
			.server = { zero, size },
			.nonce = { zero, USERDB_NONCE_BYTES },
			.box = { box, sizeof box },
		};
	}
	return s;
}

/* Users whose app passwords expired, are for elsewhere, or are in other forms. */
static void
others_add(struct cdb_make *c)
{
	static const uint8_t network[USERDB_NETWORK_BYTES] = { 104, 0, 0, 0,    0,    0,   0,  0,
							       0,   0, 0, 0xff, 0xff, 198, 51, 100 };
	static char digest[DIGEST_TEXT_MAX], argon[crypto_pwhash_STRBYTES];
	struct userdb_secret s = { .count = 2 };

	digest_make(span_of("open"), digest);
	MUST(crypto_pwhash_str_alg(argon, "open", 4, 1, 8192, crypto_pwhash_ALG_ARGON2ID13) == 0);
	s.verifiers[0] = verifier_of_hash("$1$abcdefgh$.............and.no", "");
	s.verifiers[1] = verifier_of_hash(digest, "phone");
	record_add(c, "app", &s);
	s.flags = USERDB_DISABLED;
	record_add(c, "off", &s);
	s.flags = 0;
	s.verifiers[1].expires = 1;
	record_add(c, "app1", &s);
	s.verifiers[1].expires = 0;
	s.verifiers[1].networks = (struct span){ network, sizeof network };
	record_add(c, "app2", &s);
	s.verifiers[1] = verifier_of_hash("{SHA256}I0j5mHRCElddhZWWdPlgerJvZ3CKkXFXRygyOGM3yQQ=", "phone");
	s.verifiers[1].mechanisms = USERDB_BY_APOP;
	record_add(c, "app3", &s);
	s.verifiers[0].hash = span_of("{SSHA256}AAAA");
	record_add(c, "app4", &s);

	s = (struct userdb_secret){ .count = 1 };
	s.verifiers[0] = verifier_of_hash(argon, "");
	record_add(c, "arg", &s);
	s.verifiers[0] = verifier_of_hash("$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA", "");
	record_add(c, "arg2", &s);
	s.verifiers[0] = verifier_of_hash("{SSHA256}AAAA", "");
	record_add(c, "bad", &s);
	s.verifiers[0] = verifier_of_hash("$6$", "");
	record_add(c, "bad2", &s);
	s.verifiers[0] = (struct userdb_verifier){ .kind = USERDB_CERTIFIED,
						   .mechanisms = USERDB_BY_EXTERNAL,
						   .certificate = span_of("cert") };
	record_add(c, "same", &s);
}

static void
owner_add(struct cdb_make *c, enum userdb_kind kind, struct span certificate, const char *user)
{
	static struct wr m;
	uint8_t octets[USERDB_OWNER_KEY_MAX];
	struct span key = userdb_owner_key(kind, certificate, octets);

	memset(&m, 0, sizeof m);
	userdb_owner_put(&m, span_of(user));
	MUST(!m.bad && cdb_make_add(c, key.p, (unsigned)key.len, m.b, (unsigned)m.len) == 0);
}

/* cert's certificate is 32 times 'f', or whatever has his name. */
static void
certificates_add(struct cdb_make *c)
{
	static uint8_t digest[FINGERPRINT_BYTES];
	struct userdb_secret s = { .count = 3 };

	memset(digest, 'f', sizeof digest);
	s.verifiers[0] = verifier_of_hash(hash, "");
	s.verifiers[1] = (struct userdb_verifier){ .kind = USERDB_FINGERPRINT,
						   .mechanisms = USERDB_BY_EXTERNAL,
						   .certificate = { digest, sizeof digest } };
	s.verifiers[2] = (struct userdb_verifier){ .kind = USERDB_CERTIFIED,
						   .mechanisms = USERDB_BY_EXTERNAL,
						   .certificate = span_of("cert") };
	record_add(c, "cert", &s);
	s.flags = USERDB_DISABLED;
	record_add(c, "uncert", &s);
	owner_add(c, USERDB_FINGERPRINT, s.verifiers[1].certificate, "cert");
	owner_add(c, USERDB_CERTIFIED, span_of("cert"), "cert");
}

static void
issuers_add(struct cdb_make *c)
{
	static struct issuers s;
	static struct wr m;

	s.count = 1;
	s.keys[0] = (struct issuer_key){ .algorithm = ISSUER_EDDSA, .key = { token_public, sizeof token_public } };
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
database(bool forms, bool bare)
{
	static struct wr m;
	struct userdb_secret bob = whole_user(forms, 0), off = whole_user(forms, USERDB_DISABLED),
			     plain = whole_user(false, 0);
	struct cdb_make c;
	int fd = memfd_create("cdb", MFD_CLOEXEC);

	MUST(fd >= 0 && cdb_make_start(&c, fd) == 0);
	record_add(&c, "bob", &bob);
	if (!bare) {
		record_add(&c, "", &bob);
		record_add(&c, "dis", &off);
		record_add(&c, "plain", &plain);
		others_add(&c);
		certificates_add(&c);
		memset(&m, 0, sizeof m);
		userdb_server_put(&m, server_secret);
		MUST(cdb_make_add(&c, userdb_server_key.p, (unsigned)userdb_server_key.len, m.b, (unsigned)m.len) == 0);
		if (forms)
			issuers_add(&c);
	}
	MUST(cdb_make_finish(&c) == 0);
	return fcntl(fd, F_DUPFD_CLOEXEC, 100);
}

static void
content_put(int fd, const void *bytes, size_t n)
{
	int made = memfd_create("file", 0);

	MUST(made >= 0 && write(made, bytes, n) == (ssize_t)n && dup2(made, fd) == fd);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	if (made != fd)
		(void)close(made);
}

static void
facts_write(unsigned world)
{
	static uint8_t exporter[EXPORTER_BYTES], octets[FACTS_BYTES];
	struct facts f = { .version = 0x0304, .cipher = span_of("TLS_AES_256_GCM_SHA384") };

	memset(exporter, 'e', sizeof exporter);
	memcpy(f.exporter, exporter, sizeof exporter);
	f.flags = FACTS_EXPORTER;
	if (world & (FACTS_OF_CERT | FACTS_OF_OTHER)) {
		f.flags |= FACTS_CERTIFICATE;
		memset(f.fingerprint, world & FACTS_OF_CERT ? 'f' : 'g', sizeof f.fingerprint);
		if (world & FACTS_OF_OTHER)
			f.identity = span_of("cert");
	}
	facts_put(octets, &f);
	octets[0] ^= world & FACTS_BAD ? 0x80 : 0;
	content_put(FD_FACTS, octets, world & FACTS ? sizeof octets : 0);
}

static void
accounts_write(unsigned world)
{
	static const char shadow[] = "root:*:19000::::::\nsys:$1$abcdefgh$ovjmp.B7kCMmCamnRddo91:19000:0:99999:7:::\n"
				     "old:$1$abcdefgh$ovjmp.B7kCMmCamnRddo91:19000:0:99999:7::1:\n";
	static const char passwd[] =
	    "root:x:0:0::/root:/bin/sh\nsys:x:1000:1000::/home/sys:/bin/sh\nold:x:1001:1001::/:\n";
	const size_t some = world & ACCOUNTS ? 1 : 0;

	content_put(FD_SHADOW, shadow, some * (sizeof shadow - 1));
	content_put(FD_PASSWD, passwd, some * (sizeof passwd - 1));
	content_put(FD_SHELLS, "/bin/sh\n", 8 * some);
}

/* One guess at bob, and a login of eve's; both from where the client is. */
static void
tables_fill(const struct attempt *a)
{
	static struct secret s;
	struct address from;
	struct gate g = { .remembers = false };

	memcpy(s.server, server_secret, sizeof s.server);
	MUST(address_read(span_of(a->rip), &from) == 0);
	MUST(gate_enter(&g, &s, span_of("bob"), &from, 1, -1) == GATE_OPEN);
	gate_wrong(&g, span_of("x"));
	g = (struct gate){ .remembers = false };
	(void)gate_enter(&g, &s, span_of("eve"), &from, 1, -1);
	gate_right(&g, span_of(""));
}

/* Descriptors and arguments, as launch would have made them. */
static void
world_make(struct attempt *a, unsigned world, bool forms)
{
	static int whole = -1, bare = -1;
	static const uint8_t empty[4096];

	if (whole < 0)
		MUST((whole = database(forms, false)) >= 0 && (bare = database(forms, true)) >= 0);
	if (world & DAMAGED)
		content_put(FD_SECRETS, "x", 1);
	else
		MUST(dup2(world & BARE ? bare : whole, FD_SECRETS) == FD_SECRETS);
	content_put(FD_VERDICT, "", 0);
	content_put(FD_SLOTS, "", 0);
	content_put(FD_SHARED_KEY, zero, forms && !(world & NO_KEY) ? USERDB_SHARED_KEY_BYTES : 0);
	facts_write(world);
	content_put(FD_GUESSES, empty, world & TABLES ? sizeof empty : 0);
	content_put(FD_LOGINS, empty, world & TABLES ? sizeof empty : 0);
	accounts_write(world);

	a->sid = a->lip = "-";
	a->rip = world & TABLES ? "192.0.2.1" : "-";
	a->host = world & HOST ? "mail.example.org" : "-";
	a->stamp = stamp;
	a->number = a->slots = 1;
	a->clear = world & CLEAR;
	a->guesses = world & TABLES ? 1 : 0;
	a->users.own = !(world & NO_OWN);
	a->users.accounts = world & ACCOUNTS;
	a->mechanisms = MECHANISM_BIT(MECH__MAX) - 1;
	if (world & NO_BOUND)
		a->mechanisms &= ~(unsigned)MECHANISMS_OF_TLS;
	if (world & NAMES)
		MUST(name_policy_read(span_of("fold,+,example.org"), &a->names) == 0);
	if ((world & (TABLES | GUESSED)) == (TABLES | GUESSED))
		tables_fill(a);
}

#endif
