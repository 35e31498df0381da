/* Names as clients write them, and the one form that each has. */
#include "name.h"

#include <string.h>

#include "../check.h"

static void
becomes(const char *policy, const char *name, const char *wanted)
{
	uint8_t out[USER_MAX];
	struct name_policy p;
	size_t n;

	CHECK_EQ(name_policy_read(span_of(policy), &p), 0);
	n = name_canonical(span_of(name), &p, out);
	if (n != strlen(wanted) || memcmp(out, wanted, n) != 0)
		printf("%s: %s becomes %.*s\n", policy, name, (int)n, (const char *)out);
	CHECK(n == strlen(wanted) && memcmp(out, wanted, n) == 0);
}

/* Is that, of a name in its canonical form, what stands for the whole? */
static bool
bare_is(const char *policy, const char *canonical, const char *wanted)
{
	struct name_policy p;
	struct span s;

	CHECK_EQ(name_policy_read(span_of(policy), &p), 0);
	s = name_bare(span_of(canonical), &p);
	return s.len == strlen(wanted) && (s.len == 0 || memcmp(s.p, wanted, s.len) == 0);
}

int
main(void)
{
	static const char *const bad[] = { "",           "exact",      "exact,-", "exact,-,", "exact,,d",
					   "exact,+-,d", "folded,-,d", "fold,-",  ",-,-",     "FOLD,-,d" };
	char name[USER_MAX + 1], wanted[USER_MAX + 20];
	struct name_policy p;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_EQ(name_policy_read(span_of(bad[i]), &p), -1);
	becomes("exact,-,-", "Bob+x", "Bob+x");
	becomes("fold,-,-", "Bob+X@Example.ORG", "bob+x@example.org");
	becomes("fold,-,-", "B\303\226B", "b\303\226b"); /* letters of ASCII alone */
	becomes("exact,-,example.org", "Bob", "Bob@example.org");
	becomes("exact,-,example.org", "bob@example.net", "bob@example.net");
	becomes("exact,-,example.org", "bob@", "bob@");
	becomes("exact,+,-", "bob+shop@example.org", "bob@example.org");
	becomes("exact,+,-", "bob+shop+more", "bob");
	becomes("exact,+,-", "bob@a+b.example", "bob@a+b.example");
	becomes("exact,+,-", "+shop@example.org", "+shop@example.org");
	becomes("fold,+,Example.org", "BOB+shop", "bob@example.org");
	becomes("exact,+,-", "a@b+c@d", "a@b@d");
	becomes("exact,+,-", "@", "@");
	memset(name, 'x', USER_MAX);
	name[USER_MAX] = '\0';
	becomes("fold,+,example.org", name, name);
	name[USER_MAX - 12] = '\0';
	(void)snprintf(wanted, sizeof wanted, "%s@example.org", name);
	becomes("fold,+,example.org", name, wanted);
	CHECK(bare_is("exact,-,-", "bob", "bob") && bare_is("exact,-,-", "bob@example.org", ""));
	CHECK(bare_is("exact,-,example.org", "bob@example.org", "bob") &&
	      bare_is("exact,-,example.org", "bob@example.net", ""));
	CHECK(bare_is("fold,+,Example.org", "bob@example.org", "bob") &&
	      bare_is("exact,-,example.org", "a@b@example.org", ""));
	CHECK(bare_is("exact,-,example.org", "@example.org", ""));
	CHECK(name_separator_fault("+") == NULL && name_separator_fault("-") == NULL);
	CHECK(name_separator_fault("") && name_separator_fault("++") && name_separator_fault("@") &&
	      name_separator_fault(",") && name_separator_fault(" "));
	return check_end();
}
