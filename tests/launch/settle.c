/* Peers: which address, from which convention, and what counts as this machine's own. */
#define _GNU_SOURCE
#include "settle.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string.h>

#include "check.h"

static struct peer
peer_with(const char *const *environment)
{
	struct peer p;

	CHECK_EQ(clearenv(), 0);
	for (; *environment; environment += 2)
		CHECK_EQ(setenv(environment[0], environment[1], 1), 0);
	settle_peer(&p);
	return p;
}

#define PEER(...) peer_with((const char *const[]){ __VA_ARGS__, NULL })

static int
is(struct peer p, const char *remote, const char *local, int loopback)
{
	return strcmp(p.remote, remote) == 0 && strcmp(p.local, local) == 0 && p.loopback == loopback;
}

/* 0 becomes a TCP connection from loopback. */
static void
connect_zero(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof name;
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(bind(listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(listener, 1) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&name, &len) == 0);
	CHECK(connect(client, (struct sockaddr *)&name, sizeof name) == 0);
	CHECK(dup2(accept(listener, NULL, NULL), 0) == 0);
}

int
main(void)
{
	CHECK_EQ(close(0), 0);
	CHECK(is(PEER("PROTO", "TCP", "TCPREMOTEIP", "192.0.2.1", "TCPLOCALIP", "192.0.2.2"), "192.0.2.1", "192.0.2.2",
		 0));
	CHECK(is(PEER("PROTO", "SSL", "SSLREMOTEIP", "192.0.2.1", "SSLLOCALIP", "::1", "TCPREMOTEIP", "192.0.2.9"),
		 "192.0.2.1", "::1", 0));
	CHECK(is(PEER("PROTO", "TCP", "TCPREMOTEIP", "::ffff:127.0.0.1"), "127.0.0.1", "-", 1));
	CHECK(is(PEER("PROTO", "TCP", "TCPREMOTEIP", "0:0:0:0:0:0:0:1"), "::1", "-", 1));
	CHECK(is(PEER("PROTO", "TCP", "TCPREMOTEIP", "127.0.0.1.example.org"), "-", "-", 0));
	CHECK(is(PEER("PROTO", "TCP", "TCPREMOTEIP", "127.1"), "-", "-", 0));
	CHECK(is(PEER("PROTO", "TCP", "TCPREMOTEIP", "unknown"), "-", "-", 0));
	CHECK(is(PEER("TCPREMOTEIP", "127.0.0.1"), "-", "-", 0)); /* not without PROTO */
	CHECK(is(PEER("REMOTE_ADDR", "127.0.0.1"), "127.0.0.1", "-", 1));
	CHECK(is(PEER("PROTO", "TCP"), "-", "-", 0));
	connect_zero();
	CHECK(is(PEER("A", "b"), "127.0.0.1", "127.0.0.1", 1));
	CHECK(is(PEER("REMOTE_ADDR", "192.0.2.1"), "127.0.0.1", "127.0.0.1", 1));         /* the socket knows better */
	CHECK(is(PEER("PROTO", "TCP", "TCPREMOTEIP", "192.0.2.1"), "192.0.2.1", "-", 0)); /* a proxy before us too */
	return check_end();
}
