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
	CHECK(u && u->options.disabled && u->number == 2 && u->uid_number == 65534 && u->gid_number == 65534);
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
	bad("bob:" V ":5000:5000:/var/vmail/bob::\n", "users:1: an unknown option");
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
	bad("bob:" V ":5000:5000:/var/vmail/bob:disable\n", "users:1: an unknown option");
	bad("bob:" V ":5000:5000:/var/vmail/bob:disabled,\n", "users:1: a comma at the end");
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
	struct edit e = { { NULL, 0 }, line };
	struct userfile f;
	char *report, *made;
	size_t len;

	CHECK_EQ(parse(&f, text, &report), 0);
	if (name)
		e.line = userfile_find(&f, span_of(name))->line;
	made = userfile_edit(&f, &e, 1, &len);
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

static void
test_further(void)
{
#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define SCRAM "{SCRAM-SHA-256}4096,c2FsdA==," KEY "," KEY
#define OWN "bob:" V ":1:1:/bob:\n"
	static const char all[] = "bob:" V ":label=phone,from=10.0.0.0/8,from=2001:db8::/32\n" OWN "bob:" V
				  ":label=Tablet,by=pass,by=plain,created=2026-11-25T04:10:00Z,expires=2027-01-01\n"
				  "bob:" SCRAM ":label=\nal:" V ":2:2:/al:from=::1\n";
	const struct user *u;
	struct userfile f;
	char *report;

	CHECK_EQ(parse(&f, all, &report), 0);
	CHECK_EQ(f.count, 2);
	u = userfile_find(&f, span_of("bob"));
	CHECK(u && u->number == 2 && u->further_count == 3);
	CHECK(u && u->further[0].options.label.len == 0 && u->further[0].kind == USERDB_SCRAM_SHA256);
	CHECK(u && u->further[1].options.label.len == 6 && u->further[1].number == 3);
	CHECK(u && u->further[1].options.mechanisms == (USERDB_BY_PASS | USERDB_BY_PLAIN));
	CHECK(u && u->further[1].options.created == 1795579800 && u->further[1].options.expires == 1798761600);
	CHECK(u && u->further[2].options.label.len == 5 && u->further[2].options.networks_len == 2 * 17);
	CHECK(u && userfile_behind(u).p == u->further[0].line.p + u->further[0].line.len);
	u = userfile_find(&f, span_of("al"));
	CHECK(u && u->further_count == 0 && u->options.networks_len == 17 && u->options.mechanisms == USERDB_BY_ALL);
	userfile_free(&f);
	free(report);
	bad(OWN "bob:" V ":label=\n", "users:2: there is such a verifier");
	bad(OWN "bob:" V ":label=a\nbob:" V ":label=a\n", "users:3: there is such a verifier");
	bad("eve:" V ":label=a\n" OWN, "users:1: a verifier of a user who has no line");
	bad(OWN "bob:" V ":label=a b\n", "users:2: the label has a space");
	bad(OWN "bob:" V ":label=a,label=b\n", "users:2: label= more than once");
	bad(OWN "bob:" V ":label=a,disabled\n", "users:2: disabled stands in");
	bad(OWN "bob:" V ":label=a,disabled=1\n", "users:2: an unknown option");
	bad(OWN "bob:" V ":label=a,by=telnet\n", "users:2: an unknown mechanism");
	bad(OWN "bob:" V ":label=a,from=10.0.0.1/8\n", "users:2: from= is no address");
	bad(OWN "bob:" V ":label=a,expires=2027-02-31\n", "users:2: expires= is no time");
	bad(OWN "bob:open:label=a\n", "users:2: the verifier's scheme");
	bad("bob:" V ":1:1:/bob:label=a\n", "users:1: label= in the user's own line");
	bad(OWN "bob:{SCRAM-SHA-256}4095,c2FsdA==," KEY "," KEY ":label=\n", "users:2: the SCRAM verifier has fewer");
	bad(OWN "bob:{SCRAM-SHA-1}4096,c2FsdA==," KEY "," KEY ":label=\n", "users:2: the SCRAM verifier is not");
	bad(OWN "bob:{SHARED}c2FsdA==:label=\n", "users:2: the shared secret is damaged");
}

static void
test_too_many(void)
{
	char text[4096] = OWN, line[100];

	for (int i = 0; i < USERDB_VERIFIERS_MAX - 1; i++) {
		(void)snprintf(line, sizeof line, "bob:" V ":label=%c\n", 'a' + i);
		(void)strcat(text, line);
	}
	good(text, 1);
	(void)strcat(text, "bob:" V ":label=z\n");
	bad(text, "users:17: more than 16 verifiers");
}

int
main(void)
{
	test_further();
	test_too_many();
	test_good();
	test_bad();
	test_edit();
	return check_end();
}
