/* attempt: the one attempt that this process exists for. */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include "gate.h"
#include "mechanism.h"
#include "name.h"
#include "system.h"
#include "users.h"
#include "verify.h"

struct attempt;

/* What a mechanism does next. */
enum step {
	STEP_ASK,    /* a->challenge goes to the client, and the response to the method again */
	STEP_JUDGED, /* a->verdict is the verdict */
};

/* How a mechanism is judged.  step is called once for the proof or the initial response, given or not, and again for
 * each response, which is always given.  What it needs of one for the next it keeps in the attempt: the octets of the
 * response are gone by then. */
struct method {
	unsigned by; /* the bit of userdb.h for verifiers that may be used so; 0: it uses none */
	enum step (*step)(struct attempt *a, bool given, struct span response);
};

struct attempt {
	const char *sid, *rip, *lip; /* for the log */
	const char *host;            /* in challenges that name one; "-" for none */
	const char *stamp;           /* the challenge of APOP, which the greeting had; "-" for none */
	struct name_policy names;    /* the form that names have in the database */
	bool landlock_optional;
	bool clear;      /* a password of this attempt crossed a network that others can read */
	unsigned number; /* the client's how many'th attempt this is */
	unsigned slots;
	unsigned mechanisms; /* what may be used on this connection */
	unsigned guesses;    /* at one account before it is closed for a while; 0: any number */
	struct system_policy users;

	enum mechanism mechanism;
	const struct method *method;
	unsigned stage; /* how many responses the method has had */
	struct facts facts;
	bool tls;                   /* there are facts */
	struct facts_text tls_text; /* which outlives them */

	struct span user; /* in secret.user, once judge_user has it */
	enum users_of of; /* where he was found */
	enum users_result result;
	struct users found;
	const struct userdb_verifier *by; /* on VERDICT_YES, what it matched; NULL if the mechanism needs none */
	struct address from;              /* of the client, if gate.from says so */
	struct gate gate;                 /* of that user and this address */
	bool refused; /* too many wrong guesses: whatever is judged, the verdict is VERDICT_LIMITED */
	bool waited;  /* as long as it had to; or else the client went or spoke */
	bool counted; /* as a wrong guess, already */
	bool told;    /* it has failed and is in the log, but the client has to hear why before it hears no */
	enum verdict verdict;
	bool left; /* the client went or spoke out of turn while we waited */
	size_t challenge_len;
	uint8_t challenge[CHALLENGE_MAX];
	struct secret secret;
};

/* Take the arguments SID RIP LIP LANDLOCK TRY SLOTS MECHANISMS CLEAR HOST GUESSES NAMES USERS SHELLS STAMP; dies (100) if they are not
 * these. */
void attempt_args(struct attempt *a, int argc, char **argv);
/* Is the attempt that waits by one of these mechanisms, and offered?  Only looks: it stays in the channel. */
bool attempt_is_by(const struct attempt *a, unsigned mechanisms);
/* Hear the attempt, judge it by one of methods[MECH__MAX], and tell pop3d no or launch yes.  Returns when that is done
 * or the client has gone. */
void attempt_serve(struct attempt *a, const struct method *methods);

/* For methods: ask that. */
enum step attempt_ask(struct attempt *a, struct span challenge);
/* The same when it has failed: the log hears of it now, because the client may go at that.  Whatever it responds, the
 * method then says attempt_judged(a, a->verdict). */
enum step attempt_refuse(struct attempt *a, enum verdict v, struct span challenge);
/* The end, with that. */
enum step attempt_judged(struct attempt *a, enum verdict v);

#endif
