/* adopt: what a checkpassword program has made of this process, and what launch said of the session. */
#ifndef ADOPT_H
#define ADOPT_H

#include <stdint.h>
#include <sys/types.h>

/* In the environment, which checkpassword programs pass on. */
struct session_facts {
	const char *sid, *rip, *lip, *landlock, *keepnew, *rooms;
	uint64_t uidmin;
	const char *user; /* USER, from the checkpassword program */
};

/* Dies (100) if launch did not say them. */
void facts_from_environment(struct session_facts *f);
/* Why nobody with these ids may have a maildrop; NULL if he may. */
const char *ids_fault(uid_t uid, gid_t gid, uint64_t uidmin);

#endif
