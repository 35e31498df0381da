/* Lines of other systems' files of users: any text, in every format.  What is taken over is a line that our own reader
 * takes.  u8 format, the first file, NUL, the second. */
#define _GNU_SOURCE
#include "foreign.h"

#include "lines.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = { "passwd-file", "vpasswd", "shadow", "postfix" };
	static struct fields f;
	struct take t = { data, size };
	uint8_t how = take_u8(&t);
	bool has_second;
	foreign_line *line = foreign_find(formats[how & 3], &has_second);
	size_t len, first;
	uint8_t *exact = take_copy(&t, 1 << 13, &len);
	const uint8_t *end = memchr(exact, 0, len);
	struct span rest, piece;
	struct foreign in = { .uidmin = 1000 };

	MUST(line != NULL);
	first = end ? (size_t)(end - exact) : len;
	rest = (struct span){ exact, first };
	if (end)
		in.second = (struct span){ end + 1, len - first - 1 };
	in.domain = how & 4 ? "example.org" : NULL;
	in.maildrop = how & 8 ? "/var/vmail/%d/%n" : how & 16 ? "/home/%u/Maildir" : NULL;
	in.ids = how & 32 ? "5000:5000" : how & 64 ? "5000" : NULL;
	if ((how & 3) == 1 && in.domain == NULL)
		in.domain = "example.net"; /* it is never asked without */
	while (rest.len && span_cut(&rest, '\n', &piece)) {
		const char *why;

		memset(&f, 0, sizeof f);
		why = line(&in, piece, &f);
		MUST(strnlen(f.name, sizeof f.name) < sizeof f.name &&
		     strnlen(f.verifier, sizeof f.verifier) < sizeof f.verifier &&
		     strnlen(f.uid, sizeof f.uid) < sizeof f.uid &&
		     strnlen(f.maildrop, sizeof f.maildrop) < sizeof f.maildrop);
		MUST(why == NULL || (strlen(why) > 3 && strlen(why) < 200));
	}
	free(exact);
	return 0;
}
