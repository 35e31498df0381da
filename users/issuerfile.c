#define _GNU_SOURCE
#include "issuerfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tell.h"

enum { FILE_MAX = 1 << 20 };

static bool
is(struct span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

/* All of a file that decides whose mail is read: nobody but its owner may write it.  *out is malloc'ed. */
static int
file_read(const char *path, int fd, uint8_t **out, size_t *len)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st))
		return tell(EXIT_SYSTEM, "cannot look at %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return tell(EXIT_USAGE, "%s is not a regular file of at most 1 MiB", path);
	if (st.st_mode & 022)
		return tell(EXIT_USAGE, "others can write %s, which decides who is let in; run chmod go-w %s", path,
			    path);
	*out = malloc((size_t)st.st_size + 1);
	if (*out == NULL)
		return tell(EXIT_SYSTEM, "cannot read %s: out of memory", path);
	*len = 0;
	while ((n = read(fd, *out + *len, (size_t)st.st_size + 1 - *len)) != 0) {
		if (n < 0 && errno != EINTR)
			return tell(EXIT_SYSTEM, "cannot read %s: %s", path, strerror(errno));
		*len += n > 0 ? (size_t)n : 0;
		if (*len > (size_t)st.st_size)
			return tell(EXIT_SYSTEM, "%s grows while it is read; try again", path);
	}
	return 0;
}

/* An issuer's keys: a path, from where this file is. */
static int
keys_read(struct issuerfile *f, size_t line, struct span value, keyset_note *note)
{
	char path[FRESH_PATH_MAX];
	uint8_t *text = NULL;
	const char *fault;
	size_t len, number;
	int n, fd, r;

	n = snprintf(path, sizeof path, "%s%s%.*s", value.p[0] == '/' ? "" : f->directory, value.p[0] == '/' ? "" : "/",
		     (int)value.len, (const char *)value.p);
	if (n < 0 || (size_t)n >= sizeof path)
		return tell(EXIT_USAGE, "%s:%zu: the path is too long; write a shorter one", f->path, line);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return tell(EXIT_USAGE, "%s:%zu: cannot open %s: %s; put the issuer's keys there", f->path, line, path,
			    strerror(errno));
	r = file_read(path, fd, &text, &len);
	(void)close(fd); /* only read from */
	if (r == 0 && (fault = keyset_add(&f->keys, path, (struct span){ text, len }, note, &number)) != NULL) {
		if (number)
			r = tell(EXIT_USAGE, "%s: key %zu: %s", path, number, fault);
		else
			r = tell(EXIT_USAGE, "%s: %s", path, fault);
	}
	free(text);
	return r;
}

/* What stands in quotes in the answer to a client too. */
static const char *
value_fault(struct span value)
{
	if (value.len == 0 || value.len > ISSUER_TEXT_MAX)
		return "a word and its value, of 1 to 255 octets; write issuer, keys, audience, user or scope and one";
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] <= 0x20 || value.p[i] >= 0x7f || value.p[i] == '"' || value.p[i] == '\\')
			return "the value has a blank, a quote, a backslash or something that is not printable ASCII; "
			       "write it without";
	return NULL;
}

static const char twice[] = "that is there twice; write it once for each issuer";

static const char *
issuer_begin(struct issuerfile *f, size_t line, struct span value)
{
	struct issuers *s = &f->issuers;

	if (s->count == ISSUERS_MAX)
		return "more than 8 issuers; leave out what is no longer used";
	for (uint8_t i = 0; i < s->count; i++)
		if (s->issuers[i].name.len == value.len && memcmp(s->issuers[i].name.p, value.p, value.len) == 0)
			return twice;
	f->first_line[s->count] = line;
	s->issuers[s->count++] = (struct issuer){ .name = value, .keys = s->keys + f->keys.count };
	return NULL;
}

