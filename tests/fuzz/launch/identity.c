/* launch's look into users.cdb, and into /etc/passwd: any file, and nobody who must not be gets through. */
#define _GNU_SOURCE
#include "identity.h"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

static void
identity_check(const struct identity *id)
{
	MUST(id->who.uid >= 1000 && id->who.uid != UINT32_MAX && (id->who.uid < 61101 || id->who.uid > 61104) &&
	     id->who.gid);
	MUST(strncmp(id->maildrop, "/var/vmail/", 11) == 0 && !strstr(id->maildrop, "/../") &&
	     !strstr(id->maildrop, "/./"));
	MUST(strlen(id->maildrop) < 3 || strcmp(id->maildrop + strlen(id->maildrop) - 3, "/..") != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const forms[] = { "~/Maildir", "/var/vmail/%u", "~/%u/%u", "/%u%u" };
	static struct config c;
	static struct identity id;
	int fd = memfd_create("cdb", MFD_CLOEXEC);

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	c.uidmin = 1000;
	c.pop3d = (struct account){ 61101, 61101 };
	c.authd = (struct account){ 61102, 61102 };
	c.tlsd = (struct account){ 61103, 61103 };
	c.tlskey = (struct account){ 61104, 61104 };
	memcpy(c.mailbase, "/var/vmail", sizeof "/var/vmail");
	if (identity_find(fd, span_of("bob"), &c, &id) == NULL)
		identity_check(&id);
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		memcpy(c.maildir, forms[i], strlen(forms[i]) + 1);
		if (identity_of_account(fd, span_of("bob"), &c, &id) == NULL)
			identity_check(&id);
		MUST(identity_of_account(fd, span_of("b/b"), &c, &id) != NULL || strstr(forms[i], "%u") == NULL);
	}
	/* Without root there is one who may have mail: who started us. */
	c.rootless = true;
	c.self = 5000;
	if (identity_find(fd, span_of("bob"), &c, &id) == NULL)
		MUST(id.who.uid == 5000);
	c.rootless = false;
	(void)close(fd);
	return 0;
}
