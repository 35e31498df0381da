/* pop3d/body.c: whole messages and tops, against a TOP written in the plainest way; and a size that is not true, after
 * which no end marker may be sent. */
#define _GNU_SOURCE
#include "body.h"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

static struct session s;

/* How many bytes of the message belong to TOP n? */
static size_t
plain_top(const uint8_t *m, size_t n, uint64_t lines)
{
	bool in_body = false;
	size_t i = 0;

	while (i < n && !(in_body && lines == 0)) {
		size_t stop = i;

		while (stop < n && m[stop] != '\n')
			stop++;
		if (in_body)
			lines--;
		else if (stop < n && (stop == i || (stop == i + 1 && m[i] == '\r')))
			in_body = true;
		i = stop < n ? stop + 1 : n;
	}
	return i;
}

static size_t
plain_send(const uint8_t *in, size_t n, uint8_t *out, uint64_t *octets)
{
	size_t o = 0, dots = 0;

	for (size_t i = 0; i < n; i++) {
		if (in[i] == '.' && (i == 0 || in[i - 1] == '\n')) {
			out[o++] = '.';
			dots++;
		}
		if (in[i] == '\n' && (i == 0 || in[i - 1] != '\r'))
			out[o++] = '\r';
		out[o++] = in[i];
	}
	if (n && in[n - 1] != '\n') {
		memcpy(out + o, "\r\n", 2);
		o += 2;
	}
	*octets = o - dots;
	memcpy(out + o, ".\r\n", 3);
	return o + 3;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	uint64_t lines = take_u8(&t), octets, sent = 0;
	size_t len, top, want_len;
	uint8_t *m = take_copy(&t, 20000, &len), *want = malloc(2 * len + 8);
	int fd = memfd_create("message", MFD_CLOEXEC);

	MUST(fd >= 0 && want != NULL && write(fd, m, len) == (ssize_t)len);
	s.idle = s.limit = 600;
	s.started = s.last_command = clock_ms();

	want_len = plain_send(m, len, want, &octets);
	s.waiting = 0;
	MUST(body_send(&s, fd, len, octets) == DONE);
	MUST(s.waiting == want_len && memcmp(s.reply, want, want_len) == 0);
	s.waiting = 0;
	MUST(body_send(&s, fd, len + 1, octets) == BROKEN); /* it has shrunk */
	MUST(s.waiting < 5 || memcmp(s.reply + s.waiting - 5, "\r\n.\r\n", 5) != 0);
	s.waiting = 0;
	MUST(body_send(&s, fd, len, octets + 1) == BROKEN);

	top = plain_top(m, len, lines);
	want_len = plain_send(m, top, want, &octets);
	s.waiting = 0;
	MUST(body_send_top(&s, fd, len, lines, &sent) == DONE);
	MUST(s.waiting == want_len && memcmp(s.reply, want, want_len) == 0 && sent == octets);
	(void)close(fd);
	free(m);
	free(want);
	return 0;
}
