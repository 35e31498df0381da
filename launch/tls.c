/* TLS: tlsd on the client, tlskey beside it, and a pair of sockets to the program behind.
 *
 * For STLS (RFC 2595) they cannot be started when the client asks: by then we are in a box in which neither they can be
 * executed, nor their uids be had, nor the client, whom we have let go.  So they are parked before: children that have
 * given up root, and wait.  What pop3d had read too far, and what the client had told it, ends with it; the pop3d behind
 * TLS is another process, which has never heard from it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificates.h"
#include "chan.h"
#include "die.h"
#include "rooms.h"

enum {
	HANDSHAKE_SECONDS = 120, /* until tlskey has signed */
	START_SECONDS = 60,      /* until those that will wait for connections do; then they have no deadline */
};

static struct certificates certificates;

/* One end for pop3d, one for tlsd. */
static void
pair_make(int type, int pair[2])
{
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair))
		die_sys("cannot make a channel");
}

void
tls_rooms_open(struct launch *s)
{
	int rooms = openat(AT_FDCWD, s->config.rooms, O_PATH | O_CLOEXEC | O_DIRECTORY);

	if (rooms < 0)
		die_sys("cannot open the directory %s", s->config.rooms);
	s->tlsd_room = room_open(rooms, "tlsd");
	s->tlskey_room = room_open(rooms, "tlskey");
	(void)close(rooms);
}

/* A resident one is the process that was made for it. */
static pid_t
room_begin(const struct launch *s, const struct room *r)
{
	if (s->listens)
		room_become(r);
	return room_start(r);
}

/* The keys, and one end of a channel. */
static void
tlskey_start(struct launch *s, int channel)
{
	const struct certificates *c = &certificates;
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
		.awaits = s->stls ? channel : 0, /* tlsd's question, which stays for tlskey to read */
		.deadline = s->listens ? START_SECONDS : HANDSHAKE_SECONDS,
		.arguments = exec_arguments(arguments),
	};

	for (unsigned i = 0; i < c->count; i++)
		arguments[3 + i] = number(numbers[i], (unsigned)c->key[i]);
	s->tlskey = room_begin(s, &room);
}

/* The client, the certificates, the other end, and the program behind. */
static void
tlsd_start(struct launch *s, int channel, int plain_in, int plain_out, int control)
{
	const struct certificates *c = &certificates;
	static char texts[KEYS_MAX][2 * NUMBER_MAX + CERTIFICATE_NAME_MAX + 1];
	char authorities[NUMBER_MAX];
	const char *clients = c->authorities < 0 ? s->config.tls_client : number(authorities, (unsigned)c->authorities);
	const char *arguments[8 + KEYS_MAX + 1] = { "tlsd",           s->sid,
						    s->peer.remote,   s->peer.local,
						    landlock_word(s), s->config.tlsmin,
						    clients,          s->behind ? "-" : "mark" };
	const int descriptors[] = { 0, 1, 2, channel, plain_in, plain_out, s->facts, s->stls ? control : s->nothing };
	const struct room room = {
		.executable = s->tlsd_room,
		.who = account_of(s, &s->config.tlsd),
		.root = -1,
		.descriptors = descriptors,
		.count = 8,
		.files = c->public_files,
		.file_count = c->public_count,
		.awaits = s->stls ? control : 0,
		.deadline = s->listens ? START_SECONDS : s->config.session + 2 * DEADLINE_SLACK,
		.arguments = exec_arguments(arguments),
	};

	for (unsigned i = 0; i < c->count; i++) {
		char ocsp[NUMBER_MAX] = "-";

		if (c->ocsp[i] >= 0)
			(void)number(ocsp, (unsigned)c->ocsp[i]);
		(void)snprintf(texts[i], sizeof texts[i], "%d:%s:%s", c->chain[i], ocsp, c->name[i]);
		arguments[8 + i] = texts[i];
	}
	s->tlsd = room_begin(s, &room);
}

void
tlskey_reside(struct launch *s, int channel)
{
	tls_settle(s);
	tlskey_start(s, channel);
	die_bug("it was not become");
}

void
tlsd_reside(struct launch *s, int channel)
{
	tls_settle(s);
	tlsd_start(s, channel, s->nothing, s->nothing, s->nothing);
	die_bug("it was not become");
}

/* To those that wait for it, what tlskey_start and tlsd_start would have started them with. */
static void
connection_hand(const struct launch *s, const int sign[2], int plain_in, int plain_out)
{
	static struct wr m;
	const int fds[CONNECTION_FDS] = { 0, sign[0], plain_in, plain_out, s->facts };
	struct connection c = { HANDSHAKE_SECONDS, span_of(s->sid), span_of(s->peer.remote), span_of(s->peer.local) };
	int gone;

	connection_put(&m, &c);
	gone = chan_put_fds(s->given[GIVEN_TLSKEY], &m, &sign[1], 1);
	c.seconds = s->config.session + 2 * DEADLINE_SLACK;
	connection_put(&m, &c);
	if (gone || chan_put_fds(s->given[GIVEN_TLSD], &m, fds, CONNECTION_FDS))
		die_sys("cannot hand the client over: tlsd or tlskey has just ended");
	for (int i = 0; i < GIVEN_MAX; i++)
		(void)close(s->given[i]); /* nothing more is said there */
}

