#define _GNU_SOURCE
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "die.h"
#include "maildrop.h"
#include "name.h"
#include "mechanism.h"

#ifndef LIBEXECDIR
#define LIBEXECDIR "/usr/local/libexec/sallyport"
#endif

enum kind { PATH, PATH_OR_NONE, TEXT, HOST, NUMBER };

struct setting {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *standard;
	unsigned min, max;
};

#define FIELD(name) offsetof(struct config, name)

static const struct setting settings[] = {
	{ "POP3_ROOMS", PATH, FIELD(rooms), LIBEXECDIR, 0, 0 },
	{ "POP3_EMPTY", PATH, FIELD(empty), LIBEXECDIR "/empty", 0, 0 },
	{ "POP3_DATA", PATH, FIELD(data), "/var/lib/sallyport", 0, 0 },
	{ "POP3_MAILBASE", PATH, FIELD(mailbase), "/var/vmail", 0, 0 },
	{ "POP3_HOST", HOST, FIELD(host), "-", 0, 0 },
	{ "POP3_POP3D", TEXT, FIELD(pop3d_name), "_pop3d", 0, 0 },
	{ "POP3_AUTHD", TEXT, FIELD(authd_name), "_authd", 0, 0 },
	{ "POP3_PROXY", TEXT, FIELD(proxy_list), "-", 0, 0 },
	{ "POP3_SASL", TEXT, FIELD(sasl_list), "plain,login", 0, 0 },
	{ "POP3_APOP", NUMBER, FIELD(apop), "0", 0, 1 },
	{ "POP3_TLS", PATH_OR_NONE, FIELD(tls), "-", 0, 0 },
	{ "POP3_TLSD", TEXT, FIELD(tlsd_name), "_tlsd", 0, 0 },
	{ "POP3_TLSKEY", TEXT, FIELD(tlskey_name), "_tlskey", 0, 0 },
	{ "POP3_TLSMIN", TEXT, FIELD(tlsmin), "1.2", 0, 0 },
	{ "POP3_TLSCLIENT", TEXT, FIELD(tls_client), "-", 0, 0 },
	{ "POP3_LOG", TEXT, FIELD(log_name), "auto", 0, 0 },
	{ "POP3_UIDMIN", NUMBER, FIELD(uidmin), "1000", 1, 4294967293U },
	{ "POP3_PLAINOK", NUMBER, FIELD(plainok), "0", 0, 1 },
	{ "POP3_SHAREDOK", NUMBER, FIELD(sharedok), "0", 0, 1 },
	{ "POP3_IDLE", NUMBER, FIELD(idle), "600", 600, 86400 },
	{ "POP3_SESSION", NUMBER, FIELD(session), "21600", 600, 604800 },
	{ "POP3_TRIES", NUMBER, FIELD(tries), "3", 1, 100 },
	{ "POP3_SLOTS", NUMBER, FIELD(slots), "8", 1, 1024 },
	{ "POP3_DOMAIN", HOST, FIELD(domain), "-", 0, 0 },
	{ "POP3_USERS", TEXT, FIELD(users), "own", 0, 0 },
	{ "POP3_MAILDIR", TEXT, FIELD(maildir), "~/Maildir", 0, 0 },
	{ "POP3_SHELLS", TEXT, FIELD(shells), "any", 0, 0 },
	{ "POP3_SUBADDRESS", TEXT, FIELD(subaddress), "-", 0, 0 },
	{ "POP3_FOLD", NUMBER, FIELD(fold), "0", 0, 1 },
	{ "POP3_GUESSES", NUMBER, FIELD(guesses), "10", 0, 1000 },
	{ "POP3_CONNECTIONS", NUMBER, FIELD(connections), "200", 1, CONNECTIONS_MAX },
	{ "POP3_PERADDRESS", NUMBER, FIELD(peraddress), "50", 0, 1000 },
	{ "POP3_KEEPNEW", NUMBER, FIELD(keepnew), "0", 0, 1 },
	{ "POP3_TRUSTSIZES", NUMBER, FIELD(trustsizes), "0", 0, 1 },
	{ "POP3_NOLANDLOCK", NUMBER, FIELD(nolandlock), "0", 0, 1 },
	{ "POP3_ROOTLESS", NUMBER, FIELD(rootless), "0", 0, 1 },
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

static const char prefix[] = "POP3_";

#define HOST_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"
enum { HOST_LENGTH = 255, NAME_SHOWN = 80 };

static const struct setting *
setting_find(struct span name)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (span_of(settings[i].name).len == name.len && !memcmp(settings[i].name, name.p, name.len))
			return &settings[i];
	return NULL;
}

