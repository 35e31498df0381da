/* config: the administrator's settings, POP3_* in the environment or one file each in a directory. */
#ifndef CONFIG_H
#define CONFIG_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "address.h"

enum {
	TEXT_MAX = 512,
	PROXIES_MAX = 16,
	CONNECTIONS_MAX = 10000,
};

enum log_choice { LOG_AUTO, LOG_STDERR, LOG_SYSLOG, LOG_NONE };

/* A uid and gid that a room runs with. */
struct account {
	uid_t uid;
	gid_t gid;
};

struct config {
	char rooms[TEXT_MAX];    /* directory of the executables pop3d, authd and storage */
	char empty[TEXT_MAX];    /* the root directory of rooms that need none */
	char data[TEXT_MAX];     /* directory of users.cdb, secrets.cdb and slots */
	char mailbase[TEXT_MAX]; /* every maildrop lies beneath it */
	char host[TEXT_MAX];     /* in the greeting; "-" for none */
	char tls[TEXT_MAX];      /* directory of certificates; "-" for none */
	char pop3d_name[TEXT_MAX], authd_name[TEXT_MAX], log_name[TEXT_MAX];
	char proxy_list[TEXT_MAX], sasl_list[TEXT_MAX];
	char users[TEXT_MAX];   /* own, system or both */
	char shells[TEXT_MAX];  /* any, login or listed: whose shell lets an account of the system in */
	char maildir[TEXT_MAX]; /* its maildrop: "~/" and a path in its home, or a path with "%u" for its name */
	bool own, accounts, shells_listed; /* what those say */
	unsigned sasl;                     /* the set of mechanisms in it */
	struct network proxy[PROXIES_MAX]; /* who may put a PROXY header in front of a connection; if there are any, */
	unsigned proxies;                  /* only they may connect, and must */
	char tlsd_name[TEXT_MAX], tlskey_name[TEXT_MAX], tlsmin[TEXT_MAX];
	char tls_client[TEXT_MAX];                 /* certificates of clients: "-", "any", or a file of authorities */
	struct account pop3d, authd, tlsd, tlskey; /* the last two only with tls */
	uid_t self;                                /* who we are: without root the one mail user */
	enum log_choice log;
	unsigned uidmin;           /* no mail user's uid is below */
	unsigned plainok;          /* 1: passwords may cross the network in the clear */
	unsigned apop;             /* 1: APOP, and therefore a timestamp in the greeting */
	unsigned sharedok;         /* 1: passwords of users who have a shared secret, too */
	unsigned idle;             /* seconds without a command (RFC 1939 section 3: at least 600) */
	unsigned session;          /* seconds in all */
	unsigned tries;            /* login attempts in one session */
	unsigned slots;            /* memory-hard verifications at one time, on the whole machine */
	char domain[TEXT_MAX];     /* of names that have none; "-" for none */
	char subaddress[TEXT_MAX]; /* the character that begins one; "-" for none */
	unsigned fold;             /* 1: capitals in names are small letters */
	unsigned guesses;          /* wrong ones at an account before it is closed for a while; 0: any number */
	unsigned connections;      /* sessions at one time, with -l */
	unsigned peraddress;       /* sessions of one address at one time; 0: any number */
	unsigned keepnew;          /* 1: retrieved messages stay in new */
	unsigned trustsizes;       /* 1: the octets that the name of a message tells are believed */
	unsigned nolandlock;       /* 1: serve on a kernel without Landlock too */
	unsigned rootless;         /* 1: started by the one mail user, not by root */
};

/* Fill c from directory dir, if it is not NULL, then from the environment, then from the defaults.  Dies (100)
 * on a name that is not known and on a value that cannot be meant, naming it and the remedy. */
void config_load(struct config *c, const char *dir);

/* All mechanisms that may be used on some connection. */
unsigned mechanisms_wanted(const struct config *c);
/* The name of this host, from the command line. */
void config_host(struct config *c, const char *host);

#endif
