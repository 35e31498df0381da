/* What an administrator gives for a client's certificate: a name, a fingerprint, or any file.  What comes out of it is a
 * verifier without fault. */
#define _GNU_SOURCE
#include "certificate.h"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "verifier.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	bool file = take_u8(&t) & 1;
	size_t len;
	char *what = (char *)take_copy(&t, file ? 4000 : 400, &len), *text = strndup(what, len), path[40];
	char out[CERTIFICATE_TEXT_MAX];
	uint8_t octets[VERIFIER_OCTETS_MAX];
	struct userdb_verifier v;
	int fd = memfd_create("certificate", 0);

	MUST(text != NULL && fd >= 0 && write(fd, what, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (certificate_verifier(file ? path : text, out) == 0 && (file || strncmp(text, "name:", 5) != 0))
		MUST(verifier_fault(span_of(out), &v, octets) == NULL && v.kind == USERDB_FINGERPRINT);
	(void)close(fd);
	free(text);
	free(what);
	return 0;
}
