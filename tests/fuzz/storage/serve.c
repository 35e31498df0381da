/* storage between a Maildir, a pop3d that sends anything, and another program that changes the Maildir meanwhile: what it
 * removes is what one well-formed set of marks and its commit ask for, or nothing; nothing that came into the place of a
 * message is removed; and what it says that it could not remove is all that is left of what it was to.
 *
 * The input: u8 length and that many octets, a datagram of pop3d's; or u8 from OTHERS on and u8 which file, an act of the
 * other program's.  Acts that stand first are done before storage comes. */
#define _GNU_SOURCE
#include "serve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chan.h"
#include "fuzz.h"

enum {
	FILES = 9,
	ROOM = 32, /* files with those that come later */
	LAST_FD = 190,
	OTHERS = 0xf0,
};

/* One file that is or was in the Maildir.  It is held open, so that its inode is not another's meanwhile. */
struct file {
	int fd;
	bool dead; /* by the other program */
	ino_t inode;
	char base[40];  /* of its name, as that program has it */
	char flags[16]; /* what follows */
	uint8_t where;
};

/* What storage calls message n: its unique-id and its file. */
struct named {
	char uid[UID_MAX + 1];
	ino_t inode;
	bool marked;
};

static struct file files[ROOM];
static struct named named[ROOM + 1];
static unsigned made, count;
static bool acted, committed; /* a commit was answered */
static struct done outcome;
static struct take input;
static struct storage s;
static char dir[DIR_ROOM];
static int top, sub[SUBDIRECTORIES];

static const char content[] = "Subject: t\n\nb\n";
enum { OCTETS = sizeof content - 1 + 3 };

static const char *
name_of(const struct file *f)
{
	static char name[80];

	(void)snprintf(name, sizeof name, "%s%s", f->base, f->flags);
	return name;
}

