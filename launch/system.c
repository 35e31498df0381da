#define _GNU_SOURCE
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "die.h"
#include "sandbox.h"

static const char *const paths[SYSTEM_FILES] = { "/etc/shadow", "/etc/passwd", "/etc/shells" };

static void
file_open(struct system_file *f, const char *path)
{
	struct stat st;

	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0 || fstat(f->fd, &st))
		die_sys("cannot open %s, which POP3_USERS or POP3_SHELLS asks for", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || st.st_mode & 022)
		die_usage("%s is not a file of root's that nobody else can write: correct its owner and mode", path);
	f->changed = st.st_ctim;
}

void
system_open(struct launch *s)
{
	for (int i = 0; i < SYSTEM_FILES; i++)
		if (s->config.accounts && (i != SYSTEM_SHELLS || s->config.shells_listed))
			file_open(&s->system[i], paths[i]);
		else if ((s->system[i].fd = fcntl(FD_NULL, F_DUPFD_CLOEXEC, FD_ROOM + 1)) < 0)
			die_sys("cannot copy a descriptor");
}

/* Whoever writes the file, renames another over it or removes it changes this time, which nobody can set. */
void
system_check(const struct launch *s)
{
	for (int i = 0; s->config.accounts && i < SYSTEM_FILES; i++) {
		const struct system_file *f = &s->system[i];
		struct stat st;

		if (i == SYSTEM_SHELLS && !s->config.shells_listed)
			continue;
		if (fstat(f->fd, &st))
			die_sys("cannot look at %s", paths[i]);
		errno = ESTALE;
		if (st.st_ctim.tv_sec != f->changed.tv_sec || st.st_ctim.tv_nsec != f->changed.tv_nsec)
			die_sys("cannot use %s: it has changed since this session began", paths[i]);
	}
}

/* Where the name was found and nowhere else: the same name elsewhere is another's. */
const char *
user_identify(const struct launch *s, const struct verified *v, struct identity *id)
{
	const char *refused;
	int users;

	if (v->users == USERS_SYSTEM)
		return s->config.accounts ? identity_of_account(s->system[SYSTEM_PASSWD].fd, v->user, &s->config, id)
					  : "authd took an account of the system, and POP3_USERS has none";
	if (!s->config.own)
		return "authd took a user of users.cdb, and POP3_USERS has none";
	users = data_open(s, "users.cdb", OPEN_DATA);
	refused = identity_find(users, v->user, &s->config, id);
	(void)close(users);
	return refused;
}
