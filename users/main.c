/* sallyport-user: the administrator's tool for the users of sallyport.  Distrusts: the text file, which people edit.
 * Distrusted by: nobody, for it runs with the rights of whoever calls it, and only for an administrator.
 * Holds: the text file, its lock, and both databases; a password from the terminal until its verifier is made.
 * It is no part of any session: it talks to no server, and a server needs no restart after it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "forms.h"
#include "moment.h"
#include "tell.h"
#include "verbs.h"
#include "verifier.h"

static const char SYNOPSIS[] =
    "usage: sallyport-user [-f USERS] [-d DATA] VERB ...\n"
    "  add NAME -u UID[:GID] -m MAILDROP [-g] [-k KIND]   make a user; -g generates the password and prints it\n"
    "  passwd NAME [-g] [-k KIND]               set a new password\n"
    "  change NAME [-g] [-k KIND]               the same, after asking for the current one\n"
    "  forms NAME [-k KIND]                     keep the main password in these forms too, and in no others\n"
    "  del NAME | disable NAME | enable NAME | rename NAME NEWNAME\n"
    "  restrict NAME [LIMITS]                   what the main password is good for\n"
    "  app-add NAME LABEL [LIMITS] [-k shared]  make an app password and print it\n"
    "  app-del NAME LABEL\n"
    "  cert-add NAME LABEL CERTIFICATE [LIMITS] a file, a fingerprint (SHA-256), or name:NAME\n"
    "  cert-del NAME LABEL\n"
    "  list | show NAME                         never show a verifier\n"
    "  outdated                                 users whose hash is weaker than a new one would be\n"
    "  test NAME [-t] [-a ADDRESS]              go the way of a login, -t by a token, and say each step\n"
    "  import FORMAT FILE [FILE2] [-u UID:GID] [-m PATTERN] [-g] [-w]   passwd-file, vpasswd, shadow, postfix\n"
    "  export                                   as a passwd-file\n"
    "  guesses NAME|ADDRESS | unban NAME|ADDRESS  see and forget wrong guesses\n"
    "  hash | verify HASH                       of a password, for other programs\n"
    "  compile                                  make the databases anew after USERS or issuers was edited by hand\n"
    "  issuers                                  whose tokens stand for passwords, and by what keys\n"
    "Passwords come from the terminal, twice, or as one line of standard input; never as an argument.\n"
    "KIND is scram-sha-256, scram-sha-1 or shared (for APOP and CRAM-MD5); more than once.\n"
    "LIMITS are -x TIME (expires), -b MECHANISM and -a ADDRESS[/BITS], the last two more than once.\n"
    "USERS is /etc/sallyport/users and DATA is /var/lib/sallyport unless given.\n";

enum {
	NAME = 1 << 0,
	OTHER = 1 << 1,
	OPTION_U = 1 << 2,
	OPTION_M = 1 << 3,
	OPTION_G = 1 << 4,
	OPTION_A = 1 << 5,
	OPTION_B = 1 << 6,
	OPTION_X = 1 << 7,
	OPTION_W = 1 << 8,
	THIRD = 1 << 9,
	OPTION_K = 1 << 10,
	OPTION_T = 1 << 11,
	LIMITS = OPTION_A | OPTION_B | OPTION_X,
};

static const struct {
	const char *verb;
	unsigned needs, takes;
	int (*run)(const struct request *);
} verbs[] = {
	/* clang-format off */
	/* verb       needs                        takes     what it does */
	{ "add",      NAME | OPTION_U | OPTION_M,  OPTION_G | OPTION_K, verb_add },
	{ "passwd",   NAME,                        OPTION_G | OPTION_K, verb_passwd },
	{ "change",   NAME,                        OPTION_G | OPTION_K, verb_change },
	{ "forms",    NAME,                        OPTION_K, verb_forms },
	{ "del",      NAME,                        0,        verb_del },
	{ "disable",  NAME,                        0,        verb_disable },
	{ "enable",   NAME,                        0,        verb_enable },
	{ "list",     0,                           0,        verb_list },
	{ "show",     NAME,                        0,        verb_show },
	{ "test",     NAME,                        OPTION_A | OPTION_T, verb_test },
	{ "rename",   NAME | OTHER,                0,        verb_rename },
	{ "restrict", NAME,                        LIMITS,   verb_restrict },
	{ "app-add",  NAME | OTHER,                LIMITS | OPTION_K, verb_app_add },
	{ "app-del",  NAME | OTHER,                0,        verb_app_del },
	{ "cert-add", NAME | OTHER | THIRD,        LIMITS,   verb_cert_add },
	{ "cert-del", NAME | OTHER,                0,        verb_cert_del },
	{ "import",   NAME | OTHER, THIRD | OPTION_U | OPTION_M | OPTION_G | OPTION_W, verb_import },
	{ "export",   0,                           0,        verb_export },
	{ "guesses",  NAME,                        0,        verb_guesses },
	{ "unban",    NAME,                        0,        verb_unban },
	{ "hash",     0,                           0,        verb_hash },
	{ "verify",   NAME,                        0,        verb_verify },
	{ "compile",  0,                           0,        verb_compile },
	{ "outdated", 0,                           0,        verb_outdated },
	{ "issuers",  0,                           0,        verb_issuers },
	/* clang-format on */
};

