/* Both databases out of a text, read back as launch and authd read them. */
#define _GNU_SOURCE
#include "compile.h"

#include <cdb.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"
#include "userdb.h"

#define MD5 "$1$abcdefgh$9qMkHazuSy1Q8myEum7yb/"
#define MD5_OTHER "$1$hgfedcba$9qMkHazuSy1Q8myEum7yb/"
#define SHA "$5$abcdefgh$FWXdh6oXOJQkX7oAcP02d0Gnxjct6ra8Fwv29U9RIN2"
#define SHA_DEAR "$5$rounds=99999$abcdefgh$FWXdh6oXOJQkX7oAcP02d0Gnxjct6ra8Fwv29U9RIN2"
#define ARGON "$argon2id$v=19$m=64,t=1,p=1$h44fUHKTTXXql4q+LGJJug$gaQhsKwxcVa+3goazd/SvQYATrKXWejkFGp5t1mURr4"

static char directory[] = "/tmp/test-compile-XXXXXX";

static const char *
path_of(const char *name)
{
	static char path[100];

	(void)snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

static struct span
value_at(const char *database, const char *name, size_t name_len, uint8_t value[USERDB_SECRET_MAX])
{
	int fd = open(path_of(database), O_RDONLY);
	unsigned len = 0;
	bool found = cdb_seek(fd, name, (unsigned)name_len, &len) > 0 && len <= USERDB_SECRET_MAX &&
		     cdb_bread(fd, value, (int)len) == 0;

	(void)close(fd);
	return found ? (struct span){ value, len } : (struct span){ NULL, 0 };
}

static struct span
value_of(const char *database, const char *name, uint8_t value[USERDB_SECRET_MAX])
{
	return value_at(database, name, strlen(name), value);
}

static struct userfile
parsed(const char *text)
{
	struct userfile f = { .path = "users", .text = span_of(text) };

	CHECK_EQ(userfile_parse(&f, stdout), 0);
	return f;
}

static bool
is(struct span a, const char *b)
{
	return a.len == strlen(b) && (a.len == 0 || memcmp(a.p, b, a.len) == 0);
}

static void
test_pair(void)
{
	struct userfile f = parsed("bob:" MD5 ":5000:5001:/var/vmail/bob:\neve:" MD5 ":5002:5003:/eve:disabled\n");
	static uint8_t v[USERDB_SECRET_MAX];
	struct userdb_secret s;
	struct userdb_user u;
	struct compiled c;
	struct stat st;

	CHECK_EQ(compile_make(&c, &f, directory), 0);
	CHECK_EQ(access(path_of("users.cdb"), F_OK), -1); /* not before the rename */
	CHECK_EQ(compile_rename(&c), 0);
	CHECK_EQ(userdb_user_get(value_of("users.cdb", "bob", v), &u), 0);
	CHECK(u.uid == 5000 && u.gid == 5001 && is(u.maildrop, "/var/vmail/bob"));
	CHECK_EQ(userdb_user_get(value_of("users.cdb", "eve", v), &u), 0);
	CHECK(u.uid == 5002 && u.gid == 5003 && is(u.maildrop, "/eve"));
	CHECK_EQ(value_of("users.cdb", "", v).len, 0);
	CHECK_EQ(value_of("users.cdb", "al", v).len, 0);
	CHECK_EQ(userdb_secret_get(value_of("secrets.cdb", "bob", v), &s), 0);
	CHECK(s.flags == 0 && s.count == 1 && is(s.verifiers[0].hash, MD5));
	CHECK_EQ(s.verifiers[0].mechanisms, USERDB_BY_ALL);
	CHECK_EQ(userdb_secret_get(value_of("secrets.cdb", "eve", v), &s), 0);
	CHECK(s.flags == USERDB_DISABLED && is(s.verifiers[0].hash, MD5));
	CHECK_EQ(userdb_secret_get(value_of("secrets.cdb", "", v), &s), 0);
	CHECK(s.flags == 0 && memcmp(s.verifiers[0].hash.p, "$1$", 3) == 0 && !is(s.verifiers[0].hash, MD5));
	CHECK(stat(path_of("secrets.cdb"), &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(stat(path_of("users.cdb"), &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(stat(path_of("slots"), &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_size == 0);
	CHECK(stat(path_of("sessions"), &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_size == 0);
	CHECK(stat(path_of("shared.key"), &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_size == 32);
	CHECK_EQ(access(path_of("users.cdb.new"), F_OK), -1);
	CHECK_EQ(access(path_of("secrets.cdb.new"), F_OK), -1);
	userfile_free(&f);
}

/* All verifiers of a user, and what outlives every compilation: the server secret and the key of shared secrets. */
static void
test_further(void)
{
	static const char text[] = "bob:" MD5 ":5000:5001:/bob:from=10.0.0.0/8\nbob:" SHA
				   ":label=phone,by=pass,created=2026-11-25,expires=2027-11-25\nbob:{SHARED}"
				   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:label=\n";
	uint8_t before[USERDB_SERVER_BYTES], after[USERDB_SERVER_BYTES];
	struct userfile f = parsed(text);
	static uint8_t v[USERDB_SECRET_MAX];
	struct stat key, same_key;
	struct userdb_secret s;
	struct compiled c;

	CHECK_EQ(userdb_server_get(value_at("secrets.cdb", "", 1, v), before), 0);
	CHECK_EQ(stat(path_of("shared.key"), &key), 0);
	CHECK_EQ(compile_make(&c, &f, directory) | compile_rename(&c), 0);
	CHECK_EQ(userdb_secret_get(value_of("secrets.cdb", "bob", v), &s), 0);
	CHECK_EQ(s.count, 3);
	CHECK(is(s.verifiers[0].hash, MD5) && s.verifiers[0].networks.len == 17 && s.verifiers[0].label.len == 0);
	CHECK(s.verifiers[1].kind == USERDB_SHARED && s.verifiers[1].nonce.len == 24 && s.verifiers[1].box.len == 30);
	CHECK(is(s.verifiers[2].hash, SHA) && is(s.verifiers[2].label, "phone"));
	CHECK(s.verifiers[2].mechanisms == USERDB_BY_PASS && s.verifiers[2].created == 1795564800);
	CHECK_EQ(s.verifiers[2].expires, 1827100800);
	CHECK_EQ(userdb_server_get(value_at("secrets.cdb", "", 1, v), after), 0);
	CHECK(memcmp(before, after, sizeof after) == 0);
	CHECK_EQ(stat(path_of("shared.key"), &same_key), 0);
	CHECK_EQ(key.st_ino, same_key.st_ino);
	userfile_free(&f);
}

static void
test_nobody(void)
{
	struct userfile f = parsed("# nobody\n");
	static uint8_t v[USERDB_SECRET_MAX];
	struct userdb_secret s;
	struct compiled c;

	CHECK_EQ(compile_make(&c, &f, directory), 0);
	CHECK_EQ(compile_rename(&c), 0);
	CHECK_EQ(userdb_secret_get(value_of("secrets.cdb", "", v), &s), 0);
	CHECK(memcmp(s.verifiers[0].hash.p, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0);
	CHECK_EQ(value_of("users.cdb", "bob", v).len, 0);
	userfile_free(&f);
}

/* What is abandoned, or cannot be begun, leaves the old pair alone. */
static void
test_abandoned(void)
{
	struct userfile f = parsed("al:" MD5 ":5000:5001:/al:\n");
	struct stat before, after;
	struct compiled c;

	CHECK_EQ(stat(path_of("users.cdb"), &before), 0);
	CHECK_EQ(compile_make(&c, &f, directory), 0);
	compile_abandon(&c);
	CHECK_EQ(mkdir(path_of("users.cdb.new"), 0700), 0);
	CHECK_EQ(compile_make(&c, &f, directory), 111);
	CHECK_EQ(rmdir(path_of("users.cdb.new")), 0);
	CHECK_EQ(access(path_of("secrets.cdb.new"), F_OK), -1);
	CHECK_EQ(stat(path_of("users.cdb"), &after), 0);
	CHECK_EQ(before.st_ino, after.st_ino);
	CHECK_EQ(compile_make(&c, &f, "/nonexistent"), 111);
	userfile_free(&f);
}

static void
usual(const char *text, const char *wanted)
{
	struct userfile f = parsed(text);

	CHECK(is(compile_usual(&f), wanted));
	userfile_free(&f);
}

static void
test_usual(void)
{
	usual("", "");
	usual("a:" SHA ":1:1:/a:\n", SHA);
	usual("a:" MD5 ":1:1:/a:\nb:" SHA ":1:1:/b:\nc:" MD5_OTHER ":1:1:/c:\n", MD5);
	usual("a:" SHA_DEAR ":1:1:/a:\nb:" MD5 ":1:1:/b:\nc:" SHA ":1:1:/c:\nd:" SHA_DEAR ":1:1:/d:\n", SHA_DEAR);
	usual("a:" ARGON ":1:1:/a:\nb:" SHA ":1:1:/b:\nc:" ARGON ":1:1:/c:\n", ARGON);
}

int
main(void)
{
	CHECK(sodium_init() >= 0 && mkdtemp(directory));
	test_pair();
	test_further();
	test_nobody();
	test_abandoned();
	test_usual();
	(void)unlink(path_of("users.cdb"));
	(void)unlink(path_of("secrets.cdb"));
	(void)unlink(path_of("slots"));
	(void)unlink(path_of("sessions"));
	(void)unlink(path_of("shared.key"));
	(void)unlink(path_of("guesses"));
	(void)unlink(path_of("logins"));
	CHECK_EQ(rmdir(directory), 0); /* nothing else was left in it */
	return check_end();
}
