/* The two halves of TLS as Spin sees them: tlskey, which has the private keys, and a tlsd that is honest or asks for
 * whatever it likes, as often as it likes.  tests/model.py runs it, and compares its messages with lib/msg.h.
 *
 * What must hold in every state:
 *   - nothing is signed but what belongs to a handshake of TLS, and at most once in the life of a tlskey;
 *   - both end, whatever the other does.
 *
 * `timeout` stands for a deadline.  -DBREAK_TWICE and -DBREAK_LOOK put a fault in, and each has to be found. */

mtype = { MSG_SIGN, MSG_SIGNED };

/* The two directions of their channel.  The field: is it a well-formed part of a handshake? */
chan up = [2] of { mtype, bool };   /* from tlsd */
chan down = [2] of { mtype, bool }; /* to tlsd */
bool tlsd_there = true, tlskey_there = true;
byte signatures;

proctype tlskey()
{
	bool right;

#ifdef BREAK_TWICE
again:
#endif
	if
	:: up?MSG_SIGN(right) ->
		if
#ifndef BREAK_LOOK
		:: !right /* it ends, with a line in the log */
		:: right ->
#else
		:: true ->
#endif
			assert(right);
			signatures++;
			assert(signatures <= 1);
			if
			:: atomic { nfull(down) && tlsd_there -> down!MSG_SIGNED(right) }
			:: !tlsd_there
			fi;
#ifdef BREAK_TWICE
			goto again
#endif
		fi
	:: empty(up) && !tlsd_there
	:: timeout
	fi;
	tlskey_there = false
}

proctype tlsd()
{
	if
	:: atomic { nfull(up) && tlskey_there -> up!MSG_SIGN(true) };
		if
		:: down?MSG_SIGNED(_) /* the handshake goes on */
		:: !tlskey_there && empty(down)
		:: timeout
		fi
	:: !tlskey_there
	:: skip /* the client left before anything was to be signed */
	fi;
	tlsd_there = false
}

proctype tlsd_hostile()
{
	byte budget = 3;

	do
	:: budget > 0 ->
		budget--;
		if
		:: atomic { nfull(up) && tlskey_there -> up!MSG_SIGN(true) }
		:: atomic { nfull(up) && tlskey_there -> up!MSG_SIGN(false) }
		:: !tlskey_there
		:: nempty(down) -> down?MSG_SIGNED(_)
		fi
	:: break
	od;
	tlsd_there = false
}

init {
	atomic {
		run tlskey();
		if
		:: run tlsd()
		:: run tlsd_hostile()
		fi
	}
}

ltl ends { <> (!tlsd_there && !tlskey_there) }
