#define _GNU_SOURCE
#include "certificates.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"

enum { PATH_ROOM = 1024 };

/* RSA and ECDSA side by side. */
static const struct kind {
	const char *chain, *key, *ocsp;
} kinds[] = {
	{ "fullchain.pem", "privkey.pem", "ocsp.der" },
	{ "fullchain-ecdsa.pem", "privkey-ecdsa.pem", "ocsp-ecdsa.der" },
};

/* Returns -1 if there is no such file.  Symbolic links are followed: certbot's are some, and the directory is root's. */
static int
file_open(const char *path, const char *name, const char *file)
{
	char whole[PATH_ROOM];
	int fd;
	struct stat st;

	if (snprintf(whole, sizeof whole, "%s%s%s%s%s", path, *file ? "/" : "", name, *name ? "/" : "", file) >=
	    (int)sizeof whole)
		die_usage("%s/%s: the name is too long", path, name);
	fd = openat(AT_FDCWD, whole, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return -1;
	if (fd < 0 || fstat(fd, &st))
		die_sys("cannot open %s", whole);
	if (!S_ISREG(st.st_mode))
		die_usage("%s: must be a regular file", whole);
	if (strncmp(file, "privkey", 7) == 0 && st.st_mode & 07)
		die_usage("%s: everybody can read or write this private key: chmod 0600 it", whole);
	/* The room that it is for has it after exec; all others close it. */
	if (fcntl(fd, F_SETFD, 0) < 0)
		die_sys("cannot prepare %s", whole);
	return fd;
}

static void
pair_open(struct certificates *c, const char *path, const char *name, const struct kind *k)
{
	int chain = file_open(path, name, k->chain);

	if (chain < 0)
		return;
	if (c->count == KEYS_MAX)
		die_usage("%s: more than %d certificates: serve some of them on another port", path, KEYS_MAX);
	(void)snprintf(c->name[c->count], sizeof c->name[0], "%s", *name ? name : "default");
	c->chain[c->count] = c->public_files[c->public_count++] = chain;
	c->ocsp[c->count] = file_open(path, name, k->ocsp);
	if (c->ocsp[c->count] >= 0)
		c->public_files[c->public_count++] = c->ocsp[c->count];
	c->key[c->count] = file_open(path, name, k->key);
	if (c->key[c->count] < 0)
		die_usage("%s/%s: %s is there, but no %s", path, name, k->chain, k->key);
	c->count++;
}

static void
pairs_open(struct certificates *c, const char *path, const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		pair_open(c, path, name, &kinds[i]);
}

/* Descriptors that are ascending need no sorting: each is the lowest free number, and none is closed meanwhile but the
 * directory's, so that one is closed first. */
static unsigned
names_list(const char *path, char names[KEYS_MAX][CERTIFICATE_NAME_MAX + 1])
{
	DIR *d = opendir(path);
	unsigned n = 0;
	struct dirent *e;

	if (d == NULL)
		die_sys("cannot open the directory of certificates %s (POP3_TLS)", path);
	while ((void)(errno = 0), (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || (e->d_type != DT_DIR && e->d_type != DT_LNK && e->d_type != DT_UNKNOWN) ||
		    strchr(e->d_name, ':'))
			continue;
		if (n == KEYS_MAX)
			die_usage("%s: more than %d names: serve some of them on another port", path, KEYS_MAX);
		(void)snprintf(names[n++], CERTIFICATE_NAME_MAX + 1, "%s", e->d_name);
	}
	if (errno)
		die_sys("cannot list the directory of certificates %s (POP3_TLS)", path);
	(void)closedir(d);
	return n;
}

static int
names_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The whole path; first of all, so that its number is the lowest. */
static int
authorities_open(struct certificates *c, const char *path)
{
	int fd = path[0] == '/' ? file_open(path, "", "") : -1;

	if (path[0] == '/' && fd < 0)
		die_sys("cannot open the authorities %s (POP3_TLSCLIENT)", path);
	if (fd >= 0)
		c->public_files[c->public_count++] = fd;
	return fd;
}

void
certificates_open(struct certificates *c, const char *path, const char *authorities)
{
	static char names[KEYS_MAX][CERTIFICATE_NAME_MAX + 1];
	unsigned n = names_list(path, names);

	c->authorities = authorities_open(c, authorities);
	/* In an order that does not depend on the file system: the first is served where nothing is the default. */
	qsort(names, n, sizeof names[0], names_compare);
	pairs_open(c, path, "");
	for (unsigned i = 0; i < n; i++)
		pairs_open(c, path, names[i]);
}

/* Nobody gains by making two states alike: both are root's. */
static uint64_t
file_mark(int directory, const char *path)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	struct stat st;

	if (fstatat(directory, path, &st, 0))
		return 0;
	const uint64_t parts[] = { st.st_dev,
				   st.st_ino,
				   (uint64_t)st.st_size,
				   (uint64_t)st.st_mtim.tv_sec,
				   (uint64_t)st.st_mtim.tv_nsec,
				   (uint64_t)st.st_ctim.tv_sec,
				   (uint64_t)st.st_ctim.tv_nsec };
	uint64_t mark = odd;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		mark = ((mark << 7 | mark >> 57) ^ parts[i]) * odd;
	return mark;
}

/* A sum, so that the order of a directory does not count. */
static uint64_t
files_mark(int directory, const char *name)
{
	char path[PATH_ROOM];
	uint64_t mark = file_mark(directory, name);

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const char *const files[] = { kinds[i].chain, kinds[i].key, kinds[i].ocsp };

		for (size_t j = 0; j < 3; j++) {
			(void)snprintf(path, sizeof path, "%s/%s", name, files[j]); /* it fits */
			mark += file_mark(directory, path);
		}
	}
	return mark;
}

uint64_t
certificates_mark(const char *path, const char *authorities)
{
	DIR *d = opendir(path);
	uint64_t mark = file_mark(AT_FDCWD, authorities);
	struct dirent *e;

	if (d == NULL)
		return mark;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' || e->d_name[1] == '\0')
			mark += files_mark(dirfd(d), e->d_name);
	(void)closedir(d);
	return mark;
}

void
certificates_close(struct certificates *c)
{
	for (unsigned i = 0; i < c->public_count; i++)
		(void)close(c->public_files[i]); /* only read from */
	for (unsigned i = 0; i < c->count; i++)
		(void)close(c->key[i]); /* the same */
	c->count = c->public_count = 0;
}
