#include "plain.h"

#include <string.h>

#include "judge.h"
#include "utf8.h"

enum step
pass_step(struct attempt *a, bool given, struct span response)
{
	(void)given; /* always */
	return judge_password(a, response);
}

static bool
is_same(struct span a, struct span b)
{
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

/* authzid NUL authcid NUL passwd; nobody may act for another. */
enum step
plain_step(struct attempt *a, bool given, struct span response)
{
	struct span rest = response, authzid, authcid;

	if (!given)
		return attempt_ask(a, span_of(""));
	if (!span_cut(&rest, '\0', &authzid) || !span_cut(&rest, '\0', &authcid) || rest.len == 0 ||
	    memchr(rest.p, '\0', rest.len) || !judge_is_name(authcid) || !utf8_is_valid(rest))
		return attempt_judged(a, VERDICT_MALFORMED);
	judge_user(a, authcid);
	if (authzid.len && !is_same(authzid, authcid))
		return attempt_judged(a, VERDICT_AUTHZID);
	return judge_password(a, rest);
}

enum step
login_step(struct attempt *a, bool given, struct span response)
{
	if (!given)
		return attempt_ask(a, span_of("Username:"));
	if (a->user.len == 0) {
		if (!judge_is_name(response))
			return attempt_judged(a, VERDICT_MALFORMED);
		judge_user(a, response);
		return attempt_ask(a, span_of("Password:"));
	}
	if (response.len == 0)
		return attempt_judged(a, VERDICT_MALFORMED);
	return judge_password(a, response);
}
