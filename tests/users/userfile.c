/* What the text may say, what is wrong with the rest, and edits that leave every other line as it was. */
#define _GNU_SOURCE
#include "userfile.h"

#include <stdlib.h>
#include <string.h>

#include "../check.h"

#define V "$1$abcdefgh$9qMkHazuSy1Q8myEum7yb/"

/* Parse text; what was reported is left in *report, to be freed. */
static int
parse(struct userfile *f, const char *text, char **report)
{
	size_t len;
	FILE *out = open_memstream(report, &len);
	int r;

	*f = (struct userfile){ .path = "users", .text = span_of(text) };
	r = userfile_parse(f, out);
	(void)fclose(out);
	return r;
}

static void
good(const char *text, size_t count)
{
	struct userfile f;
	char *report;

	CHECK_EQ(parse(&f, text, &report), 0);
	CHECK_EQ(f.count, count);
	CHECK(!strcmp(report, ""));
	userfile_free(&f);
	free(report);
}

static void
bad(const char *text, const char *wanted)
{
	struct userfile f;
	char *report;

	CHECK_EQ(parse(&f, text, &report), -1);
	if (strncmp(report, wanted, strlen(wanted)) || !strchr(report, ';'))
		printf("reported: %s", report);
	CHECK(!strncmp(report, wanted, strlen(wanted)));
	CHECK(strchr(report, ';') != NULL); /* what is wrong; what to do */
	userfile_free(&f);
	free(report);
}

static void
test_good(void)
{
	struct userfile f;
	const struct user *u;
	char *report;

	good("", 0);
	good("\n# nobody yet\n \t\n", 0);
	good("bob:" V ":5000:5000:/var/vmail/bob:\n", 1);
	good("bob:" V ":5000:5000:/var/vmail/bob:", 1); /* no LF at the end */
	good("#\n\nbob@example.org:" V ":5000:5000:/var/vmail/b o b:disabled\nal:" V ":1:1:/a:\n", 2);
	CHECK_EQ(parse(&f, "# x\nbob:" V ":nobody:65534:/var/vmail/bob:disabled\n", &report), 0);
	u = userfile_find(&f, span_of("bob"));
	CHECK(u && u->disabled && u->number == 2 && u->uid_number == 65534 && u->gid_number == 65534);
	CHECK(userfile_find(&f, span_of("bo")) == NULL);
	CHECK(userfile_find(&f, span_of("BOB")) == NULL);
	CHECK(userfile_find(&f, span_of("")) == NULL);
	userfile_free(&f);
	free(report);
}

