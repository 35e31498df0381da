/* commands: the command table: which verb, in which state, with which arguments, is whose. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "session.h"

/* The arguments of a command that is allowed and well formed. */
struct request {
	struct span text; /* as it came, for USER, PASS and AUTH */
	bool has_n;
	uint32_t n;     /* a message number, 1..count */
	uint64_t lines; /* of TOP */
};

/* Split "VERB[ ARG]".  Both results point into line; nothing is copied.  ARG keeps its spaces: PASS may contain them.
 * Returns 0, or -1 if this cannot be a POP3 command (RFC 1939 section 3). */
int command_split(struct span line, struct span *verb, struct span *arg);
/* Obey one line: exactly one reply, unless the session is broken or QUIT leads to UPDATE, which replies. */
enum event command_run(struct session *s, struct span line);

#endif
