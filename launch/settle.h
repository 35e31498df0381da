/* settle: turn whatever a super-server left us into a known state. */
#ifndef SETTLE_H
#define SETTLE_H

#include <stdbool.h>

#include "address.h"
#include "config.h"

enum { FD_NULL = 3 }; /* /dev/null, from settle_process on */

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

/* Default dispositions, an empty mask, SIGPIPE and SIGXFSZ ignored (rooms hear EPIPE and EFBIG), umask 077, soft limits
 * raised to the hard ones, descriptors 0 to FD_ROOM taken, and descriptor 2 a log that is certainly not the client:
 * before anything can print.  What the environment says of UCSPI-TLS is kept in u. */
void settle_process(struct ucspi *u);
/* What the administrator chose; dies when there is no log and POP3_LOG is not "none". */
void settle_log(enum log_choice choice);
/* The environment of tcpserver, s6, ucspi-ssl; else the socket's own names; else systemd's REMOTE_ADDR. */
void settle_peer(struct peer *p);

#endif
