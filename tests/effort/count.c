/* count: run a program and everything it starts under ptrace, and count the work of one room: its instructions, one by
 * one, and its system calls, from the end of its first call FIRST until it ends or executes something else.
 *
 *	count REPORT ROOM FIRST START HASH[,HASH...][/SKIP...] PROGRAM...
 *
 * ROOM is the first argument of what the process has executed, its directories removed.  FIRST is the number of a system
 * call.  START is where _start is in the room's file, and HASH where a function is whose instructions are not counted, but
 * its calls are: a password's hash, which costs a thousand times as much as all the rest.  SKIP is another of which not
 * even calls are counted.  These are hexadecimal, as nm prints them.  The report has a line "INSTRUCTIONS CALLS HASHES" for each time that the room has run. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer.h"

enum { HASHES = 8 };

enum state {
	ELSEWHERE, /* not the room, or not any more */
	BEFORE,    /* it has not made its first call */
	COUNTING,  /* step by step */
	HASHING,   /* inside one of those functions, at its own speed */
};

static FILE *report;
static const char *want_room;
static unsigned long first, start, hash[HASHES];
static unsigned hash_count, of_hashes; /* the first ones are hashes, the others are skipped */

/* One process is the room at a time. */
static pid_t room;
static enum state state;
static bool inside, of_first;          /* between entry and exit of a call; of that one */
static unsigned long base, back, text; /* where the file is, where the hash returns to, what stood there */
static unsigned long instructions, calls, hashes;

static unsigned long
word_at(unsigned long address)
{
	errno = 0;
	long w = ptrace(PTRACE_PEEKTEXT, room, address, 0);

	if (w == -1 && errno)
		tracer_die("PTRACE_PEEKTEXT");
	return (unsigned long)w;
}

static void
word_put(unsigned long address, unsigned long w)
{
	if (ptrace(PTRACE_POKETEXT, room, address, w))
		tracer_die("PTRACE_POKETEXT");
}

/* Where its file begins in memory. */
static unsigned long
base_of(pid_t pid)
{
	unsigned long pair[2];
	char path[64];
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%d/auxv", (int)pid);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && read(fd, pair, sizeof pair) == sizeof pair)
		if (pair[0] == AT_ENTRY) {
			(void)close(fd);
			return pair[1] - start;
		}
	tracer_die(path);
}

static void
count_end(void)
{
	if (state == COUNTING || state == HASHING)
		(void)fprintf(report, "%lu %lu %lu\n", instructions, calls, hashes);
	state = ELSEWHERE;
	room = 0;
}

static void
executed(pid_t pid)
{
	if (pid == room)
		count_end();
	if (room || strcmp(tracer_executed(pid), want_room) != 0)
		return;
	room = pid;
	state = BEFORE;
	inside = true; /* of execve */
	of_first = false;
	base = base_of(pid);
	instructions = calls = hashes = 0;
}

/* Run the function that begins here until it returns. */
static void
hash_begin(const struct user_regs_struct *r, bool counts)
{
	hashes += counts;
	back = word_at(r->rsp);
	text = word_at(back);
	word_put(back, (text & ~0xffUL) | 0xcc);
	state = HASHING;
	inside = false;
}

static void
step(void)
{
	struct user_regs_struct r;

	tracer_registers_get(room, &r);
	if (state == HASHING) { /* it has returned */
		word_put(back, text);
		r.rip = back;
		tracer_registers_set(room, &r);
		state = COUNTING;
		return;
	}
	instructions++;
	calls += r.rcx == r.rip; /* which the instruction syscall leaves there */
	for (unsigned i = 0; i < hash_count; i++)
		if (r.rip == base + hash[i])
			hash_begin(&r, i < of_hashes);
}

/* At the entry or the exit of a call. */
static void
call_stopped(void)
{
	struct user_regs_struct r;

	inside = !inside;
	if (state == HASHING) {
		calls += inside;
		return;
	}
	tracer_registers_get(room, &r);
	if (inside)
		of_first = r.orig_rax == first;
	else if (of_first)
		state = COUNTING;
}

static enum __ptrace_request
mode(pid_t pid)
{
	if (pid != room)
		return PTRACE_CONT;
	return state == COUNTING ? PTRACE_SINGLESTEP : PTRACE_SYSCALL;
}

/* Returns the signal that the process is to get when it goes on. */
static int
stopped(pid_t pid, int status)
{
	int event = status >> 16, signal = WSTOPSIG(status);

	if (event == PTRACE_EVENT_EXEC)
		executed(pid);
	if (event || signal == SIGSTOP)
		return 0;
	if (pid != room)
		return signal;
	if (signal == (SIGTRAP | 0x80))
		call_stopped();
	else if (signal == SIGTRAP)
		step();
	else
		return signal;
	return 0;
}

static void
ended(pid_t pid, int status)
{
	(void)status;
	if (pid == room)
		count_end();
}

static const struct tracer tracer = { mode, stopped, ended };

int
main(int argc, char **argv)
{
	char *rest;

	if (argc < 7)
		return 2;
	report = fopen(argv[1], "we");
	if (report == NULL)
		tracer_die(argv[1]);
	want_room = argv[2];
	first = strtoul(argv[3], NULL, 10);
	start = strtoul(argv[4], NULL, 16);
	rest = argv[5];
	for (bool skip = false; *rest && hash_count < HASHES; rest += *rest != '\0') {
		hash[hash_count++] = strtoul(rest, &rest, 16);
		of_hashes += !skip;
		skip |= *rest == '/';
	}
	tracer_run(tracer_start(argv + 6), &tracer);
	return fclose(report) ? 2 : 0;
}