/* where: the variable's or the file's name, for the administrator. */
static void
setting_put(struct config *c, const struct setting *s, const char *value, const char *where)
{
	char *text = (char *)c + s->offset;
	uint64_t n;

	for (const char *p = value; *p; p++)
		if (*p <= 0x20 || *p > 0x7e)
			die_usage("%s: the value holds a blank or an unprintable character: remove it", where);
	switch (s->kind) {
	case NUMBER:
		if (span_number(span_of(value), s->max, &n) || n < s->min)
			die_usage("%s=%s: must be a number from %u to %u", where, value, s->min, s->max);
		*(unsigned *)(void *)text = (unsigned)n;
		return;
	case PATH_OR_NONE: /* a hyphen is none */
	case PATH:
		if (value[0] != '/' && (s->kind == PATH || strcmp(value, "-") != 0))
			die_usage("%s=%s: must be an absolute path", where, value);
		break;
	case HOST: /* clients take '<' in a greeting for APOP's and '[' for a response code's */
		if (value[strspn(value, HOST_CHARACTERS)] || strlen(value) > HOST_LENGTH)
			die_usage("%s=%s: must be a host name of letters, digits, dots and hyphens", where, value);
		break;
	case TEXT:
		break;
	}
	if (value[0] == '\0' || strlen(value) >= TEXT_MAX)
		die_usage("%s: must have 1 to %d characters", where, TEXT_MAX - 1);
	memcpy(text, value, strlen(value) + 1);
}

/* As envdir(8) reads it: the first line, blanks at its end cut; an empty file means "not set".  Returns false then. */
static bool
file_read(int dir, const char *dirname, const char *name, char value[TEXT_MAX])
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;
	size_t end = 0;

	if (fd < 0)
		die_sys("cannot open %s/%s", dirname, name);
	n = read(fd, value, TEXT_MAX - 1);
	if (n < 0)
		die_sys("cannot read %s/%s", dirname, name);
	(void)close(fd); /* only read from */
	while (end < (size_t)n && value[end] != '\n' && value[end] != '\0')
		end++;
	if (end == TEXT_MAX - 1)
		die_usage("%s/%s: must have 1 to %d characters", dirname, name, TEXT_MAX - 2);
	while (end && (value[end - 1] == ' ' || value[end - 1] == '\t'))
		end--;
	value[end] = '\0';
	return n > 0;
}

static void
directory_load(struct config *c, const char *name, bool seen[SETTINGS])
{
	DIR *d = opendir(name);
	struct dirent *e;
	char value[TEXT_MAX], where[TEXT_MAX];

	if (d == NULL)
		die_sys("cannot open the settings directory %s", name);
	while ((void)(errno = 0), (e = readdir(d)) != NULL) {
		const struct setting *s;

		if (e->d_name[0] == '.')
			continue;
		s = setting_find(span_of(e->d_name));
		if (s == NULL)
			die_usage(
			    "%s/%s: there is no such setting: rename or remove the file (sallyport(8) lists them)",
			    name, e->d_name);
		if (!file_read(dirfd(d), name, e->d_name, value))
			continue;
		(void)snprintf(where, sizeof where, "%s/%s", name, e->d_name);
		setting_put(c, s, value, where);
		seen[s - settings] = true;
	}
	if (errno)
		die_sys("cannot list the settings directory %s", name);
	(void)closedir(d);
}

static void
environment_load(struct config *c, bool seen[SETTINGS])
{
	for (char **e = environ; *e; e++) {
		struct span rest = span_of(*e), name;
		const struct setting *s;

		if (strncmp(*e, prefix, sizeof prefix - 1) || !span_cut(&rest, '=', &name))
			continue;
		s = setting_find(name);
		if (s == NULL)
			die_usage(
			    "%.*s: there is no such setting: correct or unset the variable (sallyport(8) lists them)",
			    (int)(name.len < NAME_SHOWN ? name.len : NAME_SHOWN), *e);
		/* execve takes anything for a variable, and behind the NUL of this one there is nothing of ours. */
		if (rest.p == NULL)
			die_usage("%s: the variable has no value: give it one or unset it", s->name);
		if (!seen[s - settings])
			setting_put(c, s, (const char *)rest.p, s->name);
		seen[s - settings] = true;
	}
}

/* "NETWORK,NETWORK": a list that was given has at least one. */
static void
proxies_read(struct config *c)
{
	struct span rest = span_of(c->proxy_list), field;

	c->proxies = 0;
	if (strcmp(c->proxy_list, "-") == 0)
		return;
	while (span_cut(&rest, ',', &field)) {
		if (c->proxies == PROXIES_MAX || network_read(field, &c->proxy[c->proxies++]))
			die_usage("POP3_PROXY=%s: must be 1 to %d addresses or networks (10.0.0.0/8,2001:db8::7), "
				  "with a comma between them",
				  c->proxy_list, PROXIES_MAX);
	}
}

