/* storage's list of a Maildir with any names: unique-ids are as RFC 1939 section 7 wants them, and names that change are
 * found again.  Of each u8 how, and a name up to NUL: 1 in cur, 2 to 3 its octets, 4 names are believed. */
#define _GNU_SOURCE
#include "maildir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "message.h"
#include "../../storage/ids.h"
#include "unique.h"

enum { NAMES = 12 };

static char dir[DIR_ROOM];
static struct maildir d = { .fd = -1, .sub = { -1, -1 } };

static void
dir_remove(void)
{
	(void)unlinkat(d.fd, "new", AT_REMOVEDIR);
	(void)unlinkat(d.fd, "cur", AT_REMOVEDIR);
	(void)rmdir(dir);
}

static void
dir_make(void)
{
	if (d.fd >= 0)
		return;
	dir_temporary(dir, "maildir");
	d.fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(d.fd >= 0 && mkdirat(d.fd, "new", 0700) == 0 && mkdirat(d.fd, "cur", 0700) == 0);
	(void)close(d.fd);
	MUST(maildir_open(&d, dir) == 0);
	(void)atexit(dir_remove);
}

/* The next name in the input; false when it is none that a file can have. */
static bool
name_next(struct take *t, char name[256])
{
	size_t n = 0;

	while (t->len && *t->p && n < 255)
		name[n++] = (char)take_u8(t);
	if (t->len && *t->p == 0)
		(void)take_u8(t);
	name[n] = '\0';
	return n && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void
ids_check(void)
{
	struct unique ids[NAMES];

	MUST(d.list.n <= NAMES && ids_all(&d.list, ids) == 0);
	for (size_t i = 0; i < d.list.n; i++) {
		MUST(ids[i].len >= 1 && ids[i].len <= UID_MAX);
		for (size_t k = 0; k < ids[i].len; k++)
			MUST(ids[i].id[k] > 0x20 && ids[i].id[k] < 0x7f);
		for (size_t j = 0; j < i; j++)
			MUST(ids[i].len != ids[j].len || memcmp(ids[i].id, ids[j].id, ids[i].len) != 0);
	}
}

static void
emptied(int fd)
{
	DIR *all = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *e;

	MUST(all != NULL);
	while ((e = readdir(all)) != NULL)
		(void)unlinkat(fd, e->d_name, 0);
	(void)closedir(all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	char names[NAMES][256];
	uint8_t where[NAMES];
	size_t made = 0;

	dir_make();
	d.trusting = false;
	while (t.len && made < NAMES) {
		uint8_t how = take_u8(&t);

		d.trusting |= how & 4;
		int fd;

		if (!name_next(&t, names[made]))
			continue;
		where[made] = how & 1;
		fd = openat(d.sub[where[made]], names[made], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			continue;
		MUST(write(fd, "a\n.b", how & 3) == (how & 3));
		(void)close(fd);
		made++;
	}
	if (!REFUSED_IS_FINE()) {
		MUST(maildir_list(&d, &d.list) == 0);
		MUST(messages_measure(&d) == 0);
		ids_check();
		/* Another program moves the first one and gives it a flag. */
		if (made && where[0] == NEW && strlen(names[0]) < 240 && !strchr(names[0], ':') && names[0][0] != '.') {
			char to[300];
			enum gone why;
			int fd;

			(void)snprintf(to, sizeof to, "%s:2,S", names[0]);
			if (faccessat(d.sub[CUR], to, F_OK, 0) != 0 &&
			    renameat(d.sub[NEW], names[0], d.sub[CUR], to) == 0) {
				for (size_t i = 0; i < d.list.n; i++)
					if ((fd = message_open(&d, i, &why)) >= 0)
						(void)close(fd);
				MUST(renameat(d.sub[CUR], to, d.sub[NEW], names[0]) == 0);
			}
		}
	}
	list_free(&d.list);
	emptied(d.sub[NEW]); /* some have another name now */
	emptied(d.sub[CUR]);
	return 0;
}
