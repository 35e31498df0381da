/* The file `issuers`, and one of keys: any octets, with 0x1e between the two.  What is accepted has for each issuer what
 * it must have, and can be stored. */
#define _GNU_SOURCE
#include "issuerfile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static char dir[DIR_ROOM];
static const char *const files[] = { "issuers", "keys" };

static void
dir_remove(void)
{
	for (size_t i = 0; i < 2; i++) {
		char path[DIR_ROOM + 100];

		(void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

static void
content_put(const char *name, struct span text)
{
	char path[DIR_ROOM + 100];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0 && (text.len == 0 || write(fd, text.p, text.len) == (ssize_t)text.len) && close(fd) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct issuerfile f;
	static struct issuers again;
	static struct wr m;
	struct span rest = { data, size }, text = { NULL, 0 };

	if (dir[0] == '\0') {
		dir_temporary(dir, "issuers");
		(void)atexit(dir_remove);
	}
	if (size)
		(void)span_cut(&rest, 0x1e, &text);
	content_put("issuers", text);
	content_put("keys", rest.p ? rest : (struct span){ NULL, 0 });
	if (issuerfile_read(&f, dir, NULL) == 0) {
		for (uint8_t i = 0; i < f.issuers.count; i++) {
			const struct issuer *u = &f.issuers.issuers[i];

			MUST(u->name.len && u->claim.len && u->audience_count && u->key_count);
		}
		issuers_put(&m, &f.issuers);
		MUST(!m.bad && (f.issuers.count == 0 || issuers_get(wr_span(&m), &again) == 0));
	}
	issuerfile_free(&f);
	return 0;
}
