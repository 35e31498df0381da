/* TLS: tlsd on the client, tlskey beside it, and a pair of sockets to the program behind. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificates.h"
#include "chan.h"
#include "die.h"
#include "rooms.h"

enum { HANDSHAKE_SECONDS = 120 }; /* until tlskey has signed */

/* One end for pop3d, one for tlsd. */
static void
pair_make(int type, int pair[2])
{
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair))
		die_sys("cannot make a channel");
}

/* The keys, and one end of a channel. */
static void
tlskey_start(struct launch *s, const struct certificates *c, int channel)
{
	char numbers[KEYS_MAX][NUMBER_MAX];
	const char *arguments[3 + KEYS_MAX + 1] = { "tlskey", s->sid, landlock_word(s) };
	const int descriptors[] = { FD_NULL, FD_NULL, 2, channel };
	const struct room room = {
		.executable = s->tlskey_room,
		.who = account_of(s, &s->config.tlskey),
		.root = -1,
		.descriptors = descriptors,
		.count = 4,
		.files = c->key,
		.file_count = c->count,
		.deadline = HANDSHAKE_SECONDS,
		.arguments = exec_arguments(arguments),
	};

	for (unsigned i = 0; i < c->count; i++)
		arguments[3 + i] = number(numbers[i], (unsigned)c->key[i]);
	s->tlskey = room_start(&room);
}

/* The client, the certificates, the other end, and the program behind. */
static void
tlsd_start(struct launch *s, const struct certificates *c, int channel, int plain_in, int plain_out)
{
	static char texts[KEYS_MAX][2 * NUMBER_MAX + CERTIFICATE_NAME_MAX + 1];
	const char *arguments[6 + KEYS_MAX + 1] = { "tlsd",        s->sid,           s->peer.remote,
						    s->peer.local, landlock_word(s), s->config.tlsmin };
	const int descriptors[] = { 0, 1, 2, channel, plain_in, plain_out, s->facts };
	const struct room room = {
		.executable = s->tlsd_room,
		.who = account_of(s, &s->config.tlsd),
		.root = -1,
		.descriptors = descriptors,
		.count = 7,
		.files = c->public_files,
		.file_count = c->public_count,
		.deadline = s->config.session + 2 * DEADLINE_SLACK,
		.arguments = exec_arguments(arguments),
	};

	for (unsigned i = 0; i < c->count; i++) {
		char ocsp[NUMBER_MAX] = "-";

		if (c->ocsp[i] >= 0)
			(void)number(ocsp, (unsigned)c->ocsp[i]);
		(void)snprintf(texts[i], sizeof texts[i], "%d:%s:%s", c->chain[i], ocsp, c->name[i]);
		arguments[6 + i] = texts[i];
	}
	s->tlsd = room_start(&room);
}

/* A file without a name: tlsd writes it, authd reads it. */
static void
facts_make(struct launch *s)
{
	(void)close(s->facts); /* /dev/null */
	s->facts = memfd_create("facts", MFD_CLOEXEC);
	if (s->facts < 0)
		die_sys("cannot make a file");
}

void
tls_start(struct launch *s)
{
	static struct certificates c;
	int sign[2], in[2], out[2];

	/* First, so that their numbers ascend. */
	certificates_open(&c, s->config.tls);
	if (c.count == 0)
		die_usage("%s: no fullchain.pem in it or in a directory in it (POP3_TLS)", s->config.tls);
	facts_make(s);
	pair_make(SOCK_SEQPACKET, sign);
	pair_make(SOCK_STREAM, in);
	pair_make(SOCK_STREAM, out);
	tlskey_start(s, &c, sign[1]);
	tlsd_start(s, &c, sign[0], in[0], out[1]);
	certificates_close(&c);
	for (int i = 0; i < 2; i++)
		(void)close(sign[i]);
	(void)close(in[0]);
	(void)close(out[1]);
	(void)close(s->tlsd_room);
	(void)close(s->tlskey_room);
	s->plain_in = in[1];
	s->plain_out = out[0];
	s->tls = true;
}
