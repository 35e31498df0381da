/* The gate before a proof is judged, with tables at the descriptors where authd has them. */
#define _GNU_SOURCE
#include "gate.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../check.h"

static struct secret s;

static void
table_at(int at, off_t size)
{
	char path[] = "/tmp/test-gate-XXXXXX";
	int fd = mkstemp(path);

	(void)unlink(path);
	CHECK(ftruncate(fd, size) == 0 && dup2(fd, at) == at);
	if (fd != at)
		(void)close(fd);
}

static enum gate_result
enter(struct gate *g, const char *user, const char *password, const struct address *from, unsigned limit, int ctl)
{
	enum gate_result r = gate_enter(g, &s, span_of(user), from, limit, ctl);

	if (password)
		gate_wrong(g, span_of(password));
	return r;
}

int
main(void)
{
	int ctl[2];
	struct address from;
	struct gate g;

	/* Nothing of the test stands where the tables will. */
	CHECK(sodium_init() >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ctl) == 0);
	ctl[0] = fcntl(ctl[0], F_DUPFD, 50);
	ctl[1] = fcntl(ctl[1], F_DUPFD, 50);
	table_at(FD_GUESSES, (off_t)table_size(10));
	table_at(FD_LOGINS, (off_t)table_size(10));
	CHECK_EQ(address_read(span_of("192.0.2.1"), &from), 0);

	/* Two guesses: one free, one that waits for a second, but not for a peer that has spoken. */
	CHECK_EQ(enter(&g, "bob", "a", &from, 2, ctl[0]), GATE_OPEN);
	CHECK_EQ(write(ctl[1], "x", 1), 1);
	CHECK(gate_is_open(&g));
	CHECK_EQ(enter(&g, "bob", "b", &from, 2, ctl[0]), GATE_LEFT);
	CHECK(!gate_is_open(&g));
	CHECK_EQ(enter(&g, "bob", "c", &from, 2, ctl[0]), GATE_REFUSED);
	CHECK_EQ(enter(&g, "bob", "c", &from, 0, ctl[0]), GATE_OPEN); /* no limit */

	/* What is right or not judged does not count. */
	for (int i = 0; i < 10; i++) {
		CHECK_EQ(enter(&g, "al", NULL, &from, 4, ctl[0]), GATE_OPEN);
		gate_right(&g, span_of("phone"));
	}
	CHECK(seen_get(&g.logins, span_of("al"), NULL).somewhere);
	CHECK(seen_known(&g.logins, span_of("al"), &from) != 0);
	CHECK(seen_known(&g.logins, span_of("bob"), &from) == 0);

	/* Tables that cannot be used keep nobody out. */
	CHECK(ftruncate(FD_GUESSES, 0) == 0 && ftruncate(FD_LOGINS, 0) == 0);
	CHECK_EQ(enter(&g, "bob", "d", &from, 2, ctl[0]), GATE_OPEN);
	CHECK(!g.counts && !g.remembers && gate_is_open(&g));
	gate_right(&g, span_of(""));
	return check_end();
}
