/* launch's settings as files in a directory: any names, any contents.  What is accepted is within its bounds, and is what
 * stands in the files. */
#define _GNU_SOURCE
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

enum { FILES = 6, LAST_FD = 190 };

static char dir[DIR_ROOM];

static void
dir_remove(void)
{
	(void)rmdir(dir);
}

/* Up to the next NUL. */
static size_t
text_next(struct take *t, char *to, size_t room)
{
	size_t n = 0;

	while (t->len && *t->p && n < room - 1)
		to[n++] = (char)take_u8(t);
	(void)take_u8(t);
	to[n] = '\0';
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config c;
	static bool there;
	static char *nothing[] = { NULL };
	char names[FILES][80], content[1000], path[DIR_ROOM + 100], **before = environ, host[1000] = "";
	struct take t = { data, size };
	unsigned made = 0;

	if (!there) {
		dir_temporary(dir, "settings");
		(void)atexit(dir_remove);
		there = true;
	}
	while (t.len && made < FILES) {
		size_t n = text_next(&t, names[made], sizeof names[0]), len = text_next(&t, content, sizeof content);
		int fd;

		if (n == 0 || strchr(names[made], '/') || strcmp(names[made], ".") == 0 ||
		    strcmp(names[made], "..") == 0)
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[made]);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			continue;
		MUST(write(fd, content, len) == (ssize_t)len);
		(void)close(fd);
		if (strcmp(names[made], "POP3_HOST") == 0)
			(void)snprintf(host, sizeof host, "%s", content);
		made++;
	}
	environ = nothing;
	if (!REFUSED_IS_FINE()) {
		config_load(&c, dir);
		MUST(c.rooms[0] == '/' && c.empty[0] == '/' && c.data[0] == '/' && c.mailbase[0] == '/');
		MUST(c.uidmin >= 1 && c.idle >= 600 && c.idle <= 86400 && c.session >= 600 && c.tries >= 1 &&
		     c.tries <= 100);
		MUST(c.slots >= 1 && c.slots <= 1024 && c.plainok <= 1 && c.keepnew <= 1 && c.nolandlock <= 1 &&
		     c.rootless <= 1);
		MUST(strlen(c.host) <= 255 && !strpbrk(c.host, "<>[] \r\n") && c.proxies <= PROXIES_MAX);
		MUST(host[0] == '\0' || strncmp(host, c.host, strlen(c.host)) == 0);
	}
	environ = before;
	(void)syscall(SYS_close_range, 3, LAST_FD, 0); /* who refuses closes nothing */
	for (unsigned i = 0; i < made; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	return 0;
}
