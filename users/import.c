/* Users of other systems into the text, and out of it again. */
#define _GNU_SOURCE
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "foreign.h"
#include "hash.h"
#include "moment.h"
#include "tell.h"
#include "verbs.h"
#include "verifier.h"

enum { FILE_MAX = 1 << 26 };

/* All of a file; malloc'ed. */
static int
file_read(const char *path, struct span *text)
{
	FILE *f = fopen(path, "re");
	char *bytes = NULL;
	size_t room = 0;
	ssize_t n;
	int bad;

	*text = (struct span){ NULL, 0 };
	if (f == NULL)
		return tell(EXIT_USAGE, "cannot open %s: %s", path, strerror(errno));
	n = getdelim(&bytes, &room, EOF, f);
	bad = ferror(f) || n > FILE_MAX;
	(void)fclose(f); /* only read from */
	if (bad) {
		free(bytes);
		return tell(EXIT_SYSTEM, "cannot read %s, or it is larger than 64 MiB", path);
	}
	*text = (struct span){ (const uint8_t *)bytes, n < 0 ? 0 : (size_t)n };
	return 0;
}

struct import {
	const struct request *r;
	struct foreign foreign;
	struct store store;
	struct hash_cost cost;
	char *lines; /* that will be appended */
	size_t lines_len;
	FILE *out; /* which writes them there */
	size_t taken, weak, skipped;
};

/* {PLAIN}PASSWORD becomes a hash, if that is wanted. */
static const char *
clear_hash(struct import *im, struct fields *f)
{
	char password[PASSWORD_MAX + 1];
	struct span clear;
	const char *fault = NULL;

	if (!foreign_is_clear(span_of(f->verifier), &clear))
		return NULL;
	if (!im->r->generate)
		return "its password is in the clear; -g makes a hash of it";
	if (clear.len == 0 || span_copy(clear, password, sizeof password))
		return "its password is empty or longer than 248 octets";
	if (hash_make(password, &im->cost, f->verifier))
		fault = "there is no memory for a hash";
	sodium_memzero(password, sizeof password);
	return fault;
}

static const char *
fields_fault(struct import *im, struct fields *f, bool *weak)
{
	uint8_t octets[VERIFIER_OCTETS_MAX];
	const struct userdb_scheme *scheme;
	struct userdb_verifier v;
	const char *fault;
	uid_t uid;
	gid_t gid;

	if ((fault = name_fault(span_of(f->name))) || (fault = clear_hash(im, f)))
		return fault;
	if (verifier_fault(span_of(f->verifier), &v, octets))
		return "its verifier is of no scheme that is accepted; add the user with a new password";
	if ((fault = uid_fault(span_of(f->uid), &uid, NULL)) || (fault = gid_fault(span_of(f->gid), &gid)) ||
	    (fault = maildrop_fault(span_of(f->maildrop))))
		return fault;
	if (userfile_find(&im->store.file, span_of(f->name)))
		return "there is a user of that name already";
	scheme = v.kind == USERDB_PASSWORD ? userdb_scheme_of(v.hash) : NULL;
	*weak = scheme && scheme->weak;
	return NULL;
}

static int
line_import(struct import *im, foreign_line *read, struct span line, size_t number)
{
	struct fields f = { .options = { .mechanisms = USERDB_BY_ALL } };
	const char *fault = read(&im->foreign, line, &f);
	char text[LINE_TEXT_MAX], expires[MOMENT_TEXT_MAX] = "";
	bool weak = false;

	if (fault == NULL && f.name[0] == '\0')
		return 0;
	if (fault == NULL)
		fault = fields_fault(im, &f, &weak);
	if (fault) {
		im->skipped++;
		(void)printf("skip\t%zu\t%s\t%s\n", number, f.name, fault); /* main looks at stdout */
		return 0;
	}
	im->taken++;
	im->weak += weak;
	if (f.options.expires)
		moment_print(f.options.expires, expires);
	(void)printf("%s\t%zu\t%s\t%s\t%s:%s\t%s%s%s%s\n", weak ? "weak" : "add", number, f.name,
		     verifier_name(span_of(f.verifier)), f.uid, f.gid, f.maildrop,
		     f.options.disabled ? "\tdisabled" : "", *expires ? "\texpires " : "", expires);
	if (line_print(&f, text))
		return EXIT_USAGE;
	(void)fprintf(im->out, "%s%s", im->lines_len || im->taken > 1 ? "\n" : "", text); /* into memory */
	return 0;
}

static int
lines_import(struct import *im, foreign_line *read, struct span text)
{
	struct span line;
	size_t number = 0;
	int status = 0;

	while (status == 0 && text.len && span_cut(&text, '\n', &line)) {
		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		status = line_import(im, read, line, ++number);
	}
	return status;
}