/* With SCRAM comes its form that is bound to TLS (RFC 5802 section 6). */
static void
sasl_read(struct config *c)
{
	struct span rest = span_of(c->sasl_list), field;

	c->sasl = 0;
	if (strcmp(c->sasl_list, "-") == 0)
		return;
	while (span_cut(&rest, ',', &field)) {
		enum mechanism m = mechanism_find(field);

		if (m == MECH__MAX || m == MECH_SCRAM_SHA1_PLUS || m == MECH_SCRAM_SHA256_PLUS)
			die_usage("POP3_SASL=%s: must be -, or plain, login, cram-md5, scram-sha-1, scram-sha-256, "
				  "external, oauthbearer and xoauth2, those that you want, with a comma between them",
				  c->sasl_list);
		c->sasl |= MECHANISM_BIT(m);
		if (m == MECH_SCRAM_SHA1 || m == MECH_SCRAM_SHA256)
			c->sasl |= MECHANISM_BIT(m + 1);
	}
}

/* Which of count words text is; dies otherwise. */
static size_t
word_find(const char *variable, const char *text, const char *const *words, size_t count, const char *wanted)
{
	size_t i = 0;

	while (i < count && strcmp(text, words[i]) != 0)
		i++;
	if (i == count)
		die_usage("%s=%s: must be %s", variable, text, wanted);
	return i;
}

static void
users_read(struct config *c)
{
	static const char *const users[] = { "own", "system", "both" }, *const shells[] = { "listed", "login", "any" };
	size_t which = word_find("POP3_USERS", c->users, users, 3, "own, system or both");

	c->own = which != 1;
	c->accounts = which != 0;
	c->shells_listed = word_find("POP3_SHELLS", c->shells, shells, 3, "any, login or listed") == 0;
	if (c->accounts && c->rootless)
		die_usage(
		    "POP3_USERS=%s: only root can read /etc/shadow: with POP3_ROOTLESS=1 there are no accounts of "
		    "the system",
		    c->users);
	if (maildrop_form_fault(c->maildir))
		die_usage("POP3_MAILDIR=%s: %s", c->maildir, maildrop_form_fault(c->maildir));
}

/* No two rooms share a uid: one could otherwise signal the other, and read what it holds. */
static void
accounts_find(struct config *c)
{
	const struct {
		const char *variable, *name;
		struct account *account;
	} rooms[] = {
		{ "POP3_POP3D", c->pop3d_name, &c->pop3d },
		{ "POP3_AUTHD", c->authd_name, &c->authd },
		{ "POP3_TLSD", c->tlsd_name, &c->tlsd },
		{ "POP3_TLSKEY", c->tlskey_name, &c->tlskey },
	};
	size_t n = strcmp(c->tls, "-") == 0 ? 2 : 4;

	for (size_t i = 0; i < n; i++) {
		*rooms[i].account = account_find(rooms[i].variable, rooms[i].name);
		for (size_t j = 0; j < i; j++)
			if (rooms[j].account->uid == rooms[i].account->uid)
				die_usage("%s and %s have the same uid %u: give each room its own", rooms[j].variable,
					  rooms[i].variable, (unsigned)rooms[i].account->uid);
	}
}

void
config_load(struct config *c, const char *dir)
{
	static const char *const logs[] = { "auto", "stderr", "syslog", "none" };
	bool seen[SETTINGS] = { false };

	if (dir)
		directory_load(c, dir, seen);
	environment_load(c, seen);
	for (size_t i = 0; i < SETTINGS; i++)
		if (!seen[i])
			setting_put(c, &settings[i], settings[i].standard, settings[i].name);
	c->log = (enum log_choice)word_find("POP3_LOG", c->log_name, logs, 4, "auto, stderr, syslog or none");
	if (name_separator_fault(c->subaddress))
		die_usage("POP3_SUBADDRESS=%s: %s", c->subaddress, name_separator_fault(c->subaddress));
	proxies_read(c);
	sasl_read(c);
	users_read(c);
	c->self = getuid();
	if (strcmp(c->tlsmin, "1.2") != 0 && strcmp(c->tlsmin, "1.3") != 0)
		die_usage("POP3_TLSMIN=%s: must be 1.2 or 1.3", c->tlsmin);
	if (strcmp(c->tls_client, "-") != 0 && strcmp(c->tls_client, "any") != 0 && c->tls_client[0] != '/')
		die_usage("POP3_TLSCLIENT=%s: must be -, any, or the absolute path of a file of authorities",
			  c->tls_client);
	if (!c->rootless)
		accounts_find(c);
}

unsigned
mechanisms_wanted(const struct config *c)
{
	return MECHANISM_BIT(MECH_PASS) | c->sasl | (c->apop ? MECHANISM_BIT(MECH_APOP) : 0);
}

void
config_host(struct config *c, const char *host)
{
	setting_put(c, setting_find(span_of("POP3_HOST")), host, "HOST");
}
