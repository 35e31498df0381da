/* line: cut a byte stream into lines that end in LF or CRLF, each bounded. */
#ifndef LINE_H
#define LINE_H

#include "span.h"

enum {
	LINE_MAX_OCTETS = 512, /* of a command, its CRLF included; RFC 2449 section 4 demands 255 */
	LINE_RESPONSE = 12290, /* of a response in a SASL exchange (RFC 5034 section 4 sets no bound), and of AUTH with
				  a token, which clients send with it although RFC 5034 has 255 octets for that */
	LINE_BUFFER = 16384,
};

struct line {
	size_t start, end;
	bool skipping; /* inside a line that is too long */
	uint8_t b[LINE_BUFFER];
};

enum line_result { LINE_NONE, LINE_WHOLE, LINE_TOO_LONG };

/* Cut the next line, without its line end, off what has been read.  LINE_NONE: more bytes are needed.  A line of more
 * than max octets, line end included (max < LINE_BUFFER), is consumed to its LF and reported once, never obeyed in
 * part. */
enum line_result line_next(struct line *l, size_t max, struct span *out);
/* Do the bytes that wait begin with word, ASCII letters compared without case? */
bool line_begins(const struct line *l, const char *word);
/* Where the next bytes may be read to: at least one byte. */
uint8_t *line_room(struct line *l, size_t *room);
/* n bytes have been read there. */
void line_add(struct line *l, size_t n);

#endif
