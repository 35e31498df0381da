#define _GNU_SOURCE
#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "sign.h"

static const char unreadable[] = "the private key cannot be read: it must be PEM, without a passphrase";
static const char no_handshake[] = "what is to be signed is no handshake of TLS 1.2 or 1.3";

static EVP_PKEY *
key_get(struct keys *k, unsigned i)
{
	if (k->key[i] == NULL)
		k->key[i] = key_read(k->fd[i]);
	return k->key[i];
}

static bool
is_allowed(const struct keys *k, struct span in, struct sign *s)
{
	return sign_get(in, s) == 0 && s->key < k->count && sign_is_allowed(s);
}

/* Answer on that channel.  Returns NULL, or why there is no answer. */
static const char *
answer(struct keys *k, const struct sign *s, int channel)
{
	static struct wr m;
	EVP_PKEY *key = key_get(k, s->key);
	uint8_t signature[SIGNATURE_MAX];
	size_t len;
	const char *why = key ? sign_make(key, s, signature, &len) : unreadable;

	if (why)
		return why;
	signed_put(&m, (struct span){ signature, len });
	(void)chan_put_now(channel, &m); /* tlsd may have gone with its client; nothing else waits there */
	return NULL;
}

static void
one_serve(struct keys *k)
{
	static struct chan_in in;
	struct sign s;
	const char *why;

	if (chan_get(FD_CTL, &in, false))
		return; /* a handshake that failed before anything was to be signed */
	if (!is_allowed(k, in.data, &s))
		die_peer("%s", no_handshake);
	why = answer(k, &s, FD_CTL);
	if (why)
		die_usage("%s", why);
}

/* Many.  Number 0 of those that are waited for is FD_CTL. */
static struct pollfd waited[1 + CHANNELS_MAX];
static struct channel {
	char sid[SID_MAX + 1];
	int64_t until; /* by the monotonic clock */
} channels[1 + CHANNELS_MAX];
static unsigned count = 1;

static int64_t
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return t.tv_sec;
}

static void
channel_take(void)
{
	static struct chan_in in;
	struct connection c;
	int fd;
	enum chan_got got = chan_take(FD_CTL, &in, &fd, 1);

	if (got == CHAN_GONE) {
		waited[0].fd = -1;
		return;
	}
	/* From sallyport: so it is whole, but for what there was no room for. */
	if (got == CHAN_MALFORMED || fd < 0) {
		warn("cannot take a connection: is the limit on open files too low?");
		return;
	}
	if (connection_get(in.data, &c) || span_copy(c.sid, channels[count].sid, sizeof channels[0].sid))
		die_peer("what sallyport says is no connection");
	channels[count].until = now() + c.seconds;
	waited[count++] = (struct pollfd){ fd, POLLIN, 0 };
}

/* Its one message, if it is there. */
static void
channel_serve(struct keys *k, unsigned i)
{
	static struct chan_in in;
	enum chan_got got = chan_take(waited[i].fd, &in, NULL, 0);
	const char *why = no_handshake;
	struct sign s;

	die_session(channels[i].sid);
	if (got == CHAN_TAKEN && is_allowed(k, in.data, &s))
		why = answer(k, &s, waited[i].fd);
	if (got != CHAN_GONE && why)
		warn("%s", why);
	die_session("-");
}

/* The last takes its place. */
static void
channel_close(unsigned i)
{
	(void)close(waited[i].fd); /* nothing can be lost: what was to be said has been said */
	waited[i] = waited[--count];
	channels[i] = channels[count];
}

static void
many_serve(struct keys *k)
{
	const struct timespec second = { 1, 0 };

	for (unsigned i = 0; i < k->count; i++)
		if (key_get(k, i) == NULL)
			die_usage("%s", unreadable);
		else
			(void)close(k->fd[i]); /* only read from */
	/* Ready; and there is nothing more that we say to launch. */
	if (setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL) || shutdown(FD_CTL, SHUT_WR))
		die_sys("cannot tell sallyport");
	waited[0] = (struct pollfd){ FD_CTL, POLLIN, 0 };
	while (waited[0].fd >= 0 || count > 1) {
		bool full = count == 1 + CHANNELS_MAX;

		waited[0].revents = 0;
		if (ppoll(waited + full, count - full, count > 1 ? &second : NULL, NULL) < 0 && errno != EINTR)
			die_sys("cannot wait");
		/* From the last to the first, because of who takes whose place. */
		for (unsigned i = count - 1; i > 0; i--) {
			if (waited[i].revents)
				channel_serve(k, i);
			if (waited[i].revents || now() >= channels[i].until)
				channel_close(i);
		}
		if (waited[0].revents)
			channel_take();
	}
}

void
keys_serve(struct keys *k)
{
	if (k->resident)
		many_serve(k);
	else
		one_serve(k);
}
