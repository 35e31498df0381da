#include "external.h"

#include <string.h>

#include "judge.h"

/* The response is who the client wants to be: nobody but whom the certificate names, said or not. */
enum step
external_step(struct attempt *a, bool given, struct span response)
{
	struct span identity = a->facts.identity;

	if (!given)
		return attempt_ask(a, span_of(""));
	if (!a->tls || !judge_is_name(identity))
		return attempt_judged(a, VERDICT_CERTIFICATE);
	judge_user(a, identity);
	if (response.len && (response.len != identity.len || memcmp(response.p, identity.p, identity.len) != 0))
		return attempt_judged(a, VERDICT_AUTHZID);
	return judge_existence(a);
}