static void
test_bad(void)
{
	struct userfile f;
	char *report;

	bad("bob\n", "users:1: not six fields");
	bad("bob:" V ":5000:5000:/var/vmail/bob\n", "users:1: not six fields");
	bad("bob:" V ":5000:5000:/var/vmail/bob::\n", "users:1: not six fields");
	bad("# x\n\nbob:" V ":5000:5000:/var/vmail/bob:\r\n", "users:3: a carriage return");
	bad(":" V ":5000:5000:/var/vmail/bob:\n", "users:1: the name is empty");
	bad("bob :" V ":5000:5000:/var/vmail/bob:\n", "users:1: the name has a space");
	bad(" bob:" V ":5000:5000:/var/vmail/bob:\n", "users:1: the name has a space");
	bad("b\303\266b:" V ":5000:5000:/var/vmail/bob:\n", "users:1: the name has a space");
	bad("-bob:" V ":5000:5000:/var/vmail/bob:\n", "users:1: the name begins with");
	bad("bob:open:5000:5000:/var/vmail/bob:\n", "users:1: the verifier's scheme");
	bad("bob::5000:5000:/var/vmail/bob:\n", "users:1: the verifier's scheme");
	bad("bob:$argon2id$v=19$m=8,t=1,p=1$x:5000:5000:/var/vmail/bob:\n", "users:1: the verifier is damaged");
	bad("bob:" V ":0:5000:/var/vmail/bob:\n", "users:1: uid 0");
	bad("bob:" V ":root:5000:/var/vmail/bob:\n", "users:1: uid 0");
	bad("bob:" V ":5000:0:/var/vmail/bob:\n", "users:1: gid 0");
	bad("bob:" V ":4294967295:5000:/var/vmail/bob:\n", "users:1: there is no such account");
	bad("bob:" V ":-1:5000:/var/vmail/bob:\n", "users:1: there is no such account");
	bad("bob:" V "::5000:/var/vmail/bob:\n", "users:1: the uid is neither");
	bad("bob:" V ":5000:no-such-group:/var/vmail/bob:\n", "users:1: there is no such group");
	bad("bob:" V ":5000:5000:var/vmail/bob:\n", "users:1: the maildrop is not an absolute");
	bad("bob:" V ":5000:5000:/:\n", "users:1: the maildrop is not an absolute");
	bad("bob:" V ":5000:5000:/var/vmail/bob/:\n", "users:1: the maildrop has an empty");
	bad("bob:" V ":5000:5000:/var//bob:\n", "users:1: the maildrop has an empty");
	bad("bob:" V ":5000:5000:/var/../bob:\n", "users:1: the maildrop has an empty");
	bad("bob:" V ":5000:5000:/var/vmail/.:\n", "users:1: the maildrop has an empty");
	bad("bob:" V ":5000:5000:/var/vmail/bob :\n", "users:1: the maildrop ends in a space");
	bad("bob:" V ":5000:5000:/var/vmail/bob:disable\n", "users:1: an unknown flag");
	bad("bob:" V ":5000:5000:/var/vmail/bob:disabled,\n", "users:1: an unknown flag");
	bad("bob:" V ":5000:5000:/a:\nal:" V ":5000:5000:/b:\nbob:" V ":5000:5000:/c:\n",
	    "users:3: the name stands in an earlier line");
	/* Every error is reported, not only the first. */
	CHECK_EQ(parse(&f, "bob\nal\nbob:" V ":0:1:/a:\n", &report), -1);
	CHECK_EQ(f.errors, 3);
	userfile_free(&f);
	free(report);
	/* A NUL does not hide what stands behind it. */
	f = (struct userfile){ .path = "users", .text = { (const uint8_t *)"b\0b:x:1:1:/a:\n", 14 } };
	CHECK_EQ(userfile_parse(&f, stdout), -1);
	userfile_free(&f);
}

static void
edit(const char *text, const char *name, const char *line, const char *wanted)
{
	struct userfile f;
	char *report, *made;
	size_t len;

	CHECK_EQ(parse(&f, text, &report), 0);
	made = userfile_edit(&f, name ? userfile_find(&f, span_of(name)) : NULL, line, &len);
	CHECK(made && len == strlen(wanted) && memcmp(made, wanted, len) == 0);
	free(made);
	free(report);
	userfile_free(&f);
}

static void
test_edit(void)
{
#define BOB "bob:" V ":1:1:/bob:"
#define AL "al:" V ":1:1:/al:"
	edit("", NULL, "new", "new\n");
	edit("# x", NULL, "new", "# x\nnew\n");
	edit("# x\n", NULL, "new", "# x\nnew\n");
	edit("# x\n\n" BOB "\n# y\n" AL "\n# z\n", "bob", "new", "# x\n\nnew\n# y\n" AL "\n# z\n");
	edit("# x\n\n" BOB "\n# y\n" AL "\n# z\n", "bob", NULL, "# x\n\n# y\n" AL "\n# z\n");
	edit(BOB "\n" AL, "al", "new", BOB "\nnew\n");
	edit(BOB "\n" AL, "al", NULL, BOB "\n");
	edit(BOB "\n" AL, "bob", "", "\n" AL);
	edit(BOB, "bob", NULL, "");
}

int
main(void)
{
	test_good();
	test_bad();
	test_edit();
	return check_end();
}
