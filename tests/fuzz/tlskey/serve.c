/* A tlskey for many connections, each with a tlsd that sends anything and leaves: u8 length and octets, one datagram for
 * each connection, empty for none.  Whoever asks for what is no handshake hears nothing; the others hear one signature; and
 * nothing that one of them says ends what the others have. */
#define _GNU_SOURCE
#include "serve.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chan.h"
#include "fuzz.h"
#include "sign.h"

enum { CONNECTIONS = 6, LAST_FD = 190, OURS = 150 };

static const char key[] = "-----BEGIN PRIVATE KEY-----\n"
			  "MC4CAQAwBQYDK2VwBCIEIGVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVl\n"
			  "-----END PRIVATE KEY-----\n";
enum { ED25519 = 0x0807 };

/* Sends what is next in the input, and is handed over; tlsd's end stays at OURS and the number, to hear what comes. */
static void
connection_hand(int launch, struct take *t, unsigned number, bool *signs)
{
	static struct wr m;
	const struct connection c = { 60, span_of("1.a"), span_of("192.0.2.1"), span_of("-") };
	size_t len;
	uint8_t *octets = take_copy(t, take_u8(t), &len);
	struct sign s;
	int pair[2];

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	MUST(dup2(pair[0], OURS + (int)number) >= 0 && close(pair[0]) == 0);
	MUST(len == 0 || send(OURS + (int)number, octets, len, 0) == (ssize_t)len);
	MUST(shutdown(OURS + (int)number, SHUT_WR) == 0);
	*signs =
	    sign_get((struct span){ octets, len }, &s) == 0 && s.key == 0 && sign_is_allowed(&s) && s.scheme == ED25519;
	connection_put(&m, &c);
	MUST(!m.bad && chan_put_fd(launch, &m, pair[1]) == 0 && close(pair[1]) == 0);
	free(octets);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	struct keys k = { .count = 1, .resident = true };
	uint8_t heard[MSG_MAX];
	bool signs[CONNECTIONS];
	unsigned n = 0;
	int pair[2], file = memfd_create("key", MFD_CLOEXEC);

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	MUST(file >= 0 && write(file, key, sizeof key - 1) == sizeof key - 1);
	MUST(dup2(file, 20) == 20 && dup2(pair[0], 21) == 21 && dup2(pair[1], 22) == 22);
	MUST(dup2(22, FD_CTL) == FD_CTL);
	(void)syscall(SYS_close_range, FD_CTL + 1, 19, 0);
	(void)syscall(SYS_close_range, 22, 22, 0);
	k.fd[0] = 20;
	for (; t.len && n < CONNECTIONS; n++)
		connection_hand(21, &t, n, &signs[n]);
	MUST(close(21) == 0);
	keys_serve(&k);
	for (unsigned i = 0; i < n; i++) {
		ssize_t got = recv(OURS + (int)i, heard, sizeof heard, MSG_DONTWAIT);
		struct span signature;

		MUST(signs[i] ? got > 0 && signed_get((struct span){ heard, (size_t)got }, &signature) == 0 : got <= 0);
		MUST(recv(OURS + (int)i, heard, sizeof heard, MSG_DONTWAIT) <= 0);
	}
	EVP_PKEY_free(k.key[0]);
	(void)syscall(SYS_close_range, FD_CTL, LAST_FD, 0);
	return 0;
}