static int
usage(void)
{
	(void)fputs(SYNOPSIS, stderr); /* nobody else could be told */
	return EXIT_USAGE;
}

static const char *
kind_read(const char *text, struct request *r)
{
	enum userdb_kind kind = verifier_kind(span_of(text));

	if (kind >= USERDB_PROOF__MAX)
		return "-k is no kind of verifier; write scram-sha-256, scram-sha-1 or shared";
	r->kinds |= FORM_BIT(kind);
	return NULL;
}

/* One of -a, -b, -x and -k.  Returns what is wrong with it, or NULL. */
static const char *
limit_read(int option, const char *text, struct request *r)
{
	if (option == 'k')
		return kind_read(text, r);
	if (option == 'b')
		return options_add_mechanism(&r->options, span_of(text));
	if (option == 'x')
		return moment_read(span_of(text), &r->options.expires)
			   ? "-x is no time like 2026-11-25T04:10:00Z or 2026-11-25; write one"
			   : NULL;
	r->from = text;
	return options_add_network(&r->options, span_of(text));
}

/* Options may stand anywhere.  Returns which were given, or 0 and *status, which is not 0, after telling. */
static unsigned
options_read(int argc, char **argv, struct request *r, int *status)
{
	unsigned given = 0;
	const char *fault;
	int c;

	*status = 0;
	while ((c = getopt(argc, argv, "f:d:u:m:gwta:b:x:k:")) != -1) {
		if (c == 'f')
			r->users = optarg;
		else if (c == 'd')
			r->data = optarg;
		else if (c == 'u')
			r->uid = optarg, given |= OPTION_U;
		else if (c == 'm')
			r->maildrop = optarg, given |= OPTION_M;
		else if (c == 'g')
			r->generate = true, given |= OPTION_G;
		else if (c == 'w')
			r->write = true, given |= OPTION_W;
		else if (c == 't')
			r->token = true, given |= OPTION_T;
		else if (c == '?')
			*status = usage();
		else if ((fault = limit_read(c, optarg, r)) != NULL)
			*status = tell(EXIT_USAGE, "%s", fault);
		else
			given |= c == 'a' ? OPTION_A : c == 'b' ? OPTION_B : c == 'x' ? OPTION_X : OPTION_K;
		if (*status)
			return 0;
	}
	if (r->options.mechanisms == 0)
		r->options.mechanisms = USERDB_BY_ALL;
	return given;
}

static int
verb_run(const char *verb, unsigned given, const struct request *r)
{
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		if (strcmp(verb, verbs[i].verb))
			continue;
		if ((given & verbs[i].needs) != verbs[i].needs || (given & ~(verbs[i].needs | verbs[i].takes)))
			return usage();
		return verbs[i].run(r);
	}
	return usage();
}

/* A file of ours must not become standard output because that was closed: what is told would be written into it.  And a
 * reader who has gone must not end us between two steps, or before the echo is on again: the write that fails says so. */
static int
streams_settle(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			return -1;
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0;
}

int
main(int argc, char **argv)
{
	struct request r = { .users = "/etc/sallyport/users", .data = "/var/lib/sallyport" };
	static const struct rlimit no_core = { 0, 0 };
	unsigned given;
	int status;

	/* A password is in our memory: no core file may have it. */
	if (streams_settle() || sodium_init() < 0 || setrlimit(RLIMIT_CORE, &no_core))
		return tell(EXIT_SYSTEM, "cannot start: no /dev/null, no libsodium, or no way to forbid core files");
	given = options_read(argc, argv, &r, &status);
	if (status)
		return status;
	if (optind >= argc || argc - optind > 4)
		return usage();
	if (argc - optind >= 2) {
		r.name = argv[optind + 1];
		given |= NAME;
	}
	if (argc - optind >= 3) {
		r.other = argv[optind + 2];
		given |= OTHER;
	}
	if (argc - optind == 4) {
		r.third = argv[optind + 3];
		given |= THIRD;
	}
	status = verb_run(argv[optind], given, &r);
	if (fflush(stdout) || ferror(stdout))
		return tell(EXIT_SYSTEM, "cannot write to standard output");
	return status;
}
