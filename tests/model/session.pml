/* One session as Spin sees it: launch, pop3d, authd and storage, with a pop3d that is honest or that sends anything at any
 * time, stops, closes its channel or dies.  tests/model.py runs it, and compares its messages with lib/msg.h.
 *
 * What must hold in every state:
 *   - storage runs for nobody whom authd has not verified, and never for a uid that launch must refuse;
 *   - pop3d alone reads from the client, and when launch begins to wait nobody else has it;
 *   - nothing that launch reads was written by the client or by pop3d;
 *   - nothing is removed without a commit that fits its marks;
 *   - every process ends (by itself, with its peer, or by its deadline), so nothing hangs for ever;
 *   - an honest pop3d is never taken for a hostile one;
 *   - after STLS, nothing that was said before it is judged, and attempts count on: the pop3d behind TLS is another one.
 *
 * Time: `timeout` is Promela's: it is true when nothing else in the session can go on.  It stands for a deadline, and
 * appears only where the code has one.  How much a pop3d does before its deadline is bounded by BUDGET.
 * -DBREAK_VERDICT, -DBREAK_HOLD and others put a fault in: tests/model.py has them, and each has to be found. */

#ifndef BUDGET
#define BUDGET 5
#endif
#define TRIES 2
#define NOBODY 0
#define ALICE 1  /* the client knows her password */
#define MALLORY 2 /* verified by authd, but with a record that launch must refuse */
#define BOB 3    /* nobody in this session knows his password */

mtype = { MSG_VERIFY, MSG_ANSWER, MSG_READY, MSG_OPEN, MSG_FILE, MSG_GONE, MSG_MARKS, MSG_COMMIT, MSG_DONE,
	MSG_AUTH, MSG_RESPONSE, MSG_CANCEL };
mtype = { NO, PERMANENT, GO_ON, NONE };

/* The two directions of ctl.  Fields: type, a name or number, whether what it carries is right (a password, an answer),
 * and whether the one who sent it is behind TLS. */
chan up = [2] of { mtype, byte, bool, bool }; /* from pop3d */
chan down = [2] of { mtype, byte, mtype }; /* to pop3d */
/* The pipe from authd to launch: a name, and whether a client's byte is in it. */
chan verdict = [1] of { byte, bool };
bool verdict_open;

bool hostile;
bool pop3d_alive, pop3d_ctl, peer_ctl; /* who still holds which end of ctl */
bool launch_has_client, pop3d_has_client;
bool tls;            /* the client is behind it, by STLS */
bool wants_tls;      /* pop3d ended with EXIT_STLS */
byte budget = BUDGET; /* of a hostile pop3d, or of two */
bool root_alive = true;
byte verified;       /* bit n: authd verified user n */
byte storage_for;    /* whom storage runs for */
bool authd_alive, authd_failed;
bool elsewhere;      /* authd left the attempt in the channel, for authd-crypto */
bool updating, committed, removed;
byte marked;
bool launch_done, pop3d_done, storage_done;

inline die_peer() { assert(hostile) }

/* pop3d reads from the client. */
inline client_reads()
{
	assert(pop3d_has_client)
}

/* launch waits, or becomes another: it has let go of the client. */
inline client_let_go()
{
	assert(!launch_has_client)
}

/* What a proof comes to: yes goes to launch as a name, no to pop3d. */
inline judge()
{
	if
	:: right && user != NOBODY ->
		atomic { verified = verified | (1 << user); verdict!user(false) }
	:: else -> no_say(NO)
	fi
}

/* put_now: a pop3d that does not read, or has gone, needs no answer. */
inline no_say(a)
{
	if
	:: atomic { nfull(down) && pop3d_ctl -> down!MSG_ANSWER(0, a) }
	:: full(down) || !pop3d_ctl
	fi
}

/* crypto: it is the other executable, which has nobody to leave an attempt to. */
proctype authd(bool crypto)
{
	byte user;
	bool right, sent_tls;
	mtype m;

	if
	:: !crypto && nempty(up) -> elsewhere = true /* it has only looked */
	:: up?m(user, right, sent_tls) ->
		assert(sent_tls == tls);
		if
		:: m == MSG_VERIFY -> judge()
		:: m == MSG_AUTH ->
			if
			:: judge()
			:: no_say(GO_ON); /* a challenge; it is silent until the response, and pop3d gives up */
				if
				:: up?m(user, right, sent_tls) ->
					assert(sent_tls == tls);
					if
					:: m == MSG_RESPONSE -> judge()
					:: m == MSG_CANCEL
					:: else -> authd_failed = true; die_peer()
					fi
				:: empty(up) && !pop3d_ctl
				:: timeout -> authd_failed = true
				fi
			fi
		:: else -> authd_failed = true; die_peer()
		fi
	:: empty(up) && !pop3d_ctl
	:: authd_failed = true /* it may be killed at any time, its deadline included */
	fi;
	atomic { verdict_open = false; authd_alive = false }
}

