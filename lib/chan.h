/* chan: one end of a SOCK_SEQPACKET pair between two rooms of the same session. */
#ifndef CHAN_H
#define CHAN_H

#include "msg.h"

/* Descriptors every room finds where these say, and none besides. */
enum {
	FD_IN = 0,  /* pop3d: the client; elsewhere /dev/null */
	FD_OUT = 1, /* the same */
	FD_LOG = 2,
	FD_CTL = 3,
	FD_PROXIED = 3,    /* proxyd: the pipe to launch */
	FD_TABLE = 4,      /* storage: the table, still empty */
	FD_PLACE = 5,      /* storage: a lock that ends with the session; nothing else is done with it */
	FD_FACTS_LOG = 6,  /* storage: as FD_FACTS, until it has read them, for the log */
	FD_INDEX = 9,      /* storage: the index that it writes; the lowest that is free when its Maildir is open */
	FD_SECRETS = 4,    /* authd: secrets.cdb, read-only */
	FD_VERDICT = 5,    /* authd: the pipe to launch */
	FD_SLOTS = 6,      /* authd: the file whose locks bound how many verify at once */
	FD_SHARED_KEY = 7, /* authd: the key of the secretboxes of SHARED verifiers, read-only */
	FD_FACTS = 8,      /* authd: what tlsd wrote of this connection's TLS; /dev/null without TLS of ours */
	FD_GUESSES = 9,    /* authd: the table of wrong guesses */
	FD_GIVEN = 4,      /* giver: the pipe that a checkpassword program reads */
	FD_TAKEN = 4,      /* taker: what another server wrote for a checkpassword program */
	FD_LOGINS = 10,    /* authd: the table of logins */
	FD_SHADOW = 11,    /* authd: /etc/shadow, read-only; /dev/null where accounts of the system are no users */
	FD_PASSWD = 12,    /* authd: /etc/passwd, the same */
	FD_SHELLS = 13,    /* authd: /etc/shells; /dev/null where that is not asked for */
	FD_PLAIN_IN = 4,   /* tlsd: to the program behind */
	FD_PLAIN_OUT = 5,  /* tlsd: from the program behind */
	FD_TLS_FACTS = 6,  /* tlsd: where it writes them */
	FD_TLS_TOLD = 7,   /* tlsd: who told it to begin (UCSPI-TLS); /dev/null if nobody had to */
	/* tlsd and tlskey: certificates and keys, at the numbers that their arguments say */
	FD_FILES = 16,
	FD_FILES_MAX = 1000,
};

enum {
	CHAN_FDS_MAX = 5,    /* descriptors with one message */
	CHANNELS_MAX = 1024, /* that one room serves at a time: tlskey's, of handshakes that are not yet signed */
};

struct chan_in {
	struct span data;
	int fd; /* a descriptor that came with it, or -1 */
	uint8_t b[MSG_MAX + 1];
};

/* Close every descriptor above last, and die unless 0 to last are open. */
void fd_only(int last);
/* The same, and die unless FD_CTL is a SOCK_SEQPACKET socket. */
void chan_only(int last);
/* The same, but keep these files too: n descriptors above last, in ascending order. */
void chan_only_files(int last, const int *files, unsigned n);
/* Wait until the peer wrote or left.  Returns 1, or 0 after ms milliseconds (-1: no limit). */
int chan_wait(int fd, int ms);
/* Receive one datagram, waiting for it.  Returns 0, or -1 if the peer has gone; an empty datagram cannot be told from
 * that.  Dies (102) on one that is cut, or empty with a descriptor, and on a descriptor when none is wanted. */
int chan_get(int fd, struct chan_in *in, bool want_fd);
enum chan_got { CHAN_TAKEN, CHAN_GONE, CHAN_MALFORMED };
/* The same for who has more than one peer, and must not die of one: exactly n descriptors (at most CHAN_FDS_MAX) come
 * with the datagram, or none, and then they are -1. */
enum chan_got chan_take(int fd, struct chan_in *in, int *fds, unsigned n);
/* Copy the first octets of the next datagram, which stays where it is.  Waits for it.  Returns how many there are, at
 * most len; 0 if the peer has gone. */
size_t chan_peek(int fd, uint8_t *head, size_t len);
/* Send one datagram.  Returns 0, or -1 if the peer has gone.  Waits when the peer's queue is full, except
 * chan_put_now, which treats that as a peer that has gone. */
int chan_put(int fd, const struct wr *m);
int chan_put_now(int fd, const struct wr *m);
/* The same with a descriptor, or with so many. */
int chan_put_fd(int fd, const struct wr *m, int pass);
int chan_put_fds(int fd, const struct wr *m, const int *pass, unsigned count);

#endif
