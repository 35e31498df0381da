#define _GNU_SOURCE
#include "fresh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tell.h"

/* Under root, whoever owned the old file owns the new one: a server without root must go on reading it. */
static int
owner_keep(const struct fresh *f, const char *directory)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (lstat(f->path, &st) && stat(directory, &st))
		return tell(EXIT_SYSTEM, "cannot look at %s: %s", directory, strerror(errno));
	if (fchown(f->fd, st.st_uid, st.st_gid))
		return tell(EXIT_SYSTEM, "cannot change the owner of %s: %s", f->temporary, strerror(errno));
	return 0;
}

int
fresh_begin(struct fresh *f, const char *directory, const char *name)
{
	int n = snprintf(f->path, sizeof f->path, "%s/%s", directory, name);
	int t = snprintf(f->temporary, sizeof f->temporary, "%s/%s.new", directory, name);

	f->fd = -1;
	if (n < 0 || t < 0 || (size_t)t >= sizeof f->temporary)
		return tell(EXIT_USAGE, "the name of %s is too long", directory);
	if (unlink(f->temporary) && errno != ENOENT)
		return tell(EXIT_SYSTEM, "cannot remove %s: %s", f->temporary, strerror(errno));
	f->fd = open(f->temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (f->fd < 0)
		return tell(EXIT_SYSTEM, "cannot create %s: %s", f->temporary, strerror(errno));
	return owner_keep(f, directory);
}

int
fresh_write(struct fresh *f, const char *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(f->fd, bytes + done, len - done);

		if (n < 0 && errno != EINTR)
			return tell(EXIT_SYSTEM, "cannot write %s: %s", f->temporary, strerror(errno));
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

int
fresh_finish(struct fresh *f)
{
	if (fsync(f->fd))
		return tell(EXIT_SYSTEM, "cannot write %s: %s", f->temporary, strerror(errno));
	return 0;
}

/* The rename itself must reach the disk too. */
static int
directory_sync(const char *path)
{
	char directory[FRESH_PATH_MAX];
	char *slash;
	int fd, bad;

	(void)snprintf(directory, sizeof directory, "%s", path); /* of the same size, so it fits */
	slash = strrchr(directory, '/');
	slash[slash == directory] = '\0';
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bad = fd < 0 || fsync(fd);
	if (fd >= 0)
		(void)close(fd); /* only synced */
	return bad ? tell(EXIT_SYSTEM, "cannot sync %s: %s", directory, strerror(errno)) : 0;
}

int
fresh_rename(struct fresh *f)
{
	if (rename(f->temporary, f->path))
		return tell(EXIT_SYSTEM, "cannot rename %s to %s: %s", f->temporary, f->path, strerror(errno));
	(void)close(f->fd); /* fsync has said that all is well */
	f->fd = -1;
	return directory_sync(f->path);
}

void
fresh_abandon(struct fresh *f)
{
	if (f->fd < 0)
		return;
	(void)close(f->fd);         /* it is thrown away */
	(void)unlink(f->temporary); /* the next one removes it otherwise */
	f->fd = -1;
}
