/* Identity: what a verified name may mean, and what is refused whoever verified it. */
#define _GNU_SOURCE
#include "identity.h"

#include <cdb.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string.h>

#include "check.h"
#include "userdb.h"

static struct config config = { .uidmin = 1000,
				.mailbase = "/var/vmail",
				.pop3d = { 61101, 61101 },
				.authd = { 61102, 61102 },
				.tlsd = { 61103, 61103 } };
static struct identity id;

static void
value_make(struct wr *m, uint32_t uid, uint32_t gid, const char *maildrop)
{
	userdb_user_put(m, &(struct userdb_user){ uid, gid, span_of(maildrop) });
}

/* Why bob is refused when his record holds these bytes; NULL if he is not. */
static const char *
refused_bytes(struct span value)
{
	struct cdb_make make;
	int fd = memfd_create("users.cdb", 0);
	const char *why;

	CHECK(fd >= 0 && cdb_make_start(&make, fd) == 0);
	CHECK(cdb_make_add(&make, "bob", 3, value.p, (unsigned)value.len) == 0 && cdb_make_finish(&make) == 0);
	why = identity_find(fd, span_of("bob"), &config, &id);
	CHECK(identity_find(fd, span_of("eve"), &config, &id) != NULL);
	(void)close(fd);
	return why;
}

static const char *
refused(uint32_t uid, uint32_t gid, const char *maildrop)
{
	static struct wr m;

	value_make(&m, uid, gid, maildrop);
	return refused_bytes(wr_span(&m));
}

static void
damaged(void)
{
	static struct wr m;
	static uint8_t big[5000];

	value_make(&m, 5000, 5000, "/var/vmail/bob");
	for (size_t n = 0; n < m.len; n++)
		CHECK(refused_bytes((struct span){ m.b, n }) != NULL);
	m.b[m.len++] = 0;
	CHECK(refused_bytes(wr_span(&m)) != NULL);
	CHECK(refused_bytes((struct span){ big, sizeof big }) != NULL);
}

/* Why bob's line in /etc/passwd is refused, with that form of maildrops. */
static const char *
account_refused(const char *line, const char *form)
{
	int fd = memfd_create("passwd", 0);
	const char *why;

	CHECK(fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line));
	memcpy(config.maildir, form, strlen(form) + 1);
	why = identity_of_account(fd, span_of("bob"), &config, &id);
	(void)close(fd);
	return why;
}

static void
accounts(void)
{
	static const char home[] = "~/Maildir";
	char form[TEXT_MAX] = "/var/vmail/";

	CHECK(account_refused("al:x:1:1:::\nbob:x:5000:5001:Bob:/var/vmail/bob:/bin/sh\n", home) == NULL);
	CHECK(id.who.uid == 5000 && id.who.gid == 5001 && strcmp(id.maildrop, "/var/vmail/bob/Maildir") == 0);
	CHECK(account_refused("bob:x:5000:5001::/nowhere:\n", "/var/vmail/%u") == NULL);
	CHECK(strcmp(id.maildrop, "/var/vmail/bob") == 0);
	CHECK(account_refused("bob:x:5000:5001::/nowhere:\n", "/var/vmail/%u/%u%") == NULL);
	CHECK(strcmp(id.maildrop, "/var/vmail/bob/bob%") == 0);
	CHECK(account_refused("bob:x:0:5001::/var/vmail/bob:\n", home) != NULL);
	CHECK(account_refused("bob:x:999:5001::/var/vmail/bob:\n", home) != NULL);
	CHECK(account_refused("bob:x:5000:0::/var/vmail/bob:\n", home) != NULL);
	CHECK(account_refused("bob:x:4294967296:5001::/var/vmail/bob:\n", home) != NULL);
	CHECK(account_refused("bob:x::5001::/var/vmail/bob:\n", home) != NULL);
	CHECK(account_refused("bob:x:+5000:5001::/var/vmail/bob:\n", home) != NULL);
	CHECK(account_refused("bob:x:61103:5001::/var/vmail/bob:\n", home) != NULL); /* tlsd's */
	CHECK(account_refused("bob:x:5000:5001::/home/bob:\n", home) != NULL);
	CHECK(account_refused("bob:x:5000:5001:::\n", home) != NULL);
	CHECK(account_refused("bob:x:5000:5001::/var/vmail/bob:\n", "~/../eve") != NULL);
	CHECK(account_refused("bob:x:5000:5001::/var/vmail/bob\n", home) != NULL);
	CHECK(account_refused("bob:x:5000:5001::/var/vmail/bob:::\n", home) != NULL);
	CHECK(account_refused("bob:x:5000:5001::/var/vmail/bob:", home) != NULL);
	CHECK(account_refused("", home) != NULL);
	for (size_t n = strlen(form); n + 2 < TEXT_MAX; n += 2)
		memcpy(form + n, "%u", 3);
	CHECK(account_refused("bob:x:5000:5001::/var/vmail/bob:\n", form) == NULL);
	CHECK(identity_of_account(-1, span_of("bob"), &config, &id) != NULL);
}

int
main(void)
{
	CHECK(refused(5000, 5000, "/var/vmail/bob/Maildir") == NULL);
	CHECK(id.who.uid == 5000 && id.who.gid == 5000 && strcmp(id.maildrop, "/var/vmail/bob/Maildir") == 0);
	CHECK(refused(1000, 8, "/var/vmail/bob") == NULL); /* the floor itself; a system group */
	CHECK(refused(999, 5000, "/var/vmail/bob") != NULL);
	CHECK(refused(0, 5000, "/var/vmail/bob") != NULL);
	CHECK(refused(5000, 0, "/var/vmail/bob") != NULL);
	CHECK(refused(UINT32_MAX, 5000, "/var/vmail/bob") != NULL);
	CHECK(refused(5000, UINT32_MAX, "/var/vmail/bob") != NULL);
	CHECK(refused(61101, 5000, "/var/vmail/bob") != NULL);
	CHECK(refused(61102, 5000, "/var/vmail/bob") != NULL);
	CHECK(refused(5000, 5000, "/var/vmail") != NULL);
	CHECK(refused(5000, 5000, "/var/vmail/") != NULL);
	CHECK(refused(5000, 5000, "/var/vmailer/bob") != NULL);
	CHECK(refused(5000, 5000, "/var/vmail/../etc") != NULL);
	CHECK(refused(5000, 5000, "/var/vmail/./bob") != NULL);
	CHECK(refused(5000, 5000, "/var/vmail//bob") != NULL);
	CHECK(refused(5000, 5000, "/var/vmail/bob/..") != NULL);
	CHECK(refused(5000, 5000, "/etc") != NULL);
	CHECK(refused(5000, 5000, "/var/vmail/..bob/.x...") == NULL);
	memcpy(config.mailbase, "/var/vmail/", 12);
	CHECK(refused(5000, 5000, "/var/vmail/bob") == NULL);
	memcpy(config.mailbase, "/", 2);
	CHECK(refused(5000, 5000, "/home/bob/Maildir") == NULL);
	damaged();
	memcpy(config.mailbase, "/var/vmail", 11);
	accounts();
	memcpy(config.mailbase, "/", 2);
	config.rootless = 1;
	config.self = 5000;
	CHECK(refused(5000, 5000, "/home/bob/Maildir") == NULL);
	CHECK(refused(5001, 5000, "/home/bob/Maildir") != NULL);
	return check_end();
}
