/* Whom sallyport-maildrop accepts from a checkpassword program. */
#define _DEFAULT_SOURCE
#include "adopt.h"

#include <stdlib.h>
#include <string.h>

#include "../check.h"

int
main(void)
{
	struct session_facts f;

	CHECK(ids_fault(1000, 1000, 1000) == NULL);
	CHECK(ids_fault(999, 1000, 1000) != NULL);
	CHECK(ids_fault(0, 1000, 0) != NULL);
	CHECK(ids_fault(1000, 0, 0) != NULL);
	(void)setenv("SALLYPORT_SID", "1.a", 1);
	(void)setenv("SALLYPORT_RIP", "192.0.2.1", 1);
	(void)setenv("SALLYPORT_LIP", "-", 1);
	(void)setenv("SALLYPORT_LANDLOCK", "landlock", 1);
	(void)setenv("SALLYPORT_KEEPNEW", "0", 1);
	(void)setenv("SALLYPORT_ROOMS", "/rooms", 1);
	(void)setenv("SALLYPORT_UIDMIN", "500", 1);
	(void)unsetenv("USER");
	facts_from_environment(&f);
	CHECK(f.uidmin == 500 && !strcmp(f.user, "-") && !strcmp(f.sid, "1.a") && !strcmp(f.rooms, "/rooms"));
	(void)setenv("USER", "bob", 1);
	facts_from_environment(&f);
	CHECK(!strcmp(f.user, "bob"));
	return check_end();
}
