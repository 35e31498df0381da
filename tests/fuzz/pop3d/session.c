/* All of pop3d between its two inputs: any bytes from the client, and from ctl either what an honest peer answers or any
 * datagram.  Every reply has to be made of lines; what is not a reply is checked by the room itself.
 *
 * The input: u8 flags, u8 count of messages, u8 octets for the peer, these, then the client's.  Flags: 0x01 every
 * mechanism, 0x06 the way, 0x08 a named host and no stamp, 0x10 a client that stays when its time is over, 0x20 a peer
 * that leaves unasked, 0x40 no password in the clear, 0x80 a client to whom nothing
 * can be written.  An octet REFUSES before the peer's next answer: what pop3d writes to it does not arrive. */
#define _GNU_SOURCE
#include "session.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"
#include "mechanism.h"

enum { LAST_FD = 190, MESSAGES = 8, REFUSES = 0xee }; /* AFL++ has higher descriptors */

static struct take input; /* of the peer */
static struct wr asked;   /* what pop3d wrote last */
static bool honest;
static uint32_t count;
static uint32_t sent_marks;

static int
file_of(const void *bytes, size_t n)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	MUST(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	return fd;
}

static const char message[] = "Subject: t\n\n.dot\nline\r\n\n.\nlast";
enum { MESSAGE_OCTETS = 37 };

static int
table_make(uint64_t *octets)
{
	int fd = memfd_create("table", MFD_CLOEXEC);

	MUST(fd >= 0);
	*octets = 0;
	for (uint32_t i = 1; i <= count; i++) {
		uint8_t out[RECORD_BYTES];
		char uid[16];
		const struct record r = { MESSAGE_OCTETS,
					  { (uint8_t *)uid, (size_t)snprintf(uid, sizeof uid, "uid%u", i) } };

		record_put(out, &r);
		MUST(write(fd, out, sizeof out) == sizeof out);
		*octets += r.octets;
	}
	return fd;
}

static void
honest_answer(struct wr *m, int *fd)
{
	struct span in = wr_span(&asked);
	struct verify v = { 0 };
	struct auth auth;
	uint32_t n;
	struct commit c;

	if (auth_get(in, &auth) == 0 && !auth.given) {
		challenge_put(m, span_of(""));
	} else if (verify_get(in, &v) == 0 || auth_get(in, &auth) == 0 || response_get(in, &v.proof) == 0) {
		struct ready r = { count, 0, span_of("bob") };

		if (v.proof.len && v.proof.p[0] == 'x') {
			answer_put(m, ANSWER_NO);
			return;
		}
		*fd = table_make(&r.octets);
		ready_put(m, &r);
	} else if (open_get(in, &n) == 0) {
		MUST(n >= 1 && n <= count);
		*fd = file_of(message, sizeof message - 1);
		file_put(m, &(struct file_msg){ n, sizeof message - 1 });
	} else {
		MUST(commit_get(in, &c) == 0 && c.deleted <= count && c.deleted + c.retrieved == sent_marks);
		done_put(m, &(struct done){ c.deleted, 0 });
	}
}

int
chan_get(int fd, struct chan_in *in, bool want_fd)
{
	static struct wr m;
	uint8_t how = take_u8(&input);
	size_t len;
	uint8_t *any;

	(void)fd;
	in->fd = -1;
	memset(&m, 0, sizeof m);
	honest = honest && !(how & 1);
	if (how & 1 && how & 2)
		return -1;
	if (how & 1) {
		any = take_copy(&input, take_u8(&input), &len);
		memcpy(in->b, any, len);
		free(any);
		if (how & 4 && want_fd)
			in->fd = file_of(in->b, len);
		in->data = (struct span){ in->b, len };
		return len ? 0 : -1;
	}
	honest_answer(&m, &in->fd);
	memcpy(in->b, m.b, m.len);
	in->data = (struct span){ in->b, m.len };
	return 0;
}

int
chan_put(int fd, const struct wr *m)
{
	struct marks k;

	(void)fd;
	MUST(!m->bad);
	if (input.len && input.p[0] == REFUSES) {
		(void)take_u8(&input);
		return -1;
	}
	asked = *m;
	if (marks_get(wr_span(m), &k) == 0)
		for (size_t i = 0; i < k.bitmap.len; i++)
			sent_marks += (uint32_t)__builtin_popcount(k.bitmap.p[i]);
	return 0;
}

int
chan_put_now(int fd, const struct wr *m)
{
	return chan_put(fd, m);
}

