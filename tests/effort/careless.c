/* An authd that has no decoy: it says no at once to a name that it does not know.  tests/effort.py has to see that. */
#include "../../authd/verify.h"

enum verdict __real_verify_password(struct secret *s, enum users_result result, const struct users *found,
				    struct span proof, const struct circumstances *c,
				    const struct userdb_verifier **by);
enum verdict __wrap_verify_password(struct secret *s, enum users_result result, const struct users *found,
				    struct span proof, const struct circumstances *c,
				    const struct userdb_verifier **by);

enum verdict
__wrap_verify_password(struct secret *s, enum users_result result, const struct users *found, struct span proof,
		       const struct circumstances *c, const struct userdb_verifier **by)
{
	return result == USERS_UNKNOWN ? VERDICT_NOUSER : __real_verify_password(s, result, found, proof, c, by);
}
