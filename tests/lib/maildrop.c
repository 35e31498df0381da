/* Where the mail of an account is. */
#include "maildrop.h"

#include <string.h>

#include "check.h"

static uint8_t out[MAILDROP_FORM_MAX];

static bool
is(const char *form, const char *home, const char *wanted)
{
	size_t n = maildrop_by_form(form, span_of("bob"), span_of(home), out);

	return n == strlen(wanted) && memcmp(out, wanted, n) == 0;
}

int
main(void)
{
	static char home[2000], name[256], form[512] = "/";

	CHECK(!maildrop_form_fault("~/Maildir") && !maildrop_form_fault("~/") && !maildrop_form_fault("/var/%u"));
	CHECK(maildrop_form_fault("~") && maildrop_form_fault("Maildir") && maildrop_form_fault("/var/mail"));
	CHECK(maildrop_form_fault("") && maildrop_form_fault("~bob/x") && maildrop_form_fault("%u"));
	CHECK(is("~/Maildir", "/home/bob", "/home/bob/Maildir"));
	CHECK(is("~/Maildir", "", "/Maildir"));
	CHECK(is("/var/vmail/%u", "/home/bob", "/var/vmail/bob"));
	CHECK(is("/%u/%u.%%u%", "/home/bob", "/bob/bob.%bob%"));
	CHECK(is("~/%u~", "/h", "/h/bob~"));
	memset(home, 'h', sizeof home - 1);
	memset(name, 'n', sizeof name - 1);
	CHECK(maildrop_by_form("~/x", span_of("bob"), span_of(home), out) >= MAILDROP_MAX);
	CHECK(maildrop_by_form("~/x", span_of("bob"), (struct span){ (uint8_t *)home, MAILDROP_MAX - 3 }, out) ==
	      MAILDROP_MAX - 1);
	while (strlen(form) < sizeof form - 3)
		strcat(form, "%u");
	CHECK(maildrop_by_form(form, span_of(name), span_of(""), out) >= MAILDROP_MAX);
	CHECK(maildrop_by_form(form, span_of(name), span_of(""), out) < MAILDROP_FORM_MAX);
	return check_end();
}