/* What launch becomes: no root any more. */
#ifdef BREAK_COMMIT
#define COMMIT_FITS true
#else
#define COMMIT_FITS (n == marked)
#endif
proctype storage()
{
	byte n;
	mtype m;
	bool sent_tls;

	assert(verified & (1 << storage_for));
	assert(storage_for != NOBODY && storage_for != MALLORY);
	assert(!root_alive);
	if
	:: atomic { pop3d_ctl && nfull(down) -> down!MSG_READY(0, NONE) }
	:: atomic { pop3d_ctl && nfull(down) -> down!MSG_ANSWER(0, PERMANENT) }; goto leave /* locked, or no Maildir */
	:: !pop3d_ctl -> goto leave
	:: timeout -> goto leave
	fi;
	do
	:: up?m(n, _, sent_tls) ->
		assert(sent_tls == tls);
		if
		:: m == MSG_OPEN && !updating ->
			if
			:: atomic { pop3d_ctl && nfull(down) -> down!MSG_FILE(n, NONE) }
			:: atomic { pop3d_ctl && nfull(down) -> down!MSG_GONE(n, NONE) }
			:: !pop3d_ctl -> break
			:: timeout -> break
			fi
		:: m == MSG_MARKS && !(marked & n) -> /* never twice */
			updating = true;
			marked = marked | n
		:: m == MSG_COMMIT && COMMIT_FITS ->
			assert(n == marked);
			committed = true;
			removed = (marked != 0);
			if
			:: atomic { pop3d_ctl && nfull(down) -> down!MSG_DONE(n, NONE) }
			:: !pop3d_ctl
			:: timeout
			fi;
			break
		:: else -> die_peer(); break
		fi
	:: empty(up) && !pop3d_ctl -> break
	:: timeout -> break
	od;
leave:
	assert(!removed || committed);
	peer_ctl = false;
	/* It waits for pop3d, which has a deadline of its own. */
	pop3d_done;
	storage_done = true
}

inline run_pop3d(left)
{
	atomic {
		pop3d_has_client = true;
		pop3d_alive = true;
		pop3d_ctl = true;
		peer_ctl = true;
		if
		:: run pop3d_honest(left)
		:: hostile = true; run pop3d_hostile()
		fi
	}
}

/* Waits, and reads nothing of ctl: it only sees that there is something, or that the other end has gone. */
proctype launch()
{
	byte try = 0, user = NOBODY;
	bool tainted, crypto, parked = true;

	launch_has_client = true;
	run_pop3d(TRIES);
#ifndef BREAK_HOLD
	launch_has_client = false;
#endif
	do
	:: try < TRIES ->
		try++;
		client_let_go();
again:
		if
#ifdef BREAK_READ
		:: up?MSG_VERIFY(user, _, _) -> tainted = true; goto look
#endif
		:: nempty(up) && pop3d_ctl
		:: !pop3d_ctl ->
			pop3d_done;
			if
			:: wants_tls && parked ->
				atomic {
					parked = false;
					wants_tls = false;
					tls = true;
					pop3d_done = false;
#ifndef BREAK_STLS
					/* That ctl is closed, with all that is in it. */
					do
					:: nempty(up) -> up?_(_, _, _)
					:: empty(up) -> break
					od;
#endif
					do
					:: nempty(down) -> down?_(_, _)
					:: empty(down) -> break
					od;
#ifdef BREAK_TOLD
					run_pop3d(TRIES);
#else
					run_pop3d(TRIES - try + 1);
#endif
				};
				goto again
			:: else -> goto leave
			fi
		:: timeout -> goto leave
		fi;
		crypto = false;
start:
		atomic { verdict_open = true; authd_alive = true; authd_failed = false; elsewhere = false; run authd(crypto) };
		user = NOBODY;
		tainted = false;
		/* The pipe ends with authd, which has a deadline. */
		if
		:: verdict?user(tainted) -> !authd_alive
		:: !verdict_open && empty(verdict)
		fi;
		!authd_alive;
		if
		:: authd_failed -> goto leave
		:: !authd_failed && elsewhere ->
			assert(user == NOBODY && !crypto);
			crypto = true;
			goto start
		:: else
		fi;
look:
		assert(!tainted);
		if
#ifdef BREAK_VERDICT
		:: user == NOBODY -> user = ALICE; goto become
#endif
		:: user == NOBODY
#ifdef BREAK_FLOOR
		:: user != NOBODY -> goto become
#else
		:: user == MALLORY ->
			if
			:: atomic { nfull(down) && pop3d_ctl -> down!MSG_ANSWER(0, PERMANENT) }
			:: full(down) || !pop3d_ctl
			fi;
			break
		:: user != NOBODY && user != MALLORY -> goto become
#endif
		fi
	:: else -> break
	od;
	/* No further attempt: wait for the end. */
	if
	:: nempty(up) && pop3d_ctl -> die_peer()
	:: !pop3d_ctl
	:: timeout
	fi;
	goto leave;
become:
	client_let_go();
	atomic { storage_for = user; root_alive = false; run storage() };
	launch_done = true;
	goto end;
leave:
	peer_ctl = false;
	pop3d_done;
	root_alive = false;
	launch_done = true;
end:	skip
}

