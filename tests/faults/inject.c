/* inject: run a program and everything it starts under ptrace, and make one system call of one of its processes fail, come
 * short, or be the last thing that the process does.
 *
 *	inject REPORT list PROGRAM...                          count the calls: "ROOM CALL TIMES" lines
 *	inject REPORT ROOM CALL N fail ERRNO PROGRAM...        the N-th CALL (a number) fails with ERRNO (a number)
 *	inject REPORT ROOM CALL N short - PROGRAM...           it gets half of its octets
 *	inject REPORT ROOM CALL N end - PROGRAM...             it reads nothing, as at the end of a file
 *	inject REPORT ROOM CALL N before|after SIGNAL PROGRAM... the process gets SIGNAL before or after the call
 *	inject REPORT ROOM memory N fail ERRNO PROGRAM...      from its N-th brk, mmap, mremap or mprotect on, each fails
 *
 * ROOM is the first argument of what the process has executed last, its directories removed; with "-child" behind it
 * between vfork and exec.  The report ends with "hit" if the call was made, with "hit start" if that was before main, and has "ROOM exit STATUS" or
 * "ROOM signal NUMBER" for each process that ended.
 *
 * The programs are the ones that are shipped, their seccomp tables and all: a call that is to fail becomes a
 * clock_gettime with nowhere to write, before the filter sees it; or, in the two rooms whose tables have none, a recvmsg
 * from nobody. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tracer.h"

enum { PROCESSES = 64, CALLS = 512, ROOMS = 16, ROOM_NAME = 32 };

struct room {
	char name[ROOM_NAME];
	unsigned times[CALLS];
	unsigned memory;
};

struct process {
	pid_t pid;
	struct room *room;
	bool begun;   /* it has come to main: libc's start is behind it */
	bool inside;  /* between entry and exit of a call */
	bool waiting; /* it stands still until we know whose child it is */
	bool failing;
	bool kill_after;
	long result;
	struct user_regs_struct before;
};

static struct process processes[PROCESSES];
static struct room rooms[ROOMS];
static FILE *report;
static const char *want_room, *want_what;
static long want_call, want_number;
static unsigned want_nth;
static bool hit, hit_start, listing, sticky;

static struct room *
room_named(const char *name)
{
	for (int i = 0; i < ROOMS; i++) {
		if (rooms[i].name[0] == '\0')
			(void)snprintf(rooms[i].name, sizeof rooms[i].name, "%s", name);
		if (strcmp(rooms[i].name, name) == 0)
			return &rooms[i];
	}
	errno = ENOSPC;
	tracer_die("rooms");
}

