/* lib/line.c: any stream, read in any pieces, gives the lines that splitting the whole gives. */
#include "line.h"

#include "fuzz.h"

/* The next line of the whole, found in the plainest way.  Returns 1 for a line, 2 for one that is too long, 0 at the end. */
static int
plain_next(struct span *rest, struct span *line)
{
	size_t n = 0, whole;

	while (n < rest->len && rest->p[n] != '\n')
		n++;
	if (n == rest->len)
		return 0;
	whole = n + 1;
	*line = (struct span){ rest->p, n };
	*rest = (struct span){ rest->p + whole, rest->len - whole };
	if (whole > LINE_MAX_OCTETS)
		return 2;
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	return 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct line l;
	struct span rest, got, want;
	unsigned step;
	size_t at = 0;
	enum line_result r;

	if (size == 0)
		return 0;
	step = 1 + data[0] % 97;
	data++, size--;
	rest = (struct span){ data, size };
	memset(&l, 0, sizeof l);
	for (;;) {
		while ((r = line_next(&l, LINE_MAX_OCTETS, &got)) != LINE_NONE) {
			int p = plain_next(&rest, &want);

			MUST(p == (r == LINE_WHOLE ? 1 : 2));
			if (p == 1)
				MUST(got.len == want.len && memcmp(got.p, want.p, got.len) == 0);
		}
		if (at == size)
			break;
		{
			size_t room, n;
			uint8_t *to = line_room(&l, &room);

			MUST(room > 0);
			n = room < step ? room : step;
			n = n < size - at ? n : size - at;
			memcpy(to, data + at, n);
			line_add(&l, n);
			at += n;
		}
	}
	MUST(plain_next(&rest, &want) == 0);
	return 0;
}
