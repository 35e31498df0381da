/* Receiving: the header and not one octet of what follows; a peer that stops, leaves or says nothing. */
#include "receive.h"

#include <string.h>
#include <unistd.h>

#include "check.h"

static struct proxied p;

/* What header_receive makes of text that comes in these pieces; *left counts what it did not read. */
static enum received
received(const char *text, size_t len, size_t *left)
{
	int tube[2];
	enum received r;
	char rest[100];
	ssize_t n;

	CHECK_EQ(pipe(tube), 0);
	CHECK_EQ(write(tube[1], text, len), (ssize_t)len);
	(void)close(tube[1]);
	r = header_receive(tube[0], 1000, &p);
	n = read(tube[0], rest, sizeof rest);
	*left = n > 0 ? (size_t)n : 0;
	(void)close(tube[0]);
	return r;
}

#define RECEIVED(text, left) received(text, sizeof text - 1, left)

static void
silence(void)
{
	int tube[2];

	CHECK_EQ(pipe(tube), 0);
	CHECK_EQ(header_receive(tube[0], 20, &p), RECEIVED_LATE);
	CHECK_EQ(write(tube[1], "PROXY TCP4 ", 11), 11);
	CHECK_EQ(header_receive(tube[0], 20, &p), RECEIVED_LATE);
	(void)close(tube[0]);
	(void)close(tube[1]);
}

int
main(void)
{
	size_t left;

	CHECK_EQ(RECEIVED("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nUSER bob\r\n", &left), RECEIVED_WHOLE);
	CHECK(p.known && left == strlen("USER bob\r\n"));
	CHECK_EQ(RECEIVED("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0QUIT\r\n", &left), RECEIVED_WHOLE);
	CHECK(!p.known && left == strlen("QUIT\r\n"));
	CHECK_EQ(RECEIVED("", &left), RECEIVED_NOTHING);
	CHECK_EQ(RECEIVED("PROXY", &left), RECEIVED_CUT);
	CHECK_EQ(RECEIVED("PROXY TCP4 192.0.2.1", &left), RECEIVED_CUT);
	CHECK_EQ(RECEIVED("USER bob\r\nPASS x\r\n", &left), RECEIVED_MALFORMED);
	silence();
	return check_end();
}
