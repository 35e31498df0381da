/* tracer: run a program, and everything that it starts, under ptrace.  What is done where a process stops is the
 * business of tests/faults/inject.c and tests/effort/count.c. */
#ifndef TRACER_H
#define TRACER_H

#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>

#ifndef __x86_64__
#error "written for the registers of x86_64"
#endif

enum { TRACER_STAY = -1 };

struct tracer {
	/* How pid goes on: PTRACE_CONT, PTRACE_SYSCALL or PTRACE_SINGLESTEP. */
	enum __ptrace_request (*mode)(pid_t pid);
	/* pid has stopped, with what waitpid says.  Returns the signal that it is to get when it goes on, 0 for none; or
	 * TRACER_STAY, and then it stands still until somebody else lets it go on. */
	int (*stopped)(pid_t pid, int status);
	void (*ended)(pid_t pid, int status);
};

/* A process that will execute program; it stands still.  Does not return on error. */
pid_t tracer_start(char **program);

/* Let pid go on, until it has ended and everything that it started. */
void tracer_run(pid_t pid, const struct tracer *t);

/* The first argument of what pid has executed, its directories removed; overwritten by the next call. */
const char *tracer_executed(pid_t pid);

/* Of a process that was killed meanwhile: nothing happens, which is no error. */
void tracer_registers_get(pid_t pid, struct user_regs_struct *r);
void tracer_registers_set(pid_t pid, const struct user_regs_struct *r);

_Noreturn void tracer_die(const char *what);

#endif
