#define _GNU_SOURCE
#include "filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

#include "die.h"

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the system call tables are written for x86_64 and aarch64"
#endif

/* Where the kernel shows the filter what; both architectures are little-endian. */
enum {
	AT_CALL = offsetof(struct seccomp_data, nr),
	AT_ARCH = offsetof(struct seccomp_data, arch),
	AT_ARGUMENTS = offsetof(struct seccomp_data, args),
};

static unsigned short
emit(struct filter *f, int code, uint32_t k, unsigned yes, unsigned no)
{
	if (f->n == FILTER_MAX || yes > 255 || no > 255)
		die_bug("a system call table is too long");
	f->b[f->n] = (struct sock_filter){ (uint16_t)code, (uint8_t)yes, (uint8_t)no, k };
	return f->n++;
}

static void
load(struct filter *f, uint32_t at)
{
	(void)emit(f, BPF_LD | BPF_W | BPF_ABS, at, 0, 0);
}

static void
leave(struct filter *f, uint32_t action)
{
	(void)emit(f, BPF_RET | BPF_K, action, 0, 0);
}

/* Go on if A is k; otherwise skip so many instructions. */
static void
if_equal(struct filter *f, uint32_t k, unsigned skip)
{
	(void)emit(f, BPF_JMP | BPF_JEQ | BPF_K, k, 0, skip);
}

/* Go on if all 64 bits of an argument are value; otherwise skip `behind` instructions after these four. */
static void
argument_is(struct filter *f, unsigned argument, uint32_t value, unsigned behind)
{
	load(f, AT_ARGUMENTS + 8 * argument);
	if_equal(f, value, 2 + behind);
	load(f, AT_ARGUMENTS + 8 * argument + 4);
	if_equal(f, 0, behind);
}

/* Go on if an argument is a number of 32 bits and not below value; otherwise skip `behind` instructions after these. */
static void
argument_from(struct filter *f, unsigned argument, uint32_t value, unsigned behind)
{
	load(f, AT_ARGUMENTS + 8 * argument);
	(void)emit(f, BPF_JMP | BPF_JGE | BPF_K, value, 0, 2 + behind);
	load(f, AT_ARGUMENTS + 8 * argument + 4);
	if_equal(f, 0, behind);
}

/* Go on if an argument is a number of 32 bits below value; otherwise skip `behind` instructions after these. */
static void
argument_below(struct filter *f, unsigned argument, uint32_t value, unsigned behind)
{
	load(f, AT_ARGUMENTS + 8 * argument);
	(void)emit(f, BPF_JMP | BPF_JGE | BPF_K, value, 2 + behind, 0);
	load(f, AT_ARGUMENTS + 8 * argument + 4);
	if_equal(f, 0, behind);
}

/* setresuid: the kernel looks at the low halves.  -1 means "unchanged", and 0 is root: neither is ever allowed. */
static void
uids_are(struct filter *f, struct filter_uids uids)
{
	load(f, AT_ARGUMENTS);
	(void)emit(f, BPF_MISC | BPF_TAX, 0, 0, 0);
	load(f, AT_ARGUMENTS + 8);
	(void)emit(f, BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 7);
	load(f, AT_ARGUMENTS + 16);
	(void)emit(f, BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 5);
	(void)emit(f, BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 4, 0);
	(void)emit(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0);
	(void)emit(f, BPF_JMP | BPF_JEQ | BPF_K, uids.one, 1, 0);
	(void)emit(f, BPF_JMP | BPF_JGE | BPF_K, uids.floor, 0, 1);
	leave(f, SECCOMP_RET_ALLOW);
}

/* The rows of one call, which is the one that is made. */
static void
call_judge(struct filter *f, const struct allow *rows, size_t n, struct filter_uids uids)
{
	uint32_t otherwise = SECCOMP_RET_KILL_PROCESS;

	for (size_t i = 0; i < n; i++)
		switch ((enum rule)rows[i].rule) {
		case ALWAYS:
			leave(f, SECCOMP_RET_ALLOW);
			return;
		case WHEN:
			argument_is(f, rows[i].argument, rows[i].value, 1);
			leave(f, SECCOMP_RET_ALLOW);
			break;
		case WHEN_BOTH:
			argument_is(f, rows[i].argument, rows[i].value, 5);
			argument_is(f, rows[i].argument2, rows[i].value2, 1);
			leave(f, SECCOMP_RET_ALLOW);
			break;
		case WHEN_FROM:
			argument_from(f, rows[i].argument, rows[i].value, 1);
			leave(f, SECCOMP_RET_ALLOW);
			break;
		case WHEN_BELOW:
			argument_is(f, rows[i].argument, rows[i].value, 5);
			argument_below(f, rows[i].argument2, rows[i].value2, 1);
			leave(f, SECCOMP_RET_ALLOW);
			break;
		case WHEN_UIDS:
			uids_are(f, uids);
			break;
		case ELSE_EPERM:
			otherwise = SECCOMP_RET_ERRNO | EPERM;
			break;
		}
	leave(f, otherwise);
}

/* How many of the n sorted rows are of the first one's call? */
static size_t
same_call(const struct allow *rows, size_t n)
{
	size_t same = 1;

	while (same < n && rows[same].call == rows[0].call)
		same++;
	return same;
}

/* A binary search over sorted rows, with the number of the call in A. */
static void
search(struct filter *f, const struct allow *rows, size_t n, struct filter_uids uids)
{
	size_t first = same_call(rows, n), half = first;
	unsigned short fork, left;

	if (first == n) {
		(void)emit(f, BPF_JMP | BPF_JEQ | BPF_K, rows[0].call, 1, 0);
		leave(f, SECCOMP_RET_KILL_PROCESS);
		call_judge(f, rows, n, uids);
		return;
	}
	while (half < n / 2)
		half += same_call(rows + half, n - half);
	if (half == n)
		half = first;
	fork = emit(f, BPF_JMP | BPF_JGE | BPF_K, rows[half].call, 0, 0);
	search(f, rows, half, uids);
	left = (unsigned short)(f->n - fork - 1);
	if (left > 255)
		die_bug("a system call table is too long");
	f->b[fork].jt = (uint8_t)left;
	search(f, rows + half, n - half, uids);
}

void
filter_make(struct filter *f, const struct allow *rows, size_t n, struct filter_uids uids)
{
	struct allow sorted[FILTER_ROWS_MAX] = { { 0, ALWAYS, 0, 0, 0, 0 } };

	if (n == 0 || n > FILTER_ROWS_MAX)
		die_bug("a system call table is too long");
	for (size_t i = 0; i < n; i++) {
		size_t at = i;

		for (; at && sorted[at - 1].call > rows[i].call; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = rows[i];
	}
	f->n = 0;
	load(f, AT_ARCH);
	(void)emit(f, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0); /* numbers mean something else on another one */
	leave(f, SECCOMP_RET_KILL_PROCESS);
	load(f, AT_CALL);
	search(f, sorted, n, uids);
}