/* As the contract has it: it may leave between any two steps, for clients do. */
proctype pop3d_honest(byte left)
{
	byte tries = 0, n = 0;
	bool right, self_tls = tls;
	byte user;

	client_reads();
	do
	:: tries < left && !self_tls -> wants_tls = true; goto leave
	:: tries < left ->
		tries++;
		if
		:: user = ALICE; right = true
		:: user = ALICE; right = false
		:: user = BOB; right = false
		:: user = MALLORY; right = true
		:: goto leave
		fi;
		if
		:: atomic { peer_ctl && nfull(up) -> up!MSG_VERIFY(user, right, self_tls) }
		:: atomic { peer_ctl && nfull(up) -> up!MSG_AUTH(user, right, self_tls) }
		:: !peer_ctl -> goto leave
		fi;
wait:
		if
		:: down?MSG_ANSWER(_, NO)
		:: down?MSG_ANSWER(_, GO_ON) ->
			if
			:: atomic { peer_ctl && nfull(up) -> up!MSG_RESPONSE(user, right, self_tls) }; goto wait
			:: atomic { peer_ctl && nfull(up) -> up!MSG_CANCEL(NOBODY, false, self_tls) }
			:: goto leave
			fi
		:: down?MSG_ANSWER(_, PERMANENT) -> goto leave
		:: down?MSG_READY(_, _) -> goto ready
		:: !peer_ctl && empty(down) -> goto leave
		:: timeout -> goto leave
		fi
	:: else -> goto leave
	od;
ready:
	do
	:: n < 2 ->
		n++;
		if
		:: atomic { peer_ctl && nfull(up) -> up!MSG_OPEN(n, true, self_tls) }
		:: !peer_ctl -> goto leave
		fi;
		if
		:: down?MSG_FILE(_, _)
		:: down?MSG_GONE(_, _)
		:: !peer_ctl && empty(down) -> goto leave
		:: timeout -> goto leave
		fi
	:: break
	:: goto leave
	od;
	if
	:: atomic { peer_ctl && nfull(up) -> up!MSG_MARKS(1, true, self_tls) }
	:: !peer_ctl -> goto leave
	fi;
	if
	:: atomic { peer_ctl && nfull(up) -> up!MSG_COMMIT(1, true, self_tls) }
	:: !peer_ctl -> goto leave
	fi;
	if
	:: down?MSG_DONE(_, _) -> assert(removed)
	:: !peer_ctl && empty(down)
	:: timeout
	fi;
leave:
	atomic { pop3d_ctl = false; pop3d_has_client = false; pop3d_alive = false; pop3d_done = true }
}

/* Taken over.  It knows what the client typed, and has its descriptors: the client, the log and ctl, and no other. */
proctype pop3d_hostile()
{
	byte n;
	mtype m;
	bool right, silent = false, self_tls = tls;

	client_reads();
	do
#ifdef BREAK_TELL
	:: verdict_open && nfull(verdict) -> verdict!BOB(true)
#endif
	:: budget > 0 ->
		atomic {
			budget--;
			if
			:: m = MSG_VERIFY :: m = MSG_AUTH :: m = MSG_RESPONSE :: m = MSG_CANCEL :: m = MSG_OPEN
			:: m = MSG_MARKS :: m = MSG_COMMIT
			:: m = MSG_READY /* and ANSWER, FILE, GONE, DONE: nobody at the other end takes one of them */
			fi;
			n = NOBODY;
			right = false;
			if
			:: m == MSG_VERIFY || m == MSG_AUTH || m == MSG_RESPONSE ->
				if
				:: n = ALICE; right = true
				:: n = MALLORY; right = true
				:: n = BOB /* whose password it does not know */
				:: n = NOBODY; right = true
				fi
			:: m == MSG_MARKS || m == MSG_COMMIT ->
				if
				:: n = 1
				:: n = 3
				fi
			:: else
			fi
		};
		if
		:: atomic { peer_ctl && nfull(up) -> up!m(n, right, self_tls) }
		:: !peer_ctl
		:: timeout /* nobody reads: it gives up */
		fi;
		if
		:: skip
		:: nempty(down) -> down?m(n, _)
		fi
	:: pop3d_ctl = false; break /* closes ctl and stays */
	:: silent = true; break     /* keeps it and stays, without a word and without reading */
	od;
	/* Stays until the kernel's deadline, which it cannot change. */
	if
	:: silent -> timeout
	:: !silent
	fi;
	pop3d_ctl = false;
#ifdef BREAK_DEADLINE
	false;
#endif
	if
	:: wants_tls = true
	:: skip
	fi;
	atomic { pop3d_has_client = false; pop3d_alive = false; pop3d_done = true }
}

init { run launch() }

/* Every session ends: nothing of it is left. */
ltl ends { <> (launch_done && pop3d_done && (storage_for == NOBODY || storage_done)) }
