/* judge: what the methods have in common: who it is, and whether that may be. */
#ifndef JUDGE_H
#define JUDGE_H

#include "attempt.h"

/* Can that be a user's name?  1 to 255 octets of UTF-8 without a NUL. */
bool judge_is_name(struct span name);
/* Look the user up, once, under the one form that his name has, and close the database.  name must be one. */
void judge_user(struct attempt *a, struct span name);
/* The end, by a password in the clear. */
enum step judge_password(struct attempt *a, struct span password);
/* What a proof of another kind is judged by: what judge_user found.  On VERDICT_YES, a->by is the verifier. */
typedef enum verdict judge_function(struct attempt *a, struct span proof, const struct circumstances *c);
/* Judge it as a password is judged: in a slot, unless there were too many guesses; and count it if it is wrong. */
enum verdict judge_proof(struct attempt *a, struct span proof, judge_function *judge);
/* The same for one that is the same each time, like a password: if it is wrong again, that does not count again. */
enum verdict judge_token(struct attempt *a, struct span token, judge_function *judge);
/* May a verifier that is right be used by the mechanism of that bit, now and from there? */
enum verdict judge_verifier(const struct attempt *a, const struct userdb_verifier *v, unsigned by);
/* The end, for a proof that needs no verifier of ours: is there such a user, and may he log in? */
enum step judge_existence(struct attempt *a);

#endif