int
chan_wait(int fd, int ms)
{
	(void)fd;
	(void)ms;
	return 1;
}

/* What the client has got.  When it is to begin TLS, that was the last word. */
static void
replies_check(bool greeted, bool begin)
{
	static const char last[] = "+OK begin TLS\r\n";
	static uint8_t out[1 << 20];
	ssize_t n = pread(FD_OUT, out, sizeof out, 0);
	bool line_begins = true;

	MUST(n >= (greeted ? 4 : 0) && (!greeted || memcmp(out, "+OK ", 4) == 0));
	MUST(!begin ||
	     (n >= (ssize_t)sizeof last - 1 && memcmp(out + n - (sizeof last - 1), last, sizeof last - 1) == 0));
	for (ssize_t i = 0; i < n; i++) {
		if (out[i] == '\n')
			MUST(i && out[i - 1] == '\r');
		/* An honest peer's texts have no other lines than these. */
		if (honest && line_begins)
			MUST(strchr("+-.0123456789l\r", out[i]) || (out[i] >= 'A' && out[i] <= 'Z'));
		line_begins = out[i] == '\n';
	}
	if (honest && n)
		MUST(out[n - 1] == '\n');
}

/* A client that has sent this, and does not leave. */
static void
client_stay(const uint8_t *client, size_t n)
{
	int pair[2], size = 1 << 20;

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	MUST(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
	MUST(write(pair[1], client, n) == (ssize_t)n && dup2(pair[0], FD_IN) == FD_IN);
}

static void
descriptors_make(const uint8_t *client, size_t n, bool stays, bool leaves, bool hears)
{
	static int pair[2];

	if (pair[0] == 0) {
		MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
		MUST(dup2(pair[0], FD_CTL) == FD_CTL);
		MUST(dup2(pair[1], LAST_FD + 1) == LAST_FD + 1);
	}
	(void)!recv(FD_CTL, &(uint8_t){ 0 }, 1, MSG_DONTWAIT); /* of the input before */
	if (leaves)
		MUST(send(LAST_FD + 1, "x", 1, 0) == 1);
	if (stays)
		client_stay(client, n);
	else
		MUST(dup2(file_of(client, n), FD_IN) == FD_IN && lseek(FD_IN, 0, SEEK_SET) == 0);
	MUST(dup2(hears ? file_of("", 0) : open("/dev/full", O_RDWR | O_CLOEXEC), FD_OUT) == FD_OUT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	size_t len, peer;
	uint8_t flags = take_u8(&t), *client;
	int status;
	struct session *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(s != MAP_FAILED);
	count = take_u8(&t) % (MESSAGES + 1);
	peer = take_u8(&t);
	peer = peer < t.len ? peer : t.len;
	input = (struct take){ t.p, peer };
	t.p += peer;
	t.len -= peer;
	client = take_copy(&t, 1 << 16, &len);
	honest = true;
	sent_marks = 0;
	descriptors_make(client, len, flags & 0x10, flags & 0x20, !(flags & 0x80));
	s->sid = s->rip = s->lip = "-";
	s->host = flags & 8 ? "mail.example.org" : "-";
	s->stamp = flags & 8 ? "-" : "<0123456789abcdef0123456789abcdef@localhost>";
	s->mechanisms = flags & 1 ? MECHANISM_BIT(MECH__MAX) - 1 : 0;
	if (flags & 0x40)
		s->mechanisms &= ~(unsigned)MECHANISMS_REVEALING;
	s->exchange = 60;
	s->idle = 600;
	s->limit = flags & 0x10 ? 0 : 600;
	s->tries = 3;
	s->table = -1;
	s->way = (enum way)(flags >> 1 & 3);
	/* As main sets it; some clients come through another server's TLS. */
	s->mark_due = (s->way == WAY_TLS && flags & 8) || s->way == WAY_TLS_BEGUN;
	if (s->way == WAY_TLS_BEGUN && flags & 8) {
		s->way = WAY_BEGUN;
		s->mark_due = false;
	}
	if (!REFUSED_IS_FINE()) {
		status = session_serve(s);
		MUST(status == 0 || (status == EXIT_STLS && s->way == WAY_STLS && s->table < 0));
		if (flags & 0x80)
			MUST(s->out == 0 && status == 0 && sent_marks == 0);
		else
			replies_check(s->way < WAY_TLS_BEGUN, status == EXIT_STLS);
	}
	(void)syscall(SYS_close_range, FD_CTL + 1, LAST_FD, 0);
	(void)munmap(s, sizeof *s);
	free(client);
	return 0;
}
