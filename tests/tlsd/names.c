/* Names: the certificate for a name, a wildcard's one label, and what is served to everybody else. */
#include "names.h"

#include <string.h>

#include "check.h"

static const char *const names[] = { "a.example.org", "*.example.org", "_.example.net", "default", "a.example.org" };

static unsigned
find(const char *asked)
{
	return name_find(names, 5, span_of(asked));
}

int
main(void)
{
	CHECK_EQ(find("a.example.org"), 0);
	CHECK_EQ(find("A.Example.ORG"), 0);
	CHECK_EQ(find("a.example.org."), 0);
	CHECK_EQ(find("b.example.org"), 1);
	CHECK_EQ(find("b.example.net"), 2);
	CHECK_EQ(find("c.b.example.net"), 3); /* one label, not two */
	CHECK_EQ(find(".example.net"), 3);
	CHECK_EQ(find("example.net"), 3);
	CHECK_EQ(find("b.example.com"), 3);
	CHECK_EQ(find(""), 3);
	CHECK_EQ(find("."), 3);
	CHECK_EQ(name_find(names, 2, span_of("example.com")), 0); /* without a default, the first */
	return check_end();
}
