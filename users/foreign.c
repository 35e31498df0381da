#include "foreign.h"

#include <stdio.h>
#include <string.h>

#include "shadow.h"

static const char no_room[] = "a field is too long";
static const char no_ids[] = "it says no uid and gid; give them with -u UID:GID";
static const char no_maildrop[] = "it says no home; give the maildrop with -m";

static bool
is(struct span s, const char *word)
{
	return s.len == strlen(word) && (s.len == 0 || memcmp(s.p, word, s.len) == 0);
}

static bool
begins(struct span s, const char *word, struct span *rest)
{
	size_t n = strlen(word);

	if (s.len < n || memcmp(s.p, word, n) != 0)
		return false;
	*rest = (struct span){ s.p + n, s.len - n };
	return true;
}

struct span
foreign_verifier(struct span verifier)
{
	static const char *const prefixes[] = { "{CRYPT}",     "{SHA512-CRYPT}", "{SHA256-CRYPT}", "{BLF-CRYPT}",
						"{MD5-CRYPT}", "{ARGON2ID}",     "{ARGON2I}" };
	struct span rest;

	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (begins(verifier, prefixes[i], &rest))
			return rest;
	return verifier;
}

bool
foreign_is_clear(struct span verifier, struct span *password)
{
	return begins(verifier, "{PLAIN}", password) || begins(verifier, "{CLEAR}", password) ||
	       begins(verifier, "{CLEARTEXT}", password);
}

/* Append to a path; false when it does not fit. */
static bool
append(char out[USERDB_MAILDROP_MAX + 1], struct span s)
{
	size_t n = strlen(out);

	return span_copy(s, out + n, USERDB_MAILDROP_MAX + 1 - n) == 0;
}

/* The pattern of -m with its % replaced. */
static const char *
pattern_fill(const char *pattern, const char *name, char out[USERDB_MAILDROP_MAX + 1])
{
	struct span domain = span_of(name), local = { NULL, 0 }, whole = span_of(name);

	(void)span_cut(&domain, '@', &local); /* there is always a first piece */
	out[0] = '\0';
	for (const char *p = pattern; *p; p++) {
		struct span piece = { (const uint8_t *)p, 1 };

		if (*p == '%' && strchr("und", p[1]) && p[1]) {
			p++;
			piece = *p == 'u' ? whole : *p == 'n' ? local : domain;
		}
		if (piece.p == NULL)
			return "the name has no domain, which -m asks for";
		if (memchr(piece.p, '/', piece.len) && piece.len > 1)
			return "the name has a slash";
		if (!append(out, piece))
			return no_room;
	}
	return NULL;
}

static const char *
maildrop_fill(const struct foreign *in, struct span home, const char *below, struct fields *f)
{
	if (in->maildrop)
		return pattern_fill(in->maildrop, f->name, f->maildrop);
	if (home.len == 0)
		return no_maildrop;
	while (home.len > 1 && home.p[home.len - 1] == '/')
		home.len--;
	f->maildrop[0] = '\0';
	return append(f->maildrop, home) && append(f->maildrop, span_of(below)) ? NULL : no_room;
}

static const char *
ids_fill(const struct foreign *in, struct span uid, struct span gid, struct fields *f)
{
	struct span rest = span_of(in->ids ? in->ids : ""), given = { NULL, 0 };

	if (uid.len == 0 || gid.len == 0) {
		(void)span_cut(&rest, ':', &given); /* there is always a first piece */
		if (uid.len == 0)
			uid = given;
		if (gid.len == 0)
			gid = rest;
	}
	if (uid.len == 0 || gid.len == 0)
		return no_ids;
	return span_copy(uid, f->uid, sizeof f->uid) || span_copy(gid, f->gid, sizeof f->gid) ? no_room : NULL;
}

static const char *
name_fill(struct span local, const char *domain, struct fields *f)
{
	int n = snprintf(f->name, sizeof f->name, "%.*s%s%s", (int)(local.len > USER_MAX ? USER_MAX + 1 : local.len),
			 (const char *)local.p, domain ? "@" : "", domain ? domain : "");

	if (n < 0 || (size_t)n >= sizeof f->name) {
		f->name[USER_MAX] = '\0';
		return no_room;
	}
	return NULL;
}

