/* shared: secrets that both sides have, for APOP and CRAM-MD5.  They are stored in secretboxes, whose key is read from
 * FD_SHARED_KEY when one is needed, and neither before nor again. */
#ifndef SHARED_H
#define SHARED_H

#include "../attempt.h"

/* Is the proof the one that secret makes?  Returns 1, 0, or -1 if it cannot be told. */
typedef int shared_function(const struct attempt *a, struct span secret, struct span proof);

/* Judge by every shared secret of the user; by the decoy's if there is no such user or he has none. */
enum verdict shared_judge(struct attempt *a, struct span proof, const struct circumstances *c,
			  shared_function *is_right);

/* A message-id with 128 random bits in it, "<...@HOST>" (RFC 2195 section 2). */
void shared_stamp(const char *host, char out[STAMP_MAX + 1]);
/* 16 octets as 32 small hexadecimal digits. */
bool shared_is_digest(struct span text);
/* Does that text say these octets?  In the same time whatever they are. */
bool shared_digest_is(struct span text, const uint8_t octets[16]);

#endif
