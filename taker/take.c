#include "take.h"

int
take_get(struct span in, struct verify *v)
{
	struct span rest = in, user = { NULL, 0 }, password = { NULL, 0 }, timestamp = { NULL, 0 };

	/* The last field ends in a NUL too: so there is a piece behind it, though it may be empty. */
	if (in.len > TAKE_MAX || !span_cut(&rest, '\0', &user) || !span_cut(&rest, '\0', &password) ||
	    !span_cut(&rest, '\0', &timestamp) || rest.p == NULL)
		return -1;
	if (user.len == 0 || user.len > USER_MAX || password.len == 0 || password.len > PROOF_MAX)
		return -1;
	*v = (struct verify){ MECH_PASS, user, password };
	return 0;
}