static const char *
verifier_fill(struct span verifier, struct fields *f)
{
	struct span v = foreign_verifier(verifier);

	return span_copy(v, f->verifier, sizeof f->verifier) ? no_room : NULL;
}

/* allow_nets=A,B of Dovecot. */
static const char *
networks_fill(struct span list, struct fields *f)
{
	struct span one;

	while (span_cut(&list, ',', &one))
		if (options_add_network(&f->options, one))
			return "allow_nets has something that is no address, or more than 8 of them";
	return NULL;
}

/* The extra fields of Dovecot that say something to us; *mail is where the mail is. */
static const char *
extra_fill(struct span extra, struct span *mail, struct fields *f)
{
	struct span one, value;
	const char *fault;

	*mail = (struct span){ NULL, 0 };
	while (extra.len && span_cut(&extra, ' ', &one)) {
		if (begins(one, "userdb_mail_path=", mail) || begins(one, "userdb_mail=maildir:", mail))
			continue;
		if (begins(one, "userdb_mail=", &value))
			return "its mail is in no Maildir";
		if (begins(one, "allow_nets=", &value) && (fault = networks_fill(value, f)) != NULL)
			return fault;
		if (begins(one, "nologin", &value) && (value.len == 0 || value.p[0] == '='))
			f->options.disabled = true;
	}
	return NULL;
}

/* "~" and "~/PATH" are in the home. */
static const char *
mail_fill(const struct foreign *in, struct span home, struct span mail, struct fields *f)
{
	struct span below;

	if (mail.len == 0 || in->maildrop)
		return maildrop_fill(in, home, "/Maildir", f);
	if (is(mail, "~"))
		return maildrop_fill(in, home, "", f);
	if (!begins(mail, "~/", &below))
		return maildrop_fill(in, mail, "", f);
	if (home.len == 0)
		return no_maildrop;
	while (below.len && below.p[below.len - 1] == '/')
		below.len--;
	return maildrop_fill(in, home, "/", f) || !append(f->maildrop, below) ? no_room : NULL;
}

/* user:password:uid:gid:gecos:home:shell:extra; the end may be missing. */
static const char *
dovecot_line(const struct foreign *in, struct span line, struct fields *f)
{
	struct span fields[7] = { { NULL, 0 } }, mail, password;
	const char *fault;

	if (line.len == 0 || line.p[0] == '#')
		return NULL;
	for (size_t i = 0; i < 7; i++)
		if (!span_cut(&line, ':', &fields[i]))
			break;
	password = fields[1];
	/* libpam-pwdfile's length of the hash. */
	if (password.len > 4 && (memcmp(password.p + password.len - 4, "[13]", 4) == 0 ||
				 memcmp(password.p + password.len - 4, "[34]", 4) == 0))
		password.len -= 4;
	if ((fault = name_fill(fields[0], NULL, f)) || (fault = verifier_fill(password, f)) ||
	    (fault = ids_fill(in, fields[2], fields[3], f)) || (fault = extra_fill(line, &mail, f)))
		return fault;
	return mail_fill(in, fields[5], mail, f);
}

/* user:hash:kind:flags:gecos:dir:quota of vpopmail. */
static const char *
vpasswd_line(const struct foreign *in, struct span line, struct fields *f)
{
	enum { NO_POP = 2 };
	struct span fields[6] = { { NULL, 0 } };
	const char *fault;
	uint64_t flags = 0;

	if (line.len == 0)
		return NULL;
	for (size_t i = 0; i < 6; i++)
		if (!span_cut(&line, ':', &fields[i]))
			return "not seven fields";
	(void)span_number(fields[3], UINT32_MAX, &flags); /* some have none */
	f->options.disabled = flags & NO_POP;
	if ((fault = name_fill(fields[0], in->domain, f)) || (fault = verifier_fill(fields[1], f)) ||
	    (fault = ids_fill(in, (struct span){ NULL, 0 }, (struct span){ NULL, 0 }, f)))
		return fault;
	return maildrop_fill(in, fields[5], "/Maildir", f);
}

/* In the second file, the fields behind the name. */
static bool
second_find(const struct foreign *in, struct span name, struct span *found)
{
	struct span rest = in->second, line, first;

	while (rest.len && span_cut(&rest, '\n', &line)) {
		*found = line;
		if (span_cut(found, ':', &first) && first.len == name.len && name.len &&
		    memcmp(first.p, name.p, name.len) == 0)
			return true;
	}
	return false;
}

