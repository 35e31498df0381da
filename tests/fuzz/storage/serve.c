/* storage between a Maildir and a pop3d that sends anything: what it removes is what one well-formed set of marks and its
 * commit ask for, or nothing. */
#define _GNU_SOURCE
#include "serve.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chan.h"
#include "fuzz.h"

enum { FILES = 9, LAST_FD = 190 };

static struct take input;
static bool committed; /* a commit was answered */
static struct done outcome;
static bool listed; /* READY was sent, for all files */

int
chan_get(int fd, struct chan_in *in, bool want_fd)
{
	size_t len, n = take_u8(&input);
	uint8_t *any;

	(void)fd;
	MUST(!want_fd);
	if (input.len == 0)
		return -1;
	any = take_copy(&input, n, &len);
	memcpy(in->b, any, len);
	free(any);
	in->data = (struct span){ in->b, len };
	in->fd = -1;
	return len ? 0 : -1;
}

int
chan_put(int fd, const struct wr *m)
{
	struct ready ready;

	(void)fd;
	MUST(!m->bad);
	if (done_get(wr_span(m), &outcome) == 0)
		committed = true;
	if (ready_get(wr_span(m), &ready) == 0)
		listed = ready.count == FILES;
	return 0;
}

int
chan_put_now(int fd, const struct wr *m)
{
	return chan_put(fd, m);
}

int
chan_put_fd(int fd, const struct wr *m, int pass)
{
	MUST(fcntl(pass, F_GETFD) >= 0);
	return chan_put(fd, m);
}

static char dir[] = "/tmp/fuzz-storage-XXXXXX";

static void
dir_remove(void)
{
	char path[64];

	for (int i = 0; i < FILES; i++) {
		(void)snprintf(path, sizeof path, "%s/new/%d.x", dir, i);
		(void)unlink(path);
		(void)snprintf(path, sizeof path, "%s/cur/%d.x:2,", dir, i);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof path, "%s/new", dir);
	(void)rmdir(path);
	(void)snprintf(path, sizeof path, "%s/cur", dir);
	(void)rmdir(path);
	(void)rmdir(dir);
}

static void
maildir_fill(void)
{
	static bool made;
	char path[64];

	if (!made) {
		MUST(mkdtemp(dir) != NULL);
		(void)snprintf(path, sizeof path, "%s/new", dir);
		MUST(mkdir(path, 0700) == 0);
		(void)snprintf(path, sizeof path, "%s/cur", dir);
		MUST(mkdir(path, 0700) == 0);
		(void)atexit(dir_remove);
		made = true;
	}
	for (int i = 0; i < FILES; i++) {
		int fd;

		(void)snprintf(path, sizeof path, "%s/cur/%d.x:2,", dir, i);
		(void)unlink(path);
		(void)snprintf(path, sizeof path, "%s/new/%d.x", dir, i);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		MUST(fd >= 0 && write(fd, "Subject: t\n\nb\n", 14) == 14);
		(void)close(fd);
	}
}

static unsigned
files_count(void)
{
	static const char *const subs[] = { "new", "cur" };
	unsigned n = 0;

	for (int i = 0; i < 2; i++) {
		char path[64];
		struct dirent *e;
		DIR *d;

		(void)snprintf(path, sizeof path, "%s/%s", dir, subs[i]);
		d = opendir(path);
		MUST(d != NULL);
		while ((e = readdir(d)) != NULL)
			n += e->d_name[0] != '.';
		(void)closedir(d);
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct storage s;

	maildir_fill();
	memset(&s, 0, sizeof s);
	s.sid = s.rip = s.lip = "-";
	s.user = "bob";
	s.auth = "pass";
	s.started = clock_ms();
	s.maildir.uid = getuid();
	s.path = dir;
	s.keepnew = size & 1;
	input = (struct take){ data, size };
	committed = listed = false;
	outcome = (struct done){ 0, 0 };
	/* Where storage has them: the channel, and the table, which launch has made. */
	MUST(dup2(memfd_create("ctl", 0), FD_CTL) == FD_CTL);
	MUST(dup2(memfd_create("table", MFD_ALLOW_SEALING), FD_TABLE) == FD_TABLE);
	MUST(maildir_open(&s.maildir, dir) == 0);
	if (!REFUSED_IS_FINE())
		storage_serve(&s);
	list_free(&s.maildir.list);
	(void)syscall(SYS_close_range, FD_CTL, LAST_FD, 0);
	MUST(listed && outcome.failed == 0 && files_count() == FILES - (committed ? outcome.removed : 0));
	return 0;
}
