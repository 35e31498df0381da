/* session: everything pop3d knows of its one client. */
#ifndef SESSION_H
#define SESSION_H

#include "chan.h"
#include "line.h"
#include "mechanism.h"
#include "span.h"

/* The limits of this room, besides those it is started with. */
enum {
	OUT_BYTES = 1 << 16,   /* of replies that wait to be written */
	BLOCK_BYTES = 1 << 14, /* of a message that are read at one time */
	WRONG_BEFORE = 3,      /* wrong commands that end a session before login */
	WRONG_AFTER = 20,      /* and after it */
};

enum state {
	AUTHORIZATION,
	EXCHANGE, /* within AUTH: the client owes a response to a challenge */
	TRANSACTION,
	UPDATE,
	CLOSED,
	STATE__MAX
};

/* What a command came to. */
enum event {
	DONE,      /* it was done */
	REFUSED,   /* it could not be: no such message, no such login */
	WRONG,     /* it is no command, or not here, or not with these arguments */
	ASKED,     /* the client was sent a challenge */
	LOGGED_IN, /* storage is ready */
	LEAVE,     /* QUIT */
	TO_TLS,    /* STLS: this process ends, another goes on behind TLS */
	BROKEN,    /* the client or storage cannot be served any more */
	EVENT__MAX
};

enum ending { END_NOQUIT, END_QUIT, END_TIMEOUT, END_LIMIT, END_ERROR, END_STLS };

/* The way to the client. */
enum way {
	WAY_CLEAR,     /* ends here, in the clear */
	WAY_STLS,      /* the same; it can be put behind TLS */
	WAY_TLS,       /* through tlsd */
	WAY_TLS_BEGUN, /* through tlsd, after STLS: the client has been greeted */
	WAY_BEGUN,     /* the same, through another server's TLS (UCSPI-TLS) */
	WAY__MAX
};

enum { BITMAP_BYTES = MESSAGES_MAX / 8 };

/* One bit for each message; pages that no mark touches cost nothing. */
struct bitmap {
	uint32_t set;
	uint8_t b[BITMAP_BYTES];
};

struct tally {
	uint64_t messages, octets;
};

struct session {
	/* set by the command line */
	const char *sid, *rip, *lip, *host;
	const char *stamp;   /* of APOP, for the greeting; "-" for none */
	unsigned mechanisms; /* a set: what may be used and is announced */
	enum way way;
	bool mark_due; /* the next octet is tlsd's own, before those of the client */
	unsigned idle, limit, tries;
	unsigned exchange; /* seconds that a client has for the responses of one AUTH */

	enum state state;
	enum ending ending;
	unsigned wrong, attempts;
	int64_t started, last_command; /* milliseconds of the monotonic clock */
	char user[USER_MAX + 1];       /* of the last USER; empty: none */
	bool user_given;               /* the command before was a successful USER */
	int64_t exchange_end;          /* of the clock, in EXCHANGE */
	bool refusal_logged;           /* that a password may not cross this network: once is enough */

	/* the maildrop, from READY on */
	int table;
	uint32_t count;
	uint64_t octets;
	uint64_t deleted_octets;

	struct tally top, retr;
	struct done outcome;
	uint64_t in, out;

	bool gone;      /* bytes we owed could not be written: nothing after them may be */
	size_t waiting; /* bytes of replies */

	/* Behind what is always used: of these, an idle session has touched the first pages, or none. */
	struct line line;
	uint8_t reply[OUT_BYTES];
	struct bitmap deleted, retrieved, failed;
};

/* Greet, then serve commands until one ends the session or a limit does; write the `end` line.  Returns the status that
 * this process must end with: 0, or EXIT_STLS when the session goes on without it. */
int session_serve(struct session *s);

/* Milliseconds of the monotonic clock. */
int64_t clock_ms(void);
/* Milliseconds until this session must end, by its idle or its whole limit; 0 if it must end now. */
int session_time_left(const struct session *s);

/* May this mechanism be used on this connection? */
bool mechanism_allowed(const struct session *s, enum mechanism m);

bool bit_is_set(const struct bitmap *m, uint32_t n);
void bit_set(struct bitmap *m, uint32_t n);

#endif