/* Behind the name, hash:lastchange:min:max:warn:inactive:expire:reserved, in days.  Ages and ends become the expiry. */
static const char *
shadow_fill(const struct foreign *in, struct span name, struct fields *f)
{
	struct span fields[SHADOW_FIELDS] = { name }, rest;
	struct shadow s;

	if (!second_find(in, name, &rest))
		return "it has no line in the second file";
	for (size_t i = 1; i < SHADOW_FIELDS && span_cut(&rest, ':', &fields[i]); i++)
		;
	if (shadow_read(fields, &s))
		return "a number in its line of the second file is none; correct it with chage";
	if (s.hash.len == 0)
		return s.locked && fields[1].len ? "it is locked, and has no password" : "it has no password";
	f->options.disabled = s.locked;
	f->options.expires = s.expires;
	return verifier_fill(s.hash, f);
}

/* name:x:uid:gid:gecos:home:shell, and the second file is shadow. */
static const char *
passwd_line(const struct foreign *in, struct span line, struct fields *f)
{
	struct span fields[6] = { { NULL, 0 } };
	const char *fault;
	uint64_t uid;

	if (line.len == 0 || line.p[0] == '#' || line.p[0] == '+' || line.p[0] == '-')
		return NULL;
	for (size_t i = 0; i < 6; i++)
		if (!span_cut(&line, ':', &fields[i]))
			return "not seven fields";
	if (span_number(fields[2], UINT32_MAX, &uid))
		return "its uid is no number";
	if (uid < in->uidmin || is(fields[0], "nobody"))
		return NULL; /* the system's own: not a word about each */
	if ((fault = name_fill(fields[0], NULL, f)) || (fault = shadow_fill(in, fields[0], f)) ||
	    (fault = ids_fill(in, fields[2], fields[3], f)))
		return fault;
	return maildrop_fill(in, fields[5], "/Maildir", f);
}

/* "user@domain  domain/user/" of virtual_mailbox_maps; -m is virtual_mailbox_base, the second file name:hash. */
static const char *
postfix_line(const struct foreign *in, struct span line, struct fields *f)
{
	struct span name, value, rest = { NULL, 0 }, hash = { NULL, 0 };
	const char *fault;
	size_t n = 0;

	if (line.len == 0 || line.p[0] == '#' || line.p[0] == ' ' || line.p[0] == '\t')
		return NULL;
	while (n < line.len && line.p[n] != ' ' && line.p[n] != '\t')
		n++;
	name = (struct span){ line.p, n };
	while (n < line.len && (line.p[n] == ' ' || line.p[n] == '\t'))
		n++;
	value = (struct span){ line.p + n, line.len - n };
	if ((fault = name_fill(name, NULL, f)) != NULL)
		return fault;
	if (value.len < 2 || value.p[value.len - 1] != '/')
		return "its mailbox is no Maildir: that would end in a slash";
	value.len--;
	if (in->maildrop == NULL)
		return "give virtual_mailbox_base with -m";
	if (!second_find(in, name, &rest))
		return "it has no hash in the second file";
	(void)span_cut(&rest, ':', &hash); /* what follows the hash is another program's */
	f->maildrop[0] = '\0';
	if (!append(f->maildrop, span_of(in->maildrop)) || !append(f->maildrop, span_of("/")) ||
	    !append(f->maildrop, value))
		return no_room;
	if ((fault = verifier_fill(hash, f)) != NULL)
		return fault;
	return ids_fill(in, (struct span){ NULL, 0 }, (struct span){ NULL, 0 }, f);
}

foreign_line *
foreign_find(const char *format, bool *has_second)
{
	static const struct {
		const char *format;
		bool has_second;
		foreign_line *line;
	} formats[] = {
		{ "passwd-file", false, dovecot_line },
		{ "vpasswd", true, vpasswd_line }, /* the domain stands where a file would */
		{ "shadow", true, passwd_line },
		{ "postfix", true, postfix_line },
	};

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(format, formats[i].format) == 0) {
			*has_second = formats[i].has_second;
			return formats[i].line;
		}
	return NULL;
}