/* Everything that is new at once; a name that stands in the file twice is found by the parser of the text. */
static int
import_put(struct import *im)
{
	const struct edit edit = { { NULL, 0 }, im->lines };

	(void)fprintf(stderr, "%zu to add, of which %zu have a weak verifier; %zu skipped\n", im->taken, im->weak,
		      im->skipped);
	if (!im->r->write)
		return tell(0, "nothing was changed: -w writes");
	return im->taken ? edits_put(&im->store, &edit, 1) : 0;
}

static int
import_run(struct import *im, foreign_line *read, struct span text)
{
	int status;

	im->out = open_memstream(&im->lines, &im->lines_len);
	if (im->out == NULL)
		return tell(EXIT_SYSTEM, "out of memory");
	status = lines_import(im, read, text);
	if (fclose(im->out) && status == 0)
		status = tell(EXIT_SYSTEM, "out of memory");
	if (status == 0)
		status = import_put(im);
	if (im->lines)
		sodium_memzero(im->lines, im->lines_len);
	free(im->lines);
	return status;
}

static int
foreign_prepare(struct import *im, bool has_second)
{
	const struct request *r = im->r;
	const char *floor = getenv("POP3_UIDMIN");

	if (has_second != (r->third != NULL))
		return tell(EXIT_USAGE, has_second ? "this format needs a second file (of vpasswd: the domain)"
						   : "this format has no second file");
	im->foreign = (struct foreign){ .domain = r->third, .maildrop = r->maildrop, .ids = r->uid, .uidmin = 1000 };
	if (floor && span_number(span_of(floor), UINT32_MAX, &im->foreign.uidmin))
		return tell(EXIT_USAGE, "POP3_UIDMIN must be a number");
	if (has_second && strcmp(r->name, "vpasswd") != 0)
		return file_read(r->third, &im->foreign.second);
	return hash_cost_read(&im->cost);
}

int
verb_import(const struct request *r)
{
	struct import im = { .r = r, .store = { .lock = -1 } };
	struct span text = { NULL, 0 };
	bool has_second = false;
	foreign_line *read = foreign_find(r->name, &has_second);
	int status;

	if (read == NULL)
		return tell(EXIT_USAGE, "%s is no format; they are passwd-file, vpasswd, shadow and postfix", r->name);
	status = foreign_prepare(&im, has_second);
	if (status == 0)
		status = hash_cost_read(&im.cost);
	if (status == 0)
		status = file_read(r->other, &text);
	if (status == 0)
		status = store_open(&im.store, r->users, r->data, r->write ? STORE_CREATE : STORE_READ_OR_EMPTY);
	if (status == 0)
		status = import_run(&im, read, text);
	store_close(&im.store);
	free((void *)(uintptr_t)text.p);
	free((void *)(uintptr_t)im.foreign.second.p);
	return status;
}

/* Dovecot's names of schemes, where our text has none. */
static const char *
prefix_of(struct span verifier)
{
	const struct userdb_scheme *scheme = userdb_scheme_of(verifier);

	if (verifier.len && verifier.p[0] == '{')
		return "";
	if (scheme && scheme->argon2)
		return strcmp(scheme->name, "argon2id") == 0 ? "{ARGON2ID}" : "{ARGON2I}";
	return "{CRYPT}";
}

static void
networks_print(const struct options *o)
{
	char text[NETWORK_TEXT_MAX];

	for (size_t at = 0; at < o->networks_len; at += USERDB_NETWORK_BYTES) {
		struct network n = { .bits = o->networks[at] };

		memcpy(n.a.b, o->networks + at + 1, sizeof n.a.b);
		network_print(&n, text);
		(void)printf("%s%s", at ? "," : " allow_nets=", text); /* main looks at stdout */
	}
}

#define TEXT(s) (int)(s).len, (const char *)(s).p

/* As a passwd-file of Dovecot: what it has no place for is counted. */
int
verb_export(const struct request *r)
{
	struct store s;
	size_t left = 0;
	int status = store_open(&s, r->users, r->data, STORE_READ);

	for (size_t i = 0; status == 0 && i < s.file.count; i++) {
		const struct user *u = &s.file.users[i];

		(void)printf("%.*s:%s%.*s:%u:%u::%.*s::userdb_mail_path=~", TEXT(u->name), prefix_of(u->verifier),
			     TEXT(u->verifier), (unsigned)u->uid_number, (unsigned)u->gid_number, TEXT(u->maildrop));
		networks_print(&u->options);
		(void)printf("%s\n", u->options.disabled ? " nologin" : "");
		left += u->further_count + (u->options.expires != 0) + (u->options.mechanisms != USERDB_BY_ALL);
	}
	if (status == 0 && left)
		(void)tell(0,
			   "left out, because the format has no place for them: %zu app passwords, expiries and "
			   "limits to mechanisms",
			   left);
	store_close(&s);
	return status;
}
