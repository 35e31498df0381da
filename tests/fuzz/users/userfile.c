/* The text of users: any file.  What is accepted can be found, and an edit of it is accepted again. */
#include "userfile.h"

#include "fuzz.h"
#include "verifier.h"

static void
again(const struct userfile *f, FILE *nowhere)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct user *u = &f->users[i];

		MUST(u->name.len >= 1 && u->name.len <= 255 && userfile_find(f, u->name) == u);
	}
	if (f->count && f->users[0].further_count == 0) {
		struct userfile second = { .path = "second" };
		const struct edit away = { f->users[0].line, NULL };
		size_t len = 0;
		char *text = userfile_edit(f, &away, 1, &len);

		MUST(text != NULL && len <= f->text.len);
		second.text = (struct span){ (uint8_t *)text, len };
		MUST(userfile_parse(&second, nowhere) == 0 && second.count == f->count - 1);
		userfile_free(&second);
		free(text);
	}
}

/* One user more at the end, whatever the last line ends with; and every line of a user is his. */
static void
more(const struct userfile *f, FILE *nowhere)
{
	static const char line[] = "zoe.added:$1$abcdefgh$ovjmp.B7kCMmCamnRddo91:5000:5000:/var/vmail/zoe:";
	struct userfile second = { .path = "second" };
	const struct edit one = { { NULL, 0 }, line };
	size_t len = 0;
	char *text = userfile_edit(f, &one, 1, &len);
	struct userdb_verifier v;
	uint8_t octets[VERIFIER_OCTETS_MAX];

	MUST(text != NULL);
	second.text = (struct span){ (uint8_t *)text, len };
	if (userfile_find(f, span_of("zoe.added")) == NULL)
		MUST(userfile_parse(&second, nowhere) == 0 && second.count == f->count + 1);
	userfile_free(&second);
	free(text);
	for (size_t i = 0; i < f->count; i++) {
		const struct user *u = &f->users[i];

		MUST(verifier_fault(u->verifier, &v, octets) == NULL && v.kind == u->kind &&
		     verifier_name(u->verifier));
		MUST(v.kind == USERDB_PASSWORD || verifier_kind(span_of(verifier_kind_name(v.kind))) == v.kind);
		verifier_options(&v, &u->options);
		MUST(userfile_behind(u).p >= u->line.p + u->line.len &&
		     userfile_behind(u).p <= f->text.p + f->text.len);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	struct take t = { data, size };
	size_t len;
	uint8_t *exact = take_copy(&t, 1 << 14, &len);
	struct userfile f = { .path = "users", .text = { exact, len } };

	if (nowhere == NULL)
		MUST((nowhere = fopen("/dev/null", "w")) != NULL);
	if (userfile_parse(&f, nowhere) == 0) {
		again(&f, nowhere);
		more(&f, nowhere);
	}
	userfile_free(&f);
	free(exact);
	return 0;
}