static void
file_make(uint8_t where, const char *base, const char *flags)
{
	struct file *f = &files[made];
	struct stat st;

	if (made == ROOM)
		return;
	*f = (struct file){ .where = where };
	(void)snprintf(f->base, sizeof f->base, "%s", base);
	(void)snprintf(f->flags, sizeof f->flags, "%s", flags);
	f->fd = openat(sub[where], name_of(f), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (f->fd < 0)
		return; /* storage has named one so */
	MUST(write(f->fd, content, sizeof content - 1) == sizeof content - 1 && fstat(f->fd, &st) == 0);
	f->inode = st.st_ino;
	made++;
}

static void
file_rename(struct file *f, uint8_t where, const char *base, const char *flags)
{
	struct file is = *f;

	is.where = where;
	(void)snprintf(is.base, sizeof is.base, "%s", base);
	(void)snprintf(is.flags, sizeof is.flags, "%s", flags);
	char before[80];

	(void)snprintf(before, sizeof before, "%s", name_of(f));
	if (syscall(SYS_renameat2, sub[f->where], before, sub[where], name_of(&is), 1) == 0)
		*f = is;
}

static void
file_link(const struct file *f, const char *base)
{
	struct file is = *f;
	char before[80];

	(void)snprintf(before, sizeof before, "%s", name_of(f));
	is.where = !f->where;
	(void)snprintf(is.base, sizeof is.base, "%s", base);
	(void)snprintf(is.flags, sizeof is.flags, "%s", is.where == CUR ? ":2,S" : "");
	if (linkat(sub[f->where], before, sub[is.where], name_of(&is), 0))
		MUST(errno == ENOENT || errno == EEXIST || errno == EPERM);
}

/* By the name that this program knows.  False when storage has given it another. */
static bool
file_unlink(struct file *f)
{
	struct stat st;

	if (fstatat(sub[f->where], name_of(f), &st, AT_SYMLINK_NOFOLLOW) || st.st_ino != f->inode)
		return false;
	MUST(unlinkat(sub[f->where], name_of(f), 0) == 0);
	f->dead = true;
	return true;
}

static void
act(uint8_t what, uint8_t which, bool before)
{
	static const char *const told[] = { ",W=17", ",W=18", ",S=14,W=17", ",W=99999999999999999999", ",W=1x,S=2" };
	static const int errors[] = { ENOENT, EACCES, EIO, ENOTDIR, ELOOP };
	struct file *f = &files[which % made];
	char base[40];
	size_t len;
	uint8_t *any;

	acted = true;
	switch (what) {
	case 0: /* seen, or one flag more */
		file_rename(f, CUR, f->base, f->flags[0] ? ":2,FS" : ":2,S");
		break;
	case 1:
		(void)file_unlink(f);
		break;
	case 2:
		MUST(pwrite(f->fd, content, 1, sizeof content - 1) == 1);
		break;
	case 3:
		if (file_unlink(f))
			file_make(f->where, f->base, f->flags);
		break;
	case 4:
		if (file_unlink(f))
			MUST(symlinkat("/etc/passwd", sub[f->where], name_of(f)) == 0);
		break;
	case 5:
		if (file_unlink(f))
			MUST(mkfifoat(sub[f->where], name_of(f), 0600) == 0);
		break;
	case 6:
		if (file_unlink(f))
			MUST(mkdirat(sub[f->where], name_of(f), 0700) == 0);
		break;
	case 7: /* moved, and not yet gone from where it was */
		file_link(f, f->base);
		break;
	case 8:
		file_link(f, "1700000000.again");
		break;
	case 9: /* a delivery, under a name that another message may have */
		file_make(which >> 7, which & 0x40 ? f->base : "1700000001.new", which & 0x80 ? ":2," : "");
		break;
	case 10:
		file_rename(f, CUR, f->base, ":2,T");
		break;
	case 11: /* names that tell octets, true or not */
		(void)snprintf(base, sizeof base, "%d%s", which % FILES, told[which / FILES % 5]);
		if (before)
			file_rename(f, f->where, base, f->flags);
		s.maildir.trusting = true;
		break;
	case 12:
		s.open_error = before ? errors[which % 5] : s.open_error;
		break;
	case 13: /* what tlsd told of the client's TLS */
		if (!before)
			break;
		any = take_copy(&input, sizeof s.facts, &len);
		memcpy(s.facts, any, len);
		free(any);
		s.facts_len = len;
		break;
	case 14:
		s.keepnew = true;
		break;
	default: /* it shrinks */
		MUST(ftruncate(f->fd, which % sizeof content) == 0);
		break;
	}
}

static void
acts_take(bool before)
{
	while (input.len >= 2 && input.p[0] >= OTHERS) {
		uint8_t what = take_u8(&input) - OTHERS;

		act(what, take_u8(&input), before);
	}
}

int
chan_get(int fd, struct chan_in *in, bool want_fd)
{
	size_t len, n;
	uint8_t *any;
	struct marks k;

	(void)fd;
	MUST(!want_fd);
	acts_take(false);
	n = take_u8(&input);
	if (input.len == 0)
		return -1;
	any = take_copy(&input, n, &len);
	memcpy(in->b, any, len);
	free(any);
	in->data = (struct span){ in->b, len };
	in->fd = -1;
	if (marks_get(in->data, &k) == 0 && k.mark == MARK_DELETE)
		for (size_t i = k.base; i < k.base + 8 * k.bitmap.len && i < count; i++)
			if (k.bitmap.p[(i - k.base) / 8] >> (i - k.base) % 8 & 1)
				named[i + 1].marked = true;
	return len ? 0 : -1;
}

int
chan_put(int fd, const struct wr *m)
{
	(void)fd;
	MUST(!m->bad);
	if (done_get(wr_span(m), &outcome) == 0)
		committed = true;
	return 0;
}

int
chan_put_now(int fd, const struct wr *m)
{
	return chan_put(fd, m);
}

/* The first name with this base name that stands for this inode, or for any if that is 0; 0: there is none. */
static ino_t
entry_find(const char *base, ino_t inode)
{
	ino_t found = 0;

	for (int i = 0; i < SUBDIRECTORIES && !found; i++) {
		DIR *d = fdopendir(openat(sub[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		struct dirent *e;

		MUST(d != NULL);
		while (!found && (e = readdir(d)) != NULL)
			if (strcspn(e->d_name, ":") == strlen(base) && strncmp(e->d_name, base, strlen(base)) == 0 &&
			    (inode == 0 || inode == e->d_ino))
				found = e->d_ino;
		(void)closedir(d);
	}
	return found;
}

static void
table_look(int table)
{
	for (unsigned n = 1; n <= count; n++) {
		uint8_t b[RECORD_BYTES];
		struct record r;

		MUST(pread(table, b, sizeof b, (off_t)(n - 1) * RECORD_BYTES) == sizeof b && record_get(b, &r) == 0);
		named[n] = (struct named){ .inode = 0 };
		memcpy(named[n].uid, r.uid.p, r.uid.len);
		named[n].inode = entry_find(named[n].uid, 0);
		MUST(named[n].inode != 0 || acted);
	}
}

int
chan_put_fd(int fd, const struct wr *m, int pass)
{
	struct ready ready;

	MUST(fcntl(pass, F_GETFD) >= 0);
	if (ready_get(wr_span(m), &ready) == 0) {
		MUST(ready.count <= ROOM);
		count = ready.count;
		table_look(pass);
		MUST(acted || (count == FILES && ready.octets == FILES * OCTETS));
	}
	return chan_put(fd, m);
}

static void
emptied(int fd, bool directories)
{
	DIR *d = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *e;

	MUST(d != NULL);
	while ((e = readdir(d)) != NULL)
		if (unlinkat(fd, e->d_name, 0) && e->d_name[0] != '.' && directories)
			(void)unlinkat(fd, e->d_name, AT_REMOVEDIR);
	(void)closedir(d);
}

static void
dir_remove(void)
{
	char path[DIR_ROOM + 64];

	for (int i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, i == 0 ? "new" : i == 1 ? "cur" : "");
		(void)rmdir(path);
	}
}

/* Above the descriptors of storage's own. */
static int
directory_open(const char *path)
{
	int low = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = fcntl(low, F_DUPFD_CLOEXEC, 100);

	MUST(low >= 0 && fd >= 0 && close(low) == 0);
	return fd;
}

static void
maildir_fill(void)
{
	static bool there;
	char path[DIR_ROOM + 64];

	if (!there) {
		dir_temporary(dir, "storage");
		(void)atexit(dir_remove);
	}
	for (int i = 0; i < SUBDIRECTORIES; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, i == NEW ? "new" : "cur");
		MUST(there || mkdir(path, 0700) == 0);
		sub[i] = directory_open(path);
	}
	there = true;
	top = directory_open(dir);
	made = 0;
	for (int i = 0; i < FILES; i++) {
		(void)snprintf(path, sizeof path, "%d.x", i);
		file_make(NEW, path, "");
	}
	MUST(made == FILES);
}

static void
outcome_check(void)
{
	unsigned marked = 0, left = 0;

	for (unsigned n = 1; n <= count; n++) {
		marked += committed && named[n].marked;
		left += committed && named[n].marked && named[n].inode && entry_find(named[n].uid, named[n].inode);
	}
	if (committed)
		MUST(outcome.removed + outcome.failed == marked && left <= outcome.failed);
	MUST(acted || outcome.failed == 0);
	for (unsigned i = 0; i < made; i++) {
		struct stat st;
		bool asked = false;

		for (unsigned n = 1; n <= count && committed; n++)
			asked |= named[n].marked && named[n].inode == files[i].inode;
		MUST(fstat(files[i].fd, &st) == 0 && (st.st_nlink || files[i].dead || asked));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&s, 0, sizeof s);
	s.sid = s.rip = s.lip = "-";
	s.user = "bob";
	s.auth = "pass";
	s.started = clock_ms();
	s.maildir.uid = getuid();
	s.path = dir;
	input = (struct take){ data, size };
	acted = committed = false;
	count = 0;
	outcome = (struct done){ 0, 0 };
	/* Where storage has them: the channel, the table, which launch has made, the lock, and then the Maildir. */
	MUST(dup2(memfd_create("ctl", 0), FD_CTL) == FD_CTL);
	MUST(dup2(memfd_create("table", MFD_ALLOW_SEALING), FD_TABLE) == FD_TABLE);
	MUST(dup2(FD_CTL, FD_PLACE) == FD_PLACE);
	maildir_fill();
	acts_take(true);
	MUST(maildir_open(&s.maildir, dir) == 0);
	if (!REFUSED_IS_FINE())
		storage_serve(&s);
	outcome_check();
	list_free(&s.maildir.list);
	emptied(top, false);
	emptied(sub[NEW], true);
	emptied(sub[CUR], true);
	(void)syscall(SYS_close_range, FD_CTL, LAST_FD, 0);
	return 0;
}
