#define _GNU_SOURCE
#include "certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"
#include "pem.h"
#include "tell.h"

enum { FILE_MAX = 65536 };

static const char name_prefix[] = "name:";

/* Hexadecimal digits, with colons between them or not, for just so many octets. */
static bool
fingerprint_read(const char *text, uint8_t digest[FINGERPRINT_BYTES])
{
	size_t len;

	return sodium_hex2bin(digest, FINGERPRINT_BYTES, text, strlen(text), ":", &len, NULL) == 0 &&
	       len == FINGERPRINT_BYTES;
}

static int
file_digest(const char *path, uint8_t digest[FINGERPRINT_BYTES])
{
	static uint8_t text[FILE_MAX], der[FILE_MAX];
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
	struct span rest = { text, n > 0 ? (size_t)n : 0 };
	struct pem block;
	int error = errno;

	if (fd >= 0)
		(void)close(fd); /* only read from */
	if (n < 0)
		return tell(EXIT_USAGE, "%s is no fingerprint and cannot be read: %s", path, strerror(error));
	while (pem_next(&rest, &block, der, sizeof der) == 1)
		if (block.label.len == 11 && memcmp(block.label.p, "CERTIFICATE", 11) == 0) {
			(void)crypto_hash_sha256(digest, der, block.len); /* cannot fail */
			return 0;
		}
	return tell(EXIT_USAGE, "%s has no certificate in PEM; write one, its fingerprint, or name:NAME", path);
}

int
certificate_verifier(const char *what, char out[CERTIFICATE_TEXT_MAX])
{
	uint8_t digest[FINGERPRINT_BYTES];
	char hex[2 * FINGERPRINT_BYTES + 1];
	int status;

	if (strncmp(what, name_prefix, sizeof name_prefix - 1) == 0) {
		if (strlen(what) > USER_MAX || strchr(what, ':') != strrchr(what, ':'))
			return tell(EXIT_USAGE, "the certified name has a colon or is too long; write another");
		(void)snprintf(out, CERTIFICATE_TEXT_MAX, "{CERT-NAME}%s", what + sizeof name_prefix - 1);
		return 0;
	}
	if (!fingerprint_read(what, digest) && (status = file_digest(what, digest)) != 0)
		return status;
	(void)sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
	(void)snprintf(out, CERTIFICATE_TEXT_MAX, "{CERT-SHA-256}%s", hex);
	return 0;
}
