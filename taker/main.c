/* taker: reads what another server wrote for a checkpassword program, so that root does not, and asks authd.
 * Distrusts: what it reads.  Distrusted by: launch, which takes its exit status from it and no more.
 * Holds: 0,1 /dev/null; 2 the log; 3 ctl, with authd at its other end; 4 what is to be read.
 * Born without privilege; after sandbox_enter() it can read, send, receive and exit. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "drop.h"
#include "sandbox.h"
#include "take.h"

/* Of the interface. */
enum { EXIT_UNACCEPTABLE = 1, EXIT_MISUSED = 2 };

/* All of it; one octet more than there may be is enough to know. */
static ssize_t
input_read(uint8_t bytes[TAKE_MAX + 1])
{
	size_t len = 0;
	ssize_t n;

	while (len <= TAKE_MAX && (n = read(FD_TAKEN, bytes + len, TAKE_MAX + 1 - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return -1;
		len += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)len;
}

/* There is no yes: authd goes without a word, and launch ends us. */
static int
answer_status(void)
{
	static struct chan_in in;
	struct answer_msg a;

	if (chan_get(FD_CTL, &in, false))
		return 0;
	if (answer_get(in.data, &a))
		die_peer("the answer is malformed");
	return a.answer == ANSWER_NO || a.answer == ANSWER_LIMITED ? EXIT_UNACCEPTABLE : EXIT_SYSTEM;
}

static int
attempt_take(void)
{
	static struct wr m;
	uint8_t bytes[TAKE_MAX + 1];
	struct verify v;
	ssize_t n = input_read(bytes);

	if (n < 0)
		return EXIT_MISUSED;
	if (take_get((struct span){ bytes, (size_t)n }, &v))
		return n > TAKE_MAX || memchr(bytes, '\0', (size_t)n) == NULL ? EXIT_MISUSED : EXIT_UNACCEPTABLE;
	verify_put(&m, &v);
	explicit_bzero(bytes, sizeof bytes);
	n = chan_put(FD_CTL, &m);
	explicit_bzero(m.b, sizeof m.b);
	return n ? EXIT_SYSTEM : answer_status();
}

int
main(int argc, char **argv)
{
	die_program("taker");
	die_look_at_log();
	if (argc != 3)
		die_usage("usage: taker SID LANDLOCK (sallyport starts it)");
	die_session(argv[1]);

	/* acquire: after this, nothing new is ever opened */
	chan_only(FD_TAKEN);

	/* drop: launch did it before exec; try to get it back, and die if that works */
	drop_verify();

	/* sandbox: from here on, the table in lib/sandbox.c is the law */
	sandbox_enter(&sandbox_taker, NULL, strcmp(argv[2], "nolandlock") == 0);

	/* serve: the first byte from the other server is read below this line */
	return attempt_take();
}
