/* Settings: every bound, every kind of mistake, and both places they come from. */
#define _GNU_SOURCE
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string.h>

#include "check.h"
#include "die.h"

static char dir[] = "/tmp/sallyport-config-XXXXXX";
static struct config c;
static char said[1000];

/* Status 0, or how config_load dies in these surroundings; said has its line. */
static int
status_of(const char *from, const char *const *environment)
{
	int tube[2], status = 0;
	ssize_t n;
	pid_t pid;

	CHECK_EQ(clearenv(), 0);
	CHECK_EQ(setenv("POP3_ROOTLESS", "1", 1), 0); /* no account has to exist */
	for (; *environment; environment += 2)
		CHECK_EQ(setenv(environment[0], environment[1], 1), 0);
	CHECK_EQ(pipe(tube), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(tube[1], 2);
		config_load(&c, from);
		_exit(0);
	}
	(void)close(tube[1]);
	n = read(tube[0], said, sizeof said - 1);
	said[n > 0 ? n : 0] = '\0';
	(void)close(tube[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	if (status == 0)
		config_load(&c, from);
	return WEXITSTATUS(status);
}

/* A variable without '=', which setenv cannot make but a super-server could: it has no value to read. */
static void
variable_without_value(void)
{
	static char bare[] = "POP3_IDLE", rootless[] = "POP3_ROOTLESS=1";
	char *variables[] = { rootless, bare, NULL };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		environ = variables;
		(void)close(2);
		config_load(&c, NULL);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), EXIT_USAGE);
}

#define STATUS(...) status_of(NULL, (const char *const[]){ __VA_ARGS__, NULL })

static void
file(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void
environment(void)
{
	CHECK_EQ(STATUS("PATH", "/bin"), 0);
	CHECK_EQ(c.proxies, 0);
	CHECK(c.idle == 600 && c.tries == 3 && c.uidmin == 1000 && !c.plainok && strcmp(c.mailbase, "/var/vmail") == 0);
	CHECK_EQ(STATUS("POP3_IDLE", "700", "POP3_MAILBASE", "/srv"), 0);
	CHECK(c.idle == 700 && strcmp(c.mailbase, "/srv") == 0);
	CHECK_EQ(STATUS("POP3_IDLE", "599"), EXIT_USAGE);
	CHECK(strstr(said, "POP3_IDLE=599") && strstr(said, "from 600 to 86400"));
	CHECK_EQ(STATUS("POP3_IDLE", "10m"), EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_IDLE", ""), EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_IDEL", "700"), EXIT_USAGE);
	CHECK(strstr(said, "POP3_IDEL") && strstr(said, "no such setting"));
	CHECK_EQ(STATUS("POP3_PLAINOK", "2"), EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_UIDMIN", "0"), EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_DATA", "relative"), EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_DATA", "/with space"), EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_HOST", "mail\nexample"), EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_HOST", "<mail>"), EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_HOST", "mail.example-1.org"), 0);
	CHECK_EQ(STATUS("POP3_PROXY", "127.0.0.1,2001:db8::/32"), 0);
	CHECK(c.proxies == 2 && c.proxy[1].bits == 32);
	CHECK_EQ(STATUS("POP3_PROXY", "127.0.0.1,"), EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_PROXY", "10.0.0.1/8"), EXIT_USAGE);
	CHECK(strstr(said, "POP3_PROXY=10.0.0.1/8") && strstr(said, "with a comma between"));
	CHECK_EQ(STATUS("POP3_LOG", "file"), EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_LOG", "none"), 0);
	CHECK_EQ(c.log, LOG_NONE);
	CHECK_EQ(STATUS("POP3_ROOTLESS", "0", "POP3_POP3D", "0:0"), EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_ROOTLESS", "0", "POP3_POP3D", "61101:61101", "POP3_AUTHD", "61101:61102"), EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_ROOTLESS", "0", "POP3_POP3D", "61101:61101", "POP3_AUTHD", "no such account"),
		 EXIT_USAGE);
	CHECK_EQ(STATUS("POP3_ROOTLESS", "0", "POP3_POP3D", "61101:61101", "POP3_AUTHD", "daemon"), 0);
	CHECK(c.pop3d.uid == 61101 && c.authd.uid != 0);
	CHECK_EQ(STATUS("POP3_ROOTLESS", "0", "POP3_POP3D", "61101:61101", "POP3_AUTHD", "root"), EXIT_USAGE);
}

static void
directory(void)
{
	const char *const none[] = { NULL }, *const idle[] = { "POP3_IDLE", "900", "POP3_TRIES", "9", NULL };

	file("POP3_IDLE", "700 \t\nand a second line\n");
	file("POP3_TRIES", ""); /* not set */
	file(".swp", "x");
	CHECK_EQ(status_of(dir, none), 0);
	CHECK(c.idle == 700 && c.tries == 3);
	CHECK_EQ(status_of(dir, idle), 0);
	CHECK(c.idle == 700 && c.tries == 9); /* the directory is nearer than the environment */
	file("POP3_IDLE", "7");
	CHECK_EQ(status_of(dir, none), EXIT_USAGE);
	CHECK(strstr(said, dir) && strstr(said, "/POP3_IDLE=7"));
	file("POP3_IDLE", "700");
	file("IDLE", "700");
	CHECK_EQ(status_of(dir, none), EXIT_USAGE);
	CHECK(strstr(said, "/IDLE: there is no such setting"));
	CHECK_EQ(status_of("/there/is/none", none), EXIT_SYSTEM);
}

int
main(void)
{
	char command[100];

	CHECK(mkdtemp(dir) != NULL);
	environment();
	variable_without_value();
	directory();
	(void)snprintf(command, sizeof command, "rm -r %s", dir);
	CHECK_EQ(system(command), 0);
	return check_end();
}
