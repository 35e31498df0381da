/* launch: what the parts of sallyport know of the one session they serve. */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <sys/types.h>
#include <time.h>

#include "config.h"
#include "identity.h"
#include "msg.h"
#include "settle.h"

/* Files of the system, open on fd; as they were at that time. */
enum { SYSTEM_SHADOW, SYSTEM_PASSWD, SYSTEM_SHELLS, SYSTEM_FILES };
struct system_file {
	int fd;
	struct timespec changed;
};

struct launch {
	struct config config;
	struct peer peer;
	char sid[40];
	char stamp[STAMP_MAX + 1]; /* APOP's timestamp, or "-" */
	/* descriptors, all above FD_ROOM and close-on-exec */
	int ctl, pop3d_ctl;
	int table;                                         /* for storage: empty, never executable */
	int nothing;                                       /* /dev/null */
	int place;                                         /* whose lock is this session's; or the same */
	int facts;                                         /* what tlsd wrote, or the same */
	int data, slots, guesses, logins, mailbase, empty; /* O_PATH */
	struct system_file system[SYSTEM_FILES];           /* authd's to read; /etc/passwd ours too */
	int pop3d_room, authd_room, storage_room;
	int proxyd_room;            /* -1 unless POP3_PROXY is set */
	int crypto_room;            /* authd-crypto; -1 unless a mechanism needs it */
	int giver_room;             /* -1 unless there is a checkpassword program; or taker's, if we are one */
	bool tls;                   /* the client is behind a TLS of ours, of which facts tells */
	bool stls;                  /* it may ask for that: see tls_park */
	bool begun;                 /* it has, and knows us already */
	struct ucspi ucspi;         /* whose TLS that is, if it is not ours */
	int plain_in, plain_out;    /* the client, for pop3d: 0 and 1, or tlsd's */
	int tlsd_room, tlskey_room; /* only with TLS */
	pid_t pop3d, tlsd, tlskey;  /* the last two: 0 without TLS */
	pid_t later_pop3d;          /* parked: the one behind TLS; 0: none */
	int later_ctl;              /* its ctl */
	int control;                /* where tlsd, parked, is told to begin */
	bool implicit_tls;          /* -s: TLS from the first octet on */
	bool listens;               /* -l: we are the super-server, and this is no session */
	bool handed;                /* -S: a session of it, whose tlsd and tlskey are there already */
	int given[GIVEN_MAX];       /* with these two: the listener, or what leads to those */
	const char *address, *port; /* from the command line, or NULL */
	const char *host;           /* from the command line, or NULL */
	char *const *program;       /* a checkpassword program in the place of authd, or NULL */
	char *const *behind;        /* a program that we put behind TLS, and otherwise leave alone; or NULL */
	bool offered;               /* we are such a program, and this is what follows us */
};

/* Open a file of POP3_DATA, as it is now, with the flags OPEN_DATA or OPEN_SLOTS. */
int data_open(const struct launch *s, const char *name, int flags);

/* Behind a proxy, the peer is whom the proxy's header tells; the connection ends here if it does not. */
void proxied_settle(struct launch *s);
/* Let proxyd read that header.  Returns the number of bytes of its record: PROXIED_BYTES, or 0 when there is none. */
size_t proxyd_ask(const struct launch *s, uint8_t record[PROXIED_BYTES]);
/* Open the certificates, and with them decide whether the client may ask for STLS; or see whether another server will do
 * it.  Dies when there are certificates, or descriptors, that cannot be used, and, with -s, when there are none. */
void tls_settle(struct launch *s);
/* Take a place among the sessions of the client's address; the connection ends here if there is none. */
void crowd_enter(struct launch *s);
/* Open the executables of tlsd and tlskey. */
void tls_rooms_open(struct launch *s);
/* Become a tlsd, or a tlskey, for all connections that it is told of on channel. */
void tlsd_reside(struct launch *s, int channel) __attribute__((noreturn));
void tlskey_reside(struct launch *s, int channel) __attribute__((noreturn));
/* Be the super-server: dir is that of -e, or NULL. */
void listen_serve(struct launch *s, const char *dir) __attribute__((noreturn));
/* Start tlsd on the client, and tlskey beside it, or hand the client to those that are there; pop3d's client is then
 * tlsd. */
void tls_start(struct launch *s);
/* Park these two, and a pop3d behind them, in case that the client asks for STLS; or that pop3d alone, behind the TLS of
 * another server (UCSPI-TLS). */
void tls_park(struct launch *s);
/* pop3d, which has ended, said that the client wants TLS: start what was parked; the new pop3d knows that so many
 * attempts are left.  The session goes on with that one. */
void tls_begin(struct launch *s, unsigned left);
/* What was parked will not be needed: wait until it has ended. */
void tls_forget(struct launch *s);
/* A file in memory, made before the box is closed: one in which they can be made is one in which anything can be executed,
 * for Landlock does not judge them.  This one may never be executed, and nothing in the box can change that. */
int memory_file_make(const char *name);
/* Make the channel between us and pop3d. */
void channel_make(struct launch *s);
/* Put another program behind TLS, and become it. */
void behind_become(struct launch *s) __attribute__((noreturn));
/* Start pop3d. */
void pop3d_start(struct launch *s);
/* Wait until pop3d, and with TLS tlsd and tlskey, have ended; then end. */
void rooms_wait(struct launch *s) __attribute__((noreturn));
/* How did a room of this pid end?  Waits for it.  A death by a signal is an alarm in the log: SIGSYS is a room that
 * met its cage. */
int room_reap(const struct launch *s, pid_t pid, const char *name);
/* Let a new authd judge the request that waits on ctl, as attempt number try.  Returns the number of bytes of its
 * verdict: VERDICT_BYTES, or 0 when it answered pop3d itself. */
size_t authd_ask(const struct launch *s, unsigned try, uint8_t verdict[VERDICT_BYTES]);
/* Never to return: this process becomes storage, as the user. */
void storage_become(struct launch *s, const struct verified *v, const struct identity *id) __attribute__((noreturn));

/* Wait, without reading, until pop3d asks for something; so many attempts are left.  Does not return when pop3d has
 * gone, unless it was for STLS: then this waits for the next one. */
void request_wait(struct launch *s, unsigned left);
/* Let giver put the request that waits on ctl into a pipe, as a checkpassword program reads it.  Returns its status. */
int giver_run(const struct launch *s, unsigned try, int pipe);
/* Serve login attempts by that program, until one succeeds, pop3d leaves, or there were too many. */
void checkpassword_serve(struct launch *s, char *const *program) __attribute__((noreturn));
/* We are a checkpassword program: keep the other server's descriptors for the program that follows. */
void offered_settle(struct launch *s);
/* Let taker read what is on the descriptor given, and ask.  Returns its pid. */
pid_t taker_start(struct launch *s, int given);
/* Judge one attempt, and become the program, or end with the status that the interface has for it. */
void offered_serve(struct launch *s) __attribute__((noreturn));
/* What the verified name means.  Returns NULL, or why it is refused. */
const char *user_identify(const struct launch *s, const struct verified *v, struct identity *id);
/* Serve login attempts until one succeeds, pop3d leaves, or there were too many. */
void attempts_serve(struct launch *s) __attribute__((noreturn));

#endif
