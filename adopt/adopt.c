#include "adopt.h"

#include <stdlib.h>

#include "die.h"
#include "span.h"

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	if (value == NULL)
		die_usage("%s is not set: this program is started by a checkpassword program that sallyport started",
			  name);
	return value;
}

void
facts_from_environment(struct session_facts *f)
{
	f->sid = variable("SALLYPORT_SID");
	f->rip = variable("SALLYPORT_RIP");
	f->lip = variable("SALLYPORT_LIP");
	f->landlock = variable("SALLYPORT_LANDLOCK");
	f->keepnew = variable("SALLYPORT_KEEPNEW");
	f->rooms = variable("SALLYPORT_ROOMS");
	if (span_number(span_of(variable("SALLYPORT_UIDMIN")), UINT32_MAX, &f->uidmin))
		die_usage("SALLYPORT_UIDMIN is not a number: sallyport sets it");
	f->user = getenv("USER");
	if (f->user == NULL || f->user[0] == '\0')
		f->user = "-";
}

const char *
ids_fault(uid_t uid, gid_t gid, uint64_t uidmin)
{
	if (uid == 0 || gid == 0)
		return "the checkpassword program left uid or gid 0: it must change to the user's";
	return uid < uidmin ? "the uid that the checkpassword program changed to is below POP3_UIDMIN" : NULL;
}
