/* The text of users: any file.  What is accepted can be found, and an edit of it is accepted again. */
#include "userfile.h"

#include "fuzz.h"

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
	if (userfile_parse(&f, nowhere) == 0)
		again(&f, nowhere);
	userfile_free(&f);
	free(exact);
	return 0;
}
