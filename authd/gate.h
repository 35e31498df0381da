/* gate: may this attempt be judged at all?  Counts wrong guesses, and remembers logins. */
#ifndef GATE_H
#define GATE_H

#include "guess.h"
#include "secret.h"
#include "seen.h"

enum gate_result {
	GATE_OPEN,
	GATE_REFUSED, /* too many guesses */
	GATE_LEFT,    /* the peer left, or spoke, while we waited */
};

struct gate {
	struct table guesses, logins;
	struct guess guess;
	struct span user;
	const struct address *from;
	bool counts, remembers; /* the tables can be used */
};

/* Wait as long as the attempt has to, watching ctl.  limit: wrong guesses at one account, 0 for any number. */
enum gate_result gate_enter(struct gate *g, const struct secret *s, struct span user, const struct address *from,
			    unsigned limit, int ctl);
/* Is it still open, now that there is a slot to judge in?  Others may have been judged meanwhile. */
bool gate_is_open(struct gate *g);
/* It was right, by the verifier under that label: remember it. */
void gate_right(const struct gate *g, struct span label);
/* It was wrong: count it.  password: empty if the proof was none. */
void gate_wrong(const struct gate *g, struct span password);

#endif
