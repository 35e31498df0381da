#define _GNU_SOURCE
#include "tracer.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

void
tracer_die(const char *what)
{
	perror(what);
	exit(2);
}

void
tracer_registers_get(pid_t pid, struct user_regs_struct *r)
{
	struct iovec v = { r, sizeof *r };

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v) && errno != ESRCH)
		tracer_die("PTRACE_GETREGSET");
}

void
tracer_registers_set(pid_t pid, const struct user_regs_struct *r)
{
	struct user_regs_struct copy = *r;
	struct iovec v = { &copy, sizeof copy };

	if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &v) && errno != ESRCH)
		tracer_die("PTRACE_SETREGSET");
}

const char *
tracer_executed(pid_t pid)
{
	static char line[256];
	char path[64];
	const char *slash;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || (n = read(fd, line, sizeof line - 1)) <= 0)
		tracer_die(path);
	line[n] = '\0';
	(void)close(fd);
	slash = strrchr(line, '/');
	return slash ? slash + 1 : line;
}

pid_t
tracer_start(char **program)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		tracer_die("fork");
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0))
			_exit(127);
		(void)raise(SIGSTOP);
		execv(program[0], program);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || ptrace(PTRACE_SETOPTIONS, pid, 0, options))
		tracer_die("cannot trace");
	return pid;
}

void
tracer_run(pid_t pid, const struct tracer *t)
{
	int status;

	if (ptrace(t->mode(pid), pid, 0, 0))
		tracer_die("cannot trace");
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		int signal;

		if (!WIFSTOPPED(status)) {
			t->ended(pid, status);
			continue;
		}
		signal = t->stopped(pid, status);
		/* A process that was killed meanwhile is no error. */
		if (signal != TRACER_STAY)
			(void)ptrace(t->mode(pid), pid, 0, (unsigned long)signal);
	}
}
