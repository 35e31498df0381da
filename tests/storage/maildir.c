/* Maildirs: what is listed, in which order, and what happens when another program renames. */
#define _GNU_SOURCE
#include "maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string.h>

#include "check.h"
#include "message.h"

static char path[] = "/tmp/sallyport-maildir-XXXXXX";

static void
file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	(void)close(fd);
}

static int
is(const struct maildir *d, size_t i, const char *name)
{
	return i < d->list.n && strcmp(message_name(&d->list, &d->list.m[i]), name) == 0;
}

static void
opened(struct maildir *d)
{
	*d = (struct maildir){ 0 };
	CHECK_EQ(maildir_open(d, path), 0);
	CHECK_EQ(maildir_list(d, &d->list), 0);
	CHECK_EQ(messages_measure(d), 0);
}

static void
closed(struct maildir *d)
{
	list_free(&d->list);
	(void)close(d->fd);
	(void)close(d->sub[NEW]);
	(void)close(d->sub[CUR]);
}

static void
listing(void)
{
	struct maildir d;

	file("new/1000000010.b.host", "a\n");
	file("cur/1000000010.a.host:2,S", "ab\n");
	file("new/999999999.z.host", "");
	file("cur/1000000011.x.host:2,ST", "trashed\n");
	file("cur/1000000012.x.host:2,", "T is no flag of its name\n");
	file("new/.hidden", "x");
	file("new/zzz", "no time\n");
	CHECK_EQ(symlink("zzz", "new/1.link"), 0);
	CHECK_EQ(mkfifo("new/1.fifo", 0600), 0);
	CHECK_EQ(mkdir("new/1.directory", 0700), 0);
	opened(&d);
	CHECK_EQ(d.list.n, 5);
	CHECK(is(&d, 0, "zzz") && is(&d, 1, "999999999.z.host") && is(&d, 2, "1000000010.a.host:2,S"));
	CHECK(is(&d, 3, "1000000010.b.host") && is(&d, 4, "1000000012.x.host:2,"));
	CHECK_EQ(d.list.m[2].octets, 4);
	CHECK_EQ(d.list.m[1].octets, 0);
	closed(&d);
}

static void
renames(void)
{
	struct maildir d;
	enum gone why;
	int fd;

	opened(&d);
	CHECK_EQ(rename("new/zzz", "cur/zzz:2,F"), 0);
	CHECK_EQ(rename("cur/1000000010.a.host:2,S", "cur/1000000010.a.host:2,RS"), 0);
	fd = message_open(&d, 0, &why);
	CHECK(fd >= 0 && is(&d, 0, "zzz:2,F") && d.list.m[0].where == CUR);
	(void)close(fd);
	CHECK(is(&d, 2, "1000000010.a.host:2,RS")); /* one reading told of both */
	CHECK_EQ(unlink("new/999999999.z.host"), 0);
	CHECK(message_open(&d, 1, &why) == -1 && why == GONE_REMOVED);

	file("new/1000000010.b.host", "");
	CHECK(message_open(&d, 3, &why) == -1 && why == GONE_CHANGED); /* shrunk */
	CHECK_EQ(message_remove(&d, 3), -1);
	CHECK_EQ(access("new/1000000010.b.host", F_OK), 0);
	CHECK_EQ(unlink("new/1000000010.b.host"), 0);
	CHECK_EQ(symlink("/etc/passwd", "new/1000000010.b.host"), 0);
	CHECK(message_open(&d, 3, &why) == -1 && why == GONE_CHANGED);
	CHECK_EQ(unlink("new/1000000010.b.host"), 0);
	CHECK_EQ(mkfifo("new/1000000010.b.host", 0600), 0);
	CHECK(message_open(&d, 3, &why) == -1 && why == GONE_CHANGED); /* and does not hang */
	CHECK_EQ(message_remove(&d, 3), -1);
	CHECK_EQ(unlink("new/1000000010.b.host"), 0);
	CHECK_EQ(message_remove(&d, 3), 0); /* it is not there any more */

	CHECK_EQ(rename("cur/1000000012.x.host:2,", "new/1000000012.x.host"), 0);
	CHECK_EQ(maildir_refresh(&d), 0);
	file("cur/1000000012.x.host:2,", "in the way\n");
	CHECK(message_move(&d, 4) == -1 && errno == EEXIST); /* never over another message */
	CHECK_EQ(unlink("cur/1000000012.x.host:2,"), 0);
	CHECK_EQ(message_move(&d, 4), 0);
	CHECK_EQ(access("cur/1000000012.x.host:2,", F_OK), 0);
	CHECK_EQ(message_remove(&d, 4), 0);
	CHECK(access("cur/1000000012.x.host:2,", F_OK) == -1);
	closed(&d);
}

static void
twice(void)
{
	struct maildir d;
	enum gone why;

	/* One message seen in both directories is one; two of the same base name are two. */
	file("new/5.x", "same\n");
	CHECK_EQ(link("new/5.x", "cur/5.x:2,S"), 0);
	file("new/6.x", "one\n");
	file("cur/6.x:2,S", "other\n");
	opened(&d);
	CHECK(is(&d, 0, "zzz:2,F") && is(&d, 1, "5.x"));
	CHECK_EQ(d.list.n, 5);
	CHECK_EQ(d.list.m[2].octets + d.list.m[3].octets, 12);
	CHECK_EQ(maildir_refresh(&d), 0);
	for (size_t i = 2; i < 4; i++) {
		int fd = message_open(&d, i, &why);

		CHECK(fd >= 0);
		(void)close(fd);
	}
	closed(&d);
}

static void
locks(void)
{
	struct maildir a = { 0 }, b = { 0 };

	CHECK_EQ(maildir_open(&a, path), 0);
	CHECK_EQ(maildir_open(&b, path), 0);
	CHECK_EQ(maildir_lock(&a, 0), 0);
	CHECK(maildir_lock(&b, 100) == -1 && errno == EWOULDBLOCK);
	(void)close(a.fd);
	CHECK_EQ(maildir_lock(&b, 0), 0);
	CHECK(maildir_open(&a, "/tmp/there is none") == -1 && errno == ENOENT);
}

int
main(void)
{
	char command[100];

	CHECK(mkdtemp(path) != NULL && chdir(path) == 0);
	CHECK(mkdir("new", 0700) == 0 && mkdir("cur", 0700) == 0);
	listing();
	renames();
	twice();
	locks();
	(void)snprintf(command, sizeof command, "rm -r %s", path);
	CHECK_EQ(system(command), 0);
	return check_end();
}