static struct process *
process_find(pid_t pid)
{
	for (int i = 0; i < PROCESSES; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	for (int i = 0; i < PROCESSES; i++)
		if (processes[i].pid == 0) {
			processes[i] = (struct process){ .pid = pid };
			return &processes[i];
		}
	errno = ENOSPC;
	tracer_die("processes");
}

static bool
is_memory(long call)
{
	return call == SYS_brk || call == SYS_mmap || call == SYS_mremap || call == SYS_mprotect;
}

/* A failing brk tells the old end instead of an error; the libcs take any end but the wanted one for failure. */
static long
failure(long call)
{
	return call == SYS_brk ? 0 : -want_number;
}

/* The call that was asked for is about to be made. */
static void
strike(struct process *p, struct user_regs_struct *r, long call)
{
	hit_start |= !hit && !p->begun;
	hit = true;
	if (strcmp(want_what, "before") == 0) {
		(void)kill(p->pid, (int)want_number);
	} else if (strcmp(want_what, "after") == 0) {
		p->kill_after = true;
	} else if (strcmp(want_what, "short") == 0) {
		r->rdx = r->rdx > 1 ? r->rdx / 2 : r->rdx;
		tracer_registers_set(p->pid, r);
	} else {
		p->failing = true;
		p->result = strcmp(want_what, "end") == 0 ? 0 : failure(call);
		p->before = *r;
		if (call == SYS_close)
			return; /* whatever it says, the kernel has closed */
		bool no_clock = strcmp(want_room, "giver") == 0 || strcmp(want_room, "taker") == 0;

		r->orig_rax = no_clock ? SYS_recvmsg : SYS_clock_gettime;
		r->rdi = no_clock ? UINT64_MAX : 1; /* CLOCK_MONOTONIC */
		r->rsi = 0;
		tracer_registers_set(p->pid, r);
	}
}

static void
call_entered(struct process *p)
{
	struct user_regs_struct r;
	struct room *room = p->room;
	unsigned nth;
	long call;

	tracer_registers_get(p->pid, &r);
	call = (long)r.orig_rax;
	if (call < 0 || call >= CALLS)
		return;
	/* What each main does first, and no libc before it. */
	p->begun |= call == SYS_getsockopt || call == SYS_fcntl || call == SYS_rt_sigaction;
	nth = ++room->times[call];
	room->memory += is_memory(call);
	if (listing || strcmp(room->name, want_room) != 0)
		return;
	if (sticky ? is_memory(call) && room->memory >= want_nth : call == want_call && nth == want_nth)
		strike(p, &r, call);
}

static void
call_left(struct process *p)
{
	struct user_regs_struct r;

	if (p->failing) {
		/* A call keeps its arguments, and glibc's vfork its return address among them. */
		tracer_registers_get(p->pid, &r);
		r.rdi = p->before.rdi;
		r.rsi = p->before.rsi;
		r.rax = (unsigned long)p->result;
		tracer_registers_set(p->pid, &r);
		p->failing = false;
	}
	if (p->kill_after)
		(void)kill(p->pid, (int)want_number);
	p->kill_after = false;
}

static void
process_ended(pid_t pid, int status)
{
	struct process *p = process_find(pid);

	if (WIFEXITED(status))
		(void)fprintf(report, "%s exit %d\n", p->room ? p->room->name : "?", WEXITSTATUS(status));
	else
		(void)fprintf(report, "%s signal %d\n", p->room ? p->room->name : "?", WTERMSIG(status));
	p->pid = 0;
}

/* Are the calls of this process of interest?  Where they are not it runs at its own speed. */
static enum __ptrace_request
process_mode(pid_t pid)
{
	const struct process *p = process_find(pid);

	if (p->failing || p->kill_after)
		return PTRACE_SYSCALL;
	return listing || ((!hit || sticky) && strcmp(p->room->name, want_room) == 0) ? PTRACE_SYSCALL : PTRACE_CONT;
}

static void
child_born(struct process *parent, pid_t pid)
{
	char name[ROOM_NAME + 8];
	struct process *child = process_find(pid);

	(void)snprintf(name, sizeof name, "%s-child", parent->room->name);
	child->room = room_named(name);
	child->begun = parent->begun;
	if (child->waiting)
		(void)ptrace(process_mode(pid), pid, 0, 0);
	child->waiting = false;
}

/* Returns the signal that the process is to get when it goes on. */
static int
process_stopped(pid_t pid, int status)
{
	struct process *p = process_find(pid);
	int event = status >> 16;
	unsigned long message;

	if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		p->inside = !p->inside;
		if (p->inside)
			call_entered(p);
		else
			call_left(p);
		return 0;
	}
	if (event == PTRACE_EVENT_EXEC) {
		p->room = room_named(tracer_executed(pid));
		p->begun = false;
		p->inside = true; /* of execve */
		return 0;
	}
	if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
		if (ptrace(PTRACE_GETEVENTMSG, pid, 0, &message) == 0)
			child_born(p, (pid_t)message);
		return 0;
	}
	/* The stop with which a child of a traced process starts. */
	if (event == PTRACE_EVENT_STOP || WSTOPSIG(status) == SIGSTOP)
		return 0;
	return event ? 0 : WSTOPSIG(status);
}

/* A child may stop before its parent tells of it. */
static int
process_held(pid_t pid, int status)
{
	int signal = process_stopped(pid, status);
	struct process *p = process_find(pid);

	if (p->room)
		return signal;
	p->waiting = true;
	return TRACER_STAY;
}

static const struct tracer tracer = { process_mode, process_held, process_ended };

int
main(int argc, char **argv)
{
	int program = 3;
	pid_t pid;

	if (argc < 4)
		return 2;
	report = fopen(argv[1], "we");
	if (report == NULL)
		tracer_die(argv[1]);
	listing = strcmp(argv[2], "list") == 0;
	if (!listing) {
		if (argc < 8)
			return 2;
		program = 7;
		want_room = argv[2];
		sticky = strcmp(argv[3], "memory") == 0;
		want_call = atol(argv[3]);
		want_nth = (unsigned)atol(argv[4]);
		want_what = argv[5];
		want_number = atol(argv[6]);
	}
	pid = tracer_start(argv + program);
	process_find(pid)->room = room_named("inject");
	tracer_run(pid, &tracer);
	for (int i = 0; listing && i < ROOMS; i++) {
		for (int call = 0; call < CALLS; call++)
			if (rooms[i].times[call])
				(void)fprintf(report, "%s %d %u\n", rooms[i].name, call, rooms[i].times[call]);
		if (rooms[i].memory)
			(void)fprintf(report, "%s memory %u\n", rooms[i].name, rooms[i].memory);
	}
	if (hit)
		(void)fprintf(report, hit_start ? "hit start\n" : "hit\n");
	return fclose(report) ? 2 : 0;
}