/* A file without a name: tlsd writes it, authd reads it. */
static void
facts_make(struct launch *s)
{
	s->facts = memory_file_make("facts");
}

/* Another server speaks TLS with the client, when it is told to. */
static void
ucspi_settle(struct launch *s)
{
	int type;
	socklen_t len = sizeof type;

	if (s->ucspi.control < 0 || s->ucspi.in < 0 || s->ucspi.out < 0 ||
	    getsockopt(s->ucspi.control, SOL_SOCKET, SO_TYPE, &type, &len))
		die_usage("UCSPITLS is set: SSLCTLFD must name a socket, SSLREADFD and SSLWRITEFD open descriptors");
	s->stls = true;
}

void
tls_settle(struct launch *s)
{
	if (s->handed)
		return;
	if (s->ucspi.offered) {
		ucspi_settle(s);
		return;
	}
	certificates_open(&certificates, s->config.tls, s->config.tls_client);
	if (certificates.count == 0 && s->implicit_tls)
		die_usage("%s: no fullchain.pem in it or in a directory in it (POP3_TLS)", s->config.tls);
	if (certificates.count == 0)
		warn("%s: no fullchain.pem in it or in a directory in it (POP3_TLS): STLS is not offered",
		     s->config.tls);
	/* A proxy in front has done it. */
	s->stls = certificates.count && !s->implicit_tls && !s->peer.tls;
	if (!s->stls && !s->implicit_tls)
		certificates_close(&certificates);
}

void
tls_start(struct launch *s)
{
	int sign[2], in[2], out[2], control[2] = { -1, -1 };

	facts_make(s);
	pair_make(SOCK_SEQPACKET, sign);
	pair_make(SOCK_STREAM, in);
	pair_make(SOCK_STREAM, out);
	if (s->stls)
		pair_make(SOCK_STREAM, control);
	if (s->handed) {
		connection_hand(s, sign, in[0], out[1]);
	} else {
		tlskey_start(s, sign[1]);
		tlsd_start(s, sign[0], in[0], out[1], control[1]);
	}
	certificates_close(&certificates);
	for (int i = 0; i < 2; i++)
		(void)close(sign[i]);
	(void)close(in[0]);
	(void)close(out[1]);
	if (s->stls)
		(void)close(control[1]);
	(void)close(s->tlsd_room);
	(void)close(s->tlskey_room);
	s->control = control[0];
	s->plain_in = in[1];
	s->plain_out = out[0];
	s->tls = true;
}

void
tls_park(struct launch *s)
{
	static struct launch later; /* the session as it will be */

	later = *s;
	later.begun = true;
	channel_make(&later);
	if (s->ucspi.offered) {
		later.peer.tls = true;
		later.plain_in = s->ucspi.in;
		later.plain_out = s->ucspi.out;
		later.control = s->ucspi.control;
	} else {
		tls_start(&later);
	}
	pop3d_start(&later);
	s->facts = later.facts;
	s->tlsd = later.tlsd;
	s->tlskey = later.tlskey;
	s->control = later.control;
	s->later_ctl = later.ctl;
	s->later_pop3d = later.pop3d;
}

/* It is parked, and waits for nothing else. */
static void
parked_tell(int fd, const char *what)
{
	if (send(fd, what, strlen(what), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		die_sys("cannot start TLS");
}

void
tls_begin(struct launch *s, unsigned left)
{
	char text[NUMBER_MAX];

	(void)close(s->ctl); /* and with it whatever pop3d had asked for */
	s->ctl = s->later_ctl;
	s->pop3d = s->later_pop3d;
	s->later_pop3d = 0;
	s->tls = s->tlsd != 0;
	s->peer.tls = s->ucspi.offered;
	parked_tell(s->ctl, number(text, left));
	parked_tell(s->control, "y");
	(void)close(s->control);
}

void
tls_forget(struct launch *s)
{
	if (s->later_pop3d == 0)
		return;
	(void)close(s->later_ctl);
	(void)close(s->control);
	(void)room_reap(s, s->later_pop3d, "pop3d");
	if (s->tlskey)
		(void)room_reap(s, s->tlskey, "tlskey");
	if (s->tlsd)
		(void)room_reap(s, s->tlsd, "tlsd");
	s->later_pop3d = s->tlskey = s->tlsd = 0;
}
