/* The connection comes from a proxy: an unprivileged room reads its header, and says who the client is. */
#define _GNU_SOURCE
#include <unistd.h>

#include "die.h"
#include "launch.h"
#include "log.h"

static bool
is_trusted(const struct config *c, const char *remote)
{
	struct address a;

	if (address_read(span_of(remote), &a))
		return false;
	for (unsigned i = 0; i < c->proxies; i++)
		if (network_has(&c->proxy[i], &a))
			return true;
	return false;
}

/* Whoever is not a proxy of ours is not served at a proxies' port: his header would be his to invent. */
static void
stranger_refuse(const struct launch *s)
{
	struct logline l;

	log_start(&l, "proxy");
	log_text(&l, "sid", s->sid);
	log_text(&l, "rip", s->peer.remote);
	log_text(&l, "err", "untrusted");
	log_send(&l);
	_exit(0);
}

void
proxied_settle(struct launch *s)
{
	uint8_t record[PROXIED_BYTES];
	struct proxied p;
	size_t got;

	if (s->config.proxies == 0)
		return;
	if (!is_trusted(&s->config, s->peer.remote))
		stranger_refuse(s);
	got = proxyd_ask(s, record);
	if (got == 0)
		_exit(0); /* the room's own line says why, or it was not worth one */
	if (proxied_get((struct span){ record, got }, &p))
		die_peer("proxyd's record is malformed");
	s->peer.tls = p.tls;
	/* Loopback is what never leaves this machine: the proxy must be on it, and its client too. */
	s->peer.loopback = s->peer.loopback && p.known && address_is_loopback(&p.remote);
	if (p.known) {
		address_print(&p.remote, s->peer.remote);
		address_print(&p.local, s->peer.local);
	}
}
