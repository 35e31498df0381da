/* Doubles: of messages with one base name all but the oldest get names of their own, which are their ids for ever. */
#define _GNU_SOURCE
#include "double.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "ids.h"
#include "message.h"
#include "unique.h"

static char path[] = "/tmp/sallyport-double-XXXXXX";

static void
file(const char *name, time_t when)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	const struct timespec times[] = { { when, 0 }, { when, 0 } };

	CHECK(fd >= 0 && write(fd, name, strlen(name)) == (ssize_t)strlen(name));
	CHECK_EQ(futimens(fd, times), 0);
	(void)close(fd);
}

static void
opened(struct maildir *d, struct unique *ids)
{
	*d = (struct maildir){ 0 };
	CHECK_EQ(maildir_open(d, path), 0);
	CHECK_EQ(maildir_list(d, &d->list), 0);
	CHECK_EQ(messages_measure(d), 0); /* which calls doubles_part */
	CHECK_EQ(ids_all(&d->list, ids), 0);
}

static void
closed(struct maildir *d)
{
	list_free(&d->list);
	(void)close(d->fd);
	(void)close(d->sub[NEW]);
	(void)close(d->sub[CUR]);
}

static int
base_is(const struct maildir *d, size_t i, const char *id)
{
	struct span b = message_base(&d->list, &d->list.m[i]);

	return b.len == strlen(id) && memcmp(b.p, id, b.len) == 0;
}

int
main(void)
{
	struct unique ids[5], again[5];
	struct maildir d;
	char command[100];

	CHECK(mkdtemp(path) != NULL && chdir(path) == 0);
	CHECK(mkdir("new", 0700) == 0 && mkdir("cur", 0700) == 0);
	file("new/5.x", 300);
	file("cur/5.x:2,S", 100);
	file("cur/5.x:2,FS", 200);
	file("cur/6.y:2,", 50);

	/* In the way of a rename: the id is the same, the name stays. */
	if (getuid() != 0) {
		CHECK_EQ(chmod("cur", 0500), 0);
		CHECK_EQ(chmod("new", 0500), 0);
		opened(&d, ids);
		CHECK(base_is(&d, 1, "5.x") && strcmp(ids[1].id, "5.x") != 0);
		closed(&d);
		CHECK_EQ(chmod("cur", 0700), 0);
		CHECK_EQ(chmod("new", 0700), 0);
	}
	opened(&d, ids);
	CHECK_EQ(d.list.n, 4);
	size_t oldest = 4;
	for (size_t i = 0; i < 3; i++) {
		CHECK(base_is(&d, i, ids[i].id));
		if (strcmp(ids[i].id, "5.x") == 0)
			oldest = i;
	}
	CHECK(oldest < 3 && d.list.m[oldest].size == strlen("cur/5.x:2,S"));
	CHECK_EQ(access("cur/5.x:2,S", F_OK), 0);
	CHECK(access("cur/5.x:2,FS", F_OK) == -1 && access("new/5.x", F_OK) == -1);
	closed(&d);

	/* The oldest goes: the others keep their ids, and flags stay with their files. */
	CHECK_EQ(unlink("cur/5.x:2,S"), 0);
	opened(&d, again);
	CHECK_EQ(d.list.n, 3);
	for (size_t i = 0, j = 0; i < 2; i++, j++) {
		j += j == oldest;
		CHECK(strcmp(again[i].id, ids[j].id) == 0);
		CHECK(d.list.m[i].where == NEW || strstr(message_name(&d.list, &d.list.m[i]), ":2,FS") != NULL);
	}
	closed(&d);

	/* The oldest is trashed: it keeps its name all the same, and the other one its id when that is shown again. */
	file("cur/7.z:2,T", 10);
	file("new/7.z", 20);
	opened(&d, ids);
	CHECK_EQ(d.list.n, 4);
	CHECK(strncmp(ids[3].id, "7.", 2) == 0 && strcmp(ids[3].id, "7.z") != 0);
	closed(&d);
	CHECK_EQ(rename("cur/7.z:2,T", "cur/7.z:2,"), 0);
	opened(&d, again);
	CHECK_EQ(d.list.n, 5);
	CHECK(strcmp(again[3].id, ids[3].id) == 0 && strcmp(again[4].id, "7.z") == 0);
	closed(&d);
	(void)snprintf(command, sizeof command, "rm -r %s", path);
	CHECK_EQ(system(command), 0);
	return check_end();
}
