/* replay: run a target over files and folders of files, each once.  The last line counts. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fuzz.h"

static int count;

static void
file_run(const char *path)
{
	FILE *f = fopen(path, "rb");
	static uint8_t room[1 << 20];
	size_t n;
	uint8_t *exact;

	MUST(f != NULL);
	n = fread(room, 1, sizeof room, f);
	(void)fclose(f);
	exact = malloc(n ? n : 1);
	MUST(exact != NULL);
	memcpy(exact, room, n);
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	count++;
}

static void
path_run(const char *path)
{
	struct stat st;
	struct dirent *e;
	char inner[4096];
	DIR *d;

	MUST(stat(path, &st) == 0);
	if (!S_ISDIR(st.st_mode)) {
		file_run(path);
		return;
	}
	d = opendir(path);
	MUST(d != NULL);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
		path_run(inner);
	}
	(void)closedir(d);
}

int
main(int argc, char **argv)
{
	/* Targets have descriptors below 200, and some what was 1. */
	int out = fcntl(1, F_DUPFD_CLOEXEC, 200);

	MUST(out >= 0);
	for (int i = 1; i < argc; i++)
		path_run(argv[i]);
	MUST(dprintf(out, "%d inputs\n", count) > 0);
	return count == 0;
}
