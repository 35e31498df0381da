/* The attempt and its world, for attempt.c and crypto/attempt.c: any datagrams, in any of the worlds of world.h.  A verdict
 * is made by a right password alone, by a certificate, or by what a client answers who knows a secret; it is his who has
 * that, and pop3d hears of none.
 *
 * The input: WORLD and u16, or nothing; then datagrams, u8 length and octets. */
#ifndef ATTEMPTED_H
#define ATTEMPTED_H

#include "attempt.h"

#include "methods.h"
#include "world.h"

enum { WORLD = 0xff };

/* What an honest client says in the place of marks in a response; false: there are none. */
static bool honest_expand(struct span in, struct span *out);
static void honest_hear(struct span challenge);
static void honest_start(void);

static const bool forms = FORMS; /* of the password, for authd-crypto */
static struct take input;
static unsigned world;
static bool knew;         /* the client knew a secret */
static uint8_t mechanism; /* of the last that began */
static int asked, answered;

/* A response, with the marks in it replaced. */
static void
expand(struct chan_in *in)
{
	static struct wr m;
	struct span response, whole;
	struct verify v;
	struct auth a;

	memset(&m, 0, sizeof m);
	if (auth_get(in->data, &a) == 0)
		mechanism = a.mechanism;
	if (response_get(in->data, &response) == 0 && honest_expand(response, &whole)) {
		response_put(&m, whole);
	} else if (auth_get(in->data, &a) == 0 && a.given && honest_expand(a.response, &whole)) {
		a.response = whole;
		auth_put(&m, &a);
	} else if (verify_get(in->data, &v) == 0 && honest_expand(v.proof, &whole)) {
		v.proof = whole;
		verify_put(&m, &v);
	} else {
		return;
	}
	if (m.bad)
		return; /* more than a message may have */
	memcpy(in->b, m.b, m.len);
	in->data = (struct span){ in->b, m.len };
}

int
chan_get(int fd, struct chan_in *in, bool want_fd)
{
	size_t n = take_u8(&input), len;
	uint8_t *any;

	(void)fd;
	MUST(!want_fd);
	if (input.len == 0 || n == 0)
		return -1;
	any = take_copy(&input, n, &len);
	memcpy(in->b, any, len);
	free(any);
	in->data = (struct span){ in->b, len };
	in->fd = -1;
	if (world & HONEST)
		expand(in);
	return 0;
}

/* main asks, which is not here. */
size_t
chan_peek(int fd, uint8_t *head, size_t len)
{
	(void)fd;
	memset(head, 0, len);
	return 0;
}

int
chan_put_now(int fd, const struct wr *m)
{
	struct answer_msg a;

	(void)fd;
	MUST(!m->bad && answer_get(wr_span(m), &a) == 0);
	honest_hear(a.challenge);
	if (a.answer == ANSWER_GO_ON)
		asked++;
	else
		answered++;
	return 0;
}

static bool
is(struct span name, const char *text)
{
	return name.len == strlen(text) && memcmp(name.p, text, name.len) == 0;
}

/* May there be a yes to him? */
static bool
may_be(struct span name, struct take all)
{
	static const char *const some[] = { "bob", "app", "arg", "cert", "plain" };
	bool password = memmem(all.p, all.len, "open", 4) != NULL, by_name = world & FACTS_OF_OTHER;

	if (!forms && world & FACTS && !(world & NO_OWN) &&
	    ((is(name, "cert") && (by_name || world & FACTS_OF_CERT)) || (is(name, "same") && by_name)))
		return true;
	if (is(name, "sys"))
		return world & ACCOUNTS && !forms && password;
	for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
		if (is(name, some[i]))
			return !(world & NO_OWN) && (forms ? knew : password);
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct attempt a;
	struct verified by;
	uint8_t verdict[VERDICT_BYTES + 1];
	ssize_t n;

	MUST(sodium_init() >= 0);
	input = (struct take){ data, size };
	world = 0;
	if (size >= 3 && data[0] == WORLD) {
		(void)take_u8(&input);
		world = (unsigned)take_u8(&input) << 8;
		world |= take_u8(&input);
	}
	honest_start();
	memset(&a, 0, sizeof a);
	world_make(&a, world, forms);
	asked = answered = 0;
	if (!REFUSED_IS_FINE())
		attempt_serve(&a, methods);
	MUST(asked <= CHALLENGES_MAX && answered <= 1);
	n = pread(FD_VERDICT, verdict, sizeof verdict, 0);
	MUST(n == 0 || n == VERDICT_BYTES);
	if (n) {
		MUST(verdict_get((struct span){ verdict, VERDICT_BYTES }, &by) == 0 && answered == 0);
		MUST(may_be(by.user, (struct take){ data, size }));
	}
	for (int fd = FD_SECRETS; fd < 90; fd++)
		(void)close(fd);
	return 0;
}

#endif
