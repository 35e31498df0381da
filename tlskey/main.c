/* tlskey: holds the private keys, and signs once.  Distrusts: tlsd, which speaks TLS with the network.  Distrusted by:
 * nobody needs to: it hears and tells nobody but tlsd.
 * Holds: 0,1 /dev/null; 2 the log; 3 the channel to tlsd; from 16 on the files of private keys, open for reading.
 * Born without privilege; after sandbox_enter() it can read, compute, answer and exit.  It reads the one key that it is
 * asked to use, signs one handshake of TLS (nothing else is signed), and ends. */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "chan.h"
#include "die.h"
#include "drop.h"
#include "sandbox.h"
#include "sign.h"

struct keys {
	unsigned count;
	int fd[KEYS_MAX];
};

/* argv: tlskey SID LANDLOCK FD...; each of them launch's. */
static void
arguments_read(struct keys *k, int argc, char **argv)
{
	if (argc < 4 || argc > 3 + KEYS_MAX)
		die_usage("usage: tlskey SID landlock|nolandlock FD... (sallyport starts it)");
	die_session(argv[1]);
	for (int i = 3; i < argc; i++) {
		uint64_t n;

		if (span_number(span_of(argv[i]), FD_FILES_MAX, &n) || n < FD_FILES)
			die_usage("bad argument: this program is started by sallyport, not by hand");
		k->fd[k->count++] = (int)n;
	}
}

/* Nothing of OpenSSL's configuration, so that no module and no engine is loaded; no texts of errors. */
static void
openssl_start(void)
{
	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
				     OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS |
				     OPENSSL_INIT_NO_ATEXIT,
				 NULL) ||
	    /* Of the generators of random numbers the one that needs no cipher: with one, OpenSSL makes all it has. */
	    !RAND_set_DRBG_type(NULL, "HASH-DRBG", NULL, NULL, "SHA256"))
		die_sys("cannot start OpenSSL");
}

static void
key_serve(const struct keys *k)
{
	static struct chan_in in;
	static struct wr m;
	uint8_t signature[SIGNATURE_MAX];
	struct sign s;
	const char *why;
	size_t len;

	if (chan_get(FD_CTL, &in, false))
		return; /* a handshake that failed before anything was to be signed */
	if (sign_get(in.data, &s) || s.key >= k->count || !sign_is_allowed(&s))
		die_peer("what is to be signed is no handshake of TLS 1.2 or 1.3");
	why = sign_make(k->fd[s.key], &s, signature, &len);
	if (why)
		die_usage("%s", why);
	signed_put(&m, (struct span){ signature, len });
	(void)chan_put(FD_CTL, &m); /* tlsd may have gone with its client */
}

int
main(int argc, char **argv)
{
	static struct keys k;

	die_program("tlskey");
	die_look_at_log();

	/* acquire: after this, nothing new is ever opened */
	arguments_read(&k, argc, argv);
	chan_only_files(FD_CTL, k.fd, k.count);
	openssl_start();

	/* drop: launch did it before exec; try to get it back, and die if that works */
	drop_verify();

	/* sandbox: from here on, the table in lib/sandbox.c is the law */
	sandbox_enter(&sandbox_tlskey, NULL, strcmp(argv[2], "nolandlock") == 0);

	/* serve: the first octet from tlsd, and of a key, is read below this line */
	key_serve(&k);
	return 0;
}
