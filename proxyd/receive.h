/* receive: take the header off the front of the connection, and not one octet of the client's. */
#ifndef RECEIVE_H
#define RECEIVE_H

#include "msg.h"

enum received {
	RECEIVED_WHOLE,
	RECEIVED_NOTHING,   /* closed before the first octet: a health check */
	RECEIVED_CUT,       /* closed inside the header */
	RECEIVED_LATE,      /* not within the time */
	RECEIVED_MALFORMED, /* no header, or one that we do not take */
	RECEIVED__MAX
};

/* Read the header from fd within ms milliseconds; *p is written for RECEIVED_WHOLE alone. */
enum received header_receive(int fd, int ms, struct proxied *p);

#endif
