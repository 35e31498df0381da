/* tlskey: holds the private keys, and signs once.  Distrusts: tlsd, which speaks TLS with the network.  Distrusted by:
 * nobody needs to: it hears and tells nobody but tlsd.
 * Holds: 0,1 /dev/null; 2 the log; 3 the channel to tlsd; from 16 on the files of private keys, open for reading.
 * A resident one finds launch at 3, which hands it a channel for each connection.
 * Born without privilege; after sandbox_enter() it can read, compute, answer and exit.  It reads the one key that it is
 * asked to use, signs one handshake of TLS (nothing else is signed), and ends; a resident one reads all keys, and closes
 * each channel when it has signed once. */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "chan.h"
#include "die.h"
#include "drop.h"
#include "sandbox.h"
#include "serve.h"

/* argv: tlskey SID LANDLOCK FD...; each of them launch's.  A SID of "-" is that of no connection, but of all that will
 * come. */
static void
arguments_read(struct keys *k, int argc, char **argv)
{
	if (argc < 4 || argc > 3 + KEYS_MAX)
		die_usage("usage: tlskey SID landlock|nolandlock FD... (sallyport starts it)");
	die_session(argv[1]);
	k->resident = strcmp(argv[1], "-") == 0;
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
	sandbox_enter(k.resident ? &sandbox_tlskey_resident : &sandbox_tlskey, NULL,
		      strcmp(argv[2], "nolandlock") == 0);

	/* serve: the first octet from tlsd, and of a key, is read below this line */
	keys_serve(&k);
	return 0;
}