/* A word and its value, of the issuer before it. */
static const char *
word_take(struct issuerfile *f, size_t line, struct span word, struct span value)
{
	struct issuer *u = f->issuers.count ? &f->issuers.issuers[f->issuers.count - 1] : NULL;

	if (is(word, "issuer"))
		return issuer_begin(f, line, value);
	if (u == NULL)
		return "no issuer stands before this; write issuer and its name first";
	if (is(word, "audience")) {
		if (u->audience_count == ISSUER_AUDIENCES_MAX)
			return "more than 8 audiences of one issuer; leave some out";
		u->audiences[u->audience_count++] = value;
	} else if (is(word, "user") || is(word, "scope")) {
		struct span *to = is(word, "user") ? &u->claim : &u->scope;

		if (to->len)
			return twice;
		*to = value;
	} else {
		return "an unknown word; write issuer, keys, audience, user or scope";
	}
	return NULL;
}

static struct span
trimmed(struct span s)
{
	while (s.len && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.len--;
	}
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static int
line_take(struct issuerfile *f, size_t line, struct span text, keyset_note *note)
{
	struct span rest = trimmed(text), word;
	const char *fault;
	size_t n = 0;

	if (rest.len == 0 || rest.p[0] == '#')
		return 0;
	while (n < rest.len && rest.p[n] != ' ' && rest.p[n] != '\t')
		n++;
	word = (struct span){ rest.p, n };
	rest = trimmed((struct span){ rest.p + n, rest.len - n });
	fault = value_fault(rest);
	if (fault == NULL && is(word, "keys") && f->issuers.count)
		return keys_read(f, line, rest, note);
	if (fault == NULL)
		fault = word_take(f, line, word, rest);
	return fault ? tell(EXIT_USAGE, "%s:%zu: %s", f->path, line, fault) : 0;
}

/* An issuer is whole: what it must have is there. */
static int
issuer_end(struct issuerfile *f)
{
	struct issuers *s = &f->issuers;
	const char *fault = NULL;
	struct issuer *u;

	if (s->count == 0)
		return 0;
	u = &s->issuers[s->count - 1];
	u->key_count = (uint8_t)(f->keys.count - (size_t)(u->keys - s->keys));
	if (u->key_count == 0)
		fault = "this issuer has no key that signs by RS256, ES256 or EdDSA; write keys and the file's name";
	else if (u->audience_count == 0)
		fault = "this issuer has no audience, so that tokens for other services would do; write audience and "
			"the name that tokens for this one have";
	else if (u->claim.len == 0)
		fault = "it is not said which claim names the user; write user and the claim, as in user email";
	return fault ? tell(EXIT_USAGE, "%s:%zu: %s", f->path, f->first_line[s->count - 1], fault) : 0;
}

static bool
is_issuer(struct span line)
{
	struct span t = trimmed(line);

	return t.len >= 6 && memcmp(t.p, "issuer", 6) == 0;
}

static int
text_parse(struct issuerfile *f, keyset_note *note)
{
	struct span rest = { f->text, f->len }, line;
	static struct wr m;
	int r = 0, status = 0;

	for (size_t number = 1; rest.len && span_cut(&rest, '\n', &line); number++) {
		if (is_issuer(line) && (r = issuer_end(f)) != 0)
			status = r;
		if ((r = line_take(f, number, line, note)) != 0)
			status = r;
	}
	if ((r = issuer_end(f)) != 0)
		status = r;
	if (status)
		return tell(status, "errors in %s; nothing was changed", f->path);
	memcpy(f->issuers.keys, f->keys.keys, f->keys.count * sizeof f->keys.keys[0]);
	issuers_put(&m, &f->issuers);
	return m.bad ? tell(EXIT_USAGE, "%s: more than %d octets of issuers and keys; leave some out", f->path,
			    ISSUERS_BYTES)
		     : 0;
}

int
issuerfile_read(struct issuerfile *f, const char *directory, keyset_note *note)
{
	int fd, r;

	memset(f, 0, sizeof *f);
	f->directory = directory;
	if ((size_t)snprintf(f->path, sizeof f->path, "%s/issuers", directory) >= sizeof f->path)
		return tell(EXIT_USAGE, "the name of %s is too long", directory);
	fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : tell(EXIT_SYSTEM, "cannot open %s: %s", f->path, strerror(errno));
	r = file_read(f->path, fd, &f->text, &f->len);
	(void)close(fd); /* only read from */
	return r ? r : text_parse(f, note);
}

void
issuerfile_free(struct issuerfile *f)
{
	free(f->text);
	f->text = NULL;
}
