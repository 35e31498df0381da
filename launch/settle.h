/* settle: turn whatever a super-server left us into a known state. */
#ifndef SETTLE_H
#define SETTLE_H

#include <stdbool.h>

#include "address.h"
#include "config.h"

enum { FD_NULL = 3 }; /* /dev/null, from settle_process on */

/* Descriptors that whoever started us means for us: with -l a listening socket, with -S what leads to tlsd and tlskey. */
enum { GIVEN_LISTENER = 0, GIVEN_TLSD = 0, GIVEN_TLSKEY, GIVEN_MAX };
enum { FD_GIVEN_TLSD = 3, FD_GIVEN_TLSKEY }; /* where -l puts them for -S */

/* Who is at the other end, as text; "-" when nothing tells. */
struct peer {
	char remote[ADDRESS_TEXT_MAX];
	char local[ADDRESS_TEXT_MAX];
	bool loopback; /* remote is an address of this machine's loopback */
	bool tls;      /* a trusted proxy has ended TLS for it */
};

/* UCSPI-TLS: a server in front that begins TLS when it is told to, by one octet on its control socket. */
struct ucspi {
	bool offered;         /* the descriptors are there, and the client may ask for TLS */
	bool required;        /* before any login */
	int control, in, out; /* above FD_ROOM and close-on-exec; in and out are the client, once TLS has begun */
};

/* A listening socket that is open already: descriptor 0, or systemd's; -1 if there is none. */
int listener_given(void);
/* Default dispositions, an empty mask, SIGPIPE and SIGXFSZ ignored (rooms hear EPIPE and EFBIG), umask 077, soft limits
 * raised to the hard ones, descriptors 0 to FD_ROOM taken, and descriptor 2 a log that is certainly not the client:
 * before anything can print.  What the environment says of UCSPI-TLS is kept in u, and what given names (-1: nothing),
 * which is above FD_ROOM and close-on-exec then, or -1 where it was not open.  has_client: 0 and 1 are one. */
void settle_process(struct ucspi *u, int given[GIVEN_MAX], bool has_client);
/* What the administrator chose; dies when there is no log and POP3_LOG is not "none". */
void settle_log(enum log_choice choice);
/* The environment of tcpserver, s6, ucspi-ssl; else the socket's own names; else systemd's REMOTE_ADDR. */
void settle_peer(struct peer *p);

#endif
