#define _GNU_SOURCE
#include "filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>

#include "die.h"
#include "table.h"

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

/* The filter is made from its end: jumps go forward only, so what they go to is there already.  A place is how many
 * instructions there are from it to the end. */
typedef unsigned place;

static place
put(struct filter *f, int code, uint32_t k, unsigned yes, unsigned no)
{
	if (f->n == FILTER_MAX || yes > 255 || no > 255)
		die_bug("a system call table is too long");
	f->b = &f->room[FILTER_MAX - ++f->n];
	*f->b = (struct sock_filter){ (uint16_t)code, (uint8_t)yes, (uint8_t)no, k };
	return f->n;
}

/* Load what stands there, and go on with what was put before. */
static void
load(struct filter *f, uint32_t at)
{
	(void)put(f, BPF_LD | BPF_W | BPF_ABS, at, 0, 0);
}

/* Compare A with k, or with X, and go to one of two places. */
static place
fork_to(struct filter *f, int how, uint32_t k, place yes, place no)
{
	return put(f, BPF_JMP | how, k, f->n - yes, f->n - no);
}

/* A place that leaves with this action: one that is there, if a jump from what comes next still reaches it. */
static place
end_with(struct filter *f, enum end end)
{
	static const uint32_t actions[END__MAX] = { SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ALLOW,
						    SECCOMP_RET_ERRNO | EPERM };

	if (f->end[end] == 0 || f->n - f->end[end] > FILTER_NEAR)
		f->end[end] = put(f, BPF_RET | BPF_K, actions[end], 0, 0);
	return f->end[end];
}

/* Is an argument, all 64 bits of it, as `how` compares its low half with the value, which has 32? */
static place
argument_is(struct filter *f, unsigned argument, int how, uint32_t value, place yes, place no)
{
	place high;

	(void)fork_to(f, BPF_JEQ | BPF_K, 0, yes, no);
	load(f, AT_ARGUMENTS + 8 * argument + 4);
	high = f->n;
	(void)fork_to(f, how, value, high, no);
	load(f, AT_ARGUMENTS + 8 * argument);
	return f->n;
}

/* The same, below the value. */
static place
argument_below(struct filter *f, unsigned argument, uint32_t value, place yes, place no)
{
	place high;

	(void)fork_to(f, BPF_JEQ | BPF_K, 0, yes, no);
	load(f, AT_ARGUMENTS + 8 * argument + 4);
	high = f->n;
	(void)fork_to(f, BPF_JGE | BPF_K, value, no, high);
	load(f, AT_ARGUMENTS + 8 * argument);
	return f->n;
}

/* setresuid: the kernel looks at the low halves.  -1 means "unchanged", and 0 is root: neither is ever allowed. */
static place
uids_are(struct filter *f, struct filter_uids uids, place yes, place no)
{
	place next = fork_to(f, BPF_JGE | BPF_K, uids.floor, yes, no);

	next = fork_to(f, BPF_JEQ | BPF_K, uids.one, yes, next);
	next = fork_to(f, BPF_JEQ | BPF_K, 0, no, next);
	next = fork_to(f, BPF_JEQ | BPF_K, UINT32_MAX, no, next);
	(void)fork_to(f, BPF_JEQ | BPF_X, 0, next, no);
	load(f, AT_ARGUMENTS + 16);
	next = f->n;
	(void)fork_to(f, BPF_JEQ | BPF_X, 0, next, no);
	load(f, AT_ARGUMENTS + 8);
	(void)put(f, BPF_MISC | BPF_TAX, 0, 0, 0);
	load(f, AT_ARGUMENTS);
	return f->n;
}

static place
row_judge(struct filter *f, const struct allow *r, struct filter_uids uids, place yes, place no)
{
	switch ((enum rule)r->rule) {
	case WHEN_BOTH:
		yes = argument_is(f, r->argument2, BPF_JEQ | BPF_K, r->value2, yes, no);
		return argument_is(f, r->argument, BPF_JEQ | BPF_K, r->value, yes, no);
	case WHEN_RECORD:
		yes = argument_below(f, 3, r->value2, yes, no);
		yes = argument_is(f, 2, BPF_JEQ | BPF_K, TABLE_RECORD, yes, no);
		return argument_is(f, 0, BPF_JEQ | BPF_K, r->value, yes, no);
	case WHEN_FROM:
		return argument_is(f, r->argument, BPF_JGE | BPF_K, r->value, yes, no);
	case WHEN_UIDS:
		return uids_are(f, uids, yes, no);
	case ALWAYS:
	case WHEN:
	case ELSE_EPERM:
		break; /* call_judge sees to these */
	}
	return no;
}

/* The table, and its rows in the order of their calls. */
struct sorted {
	const struct allow *rows;
	struct filter_uids uids;
	uint8_t order[FILTER_ROWS_MAX];
};

static const struct allow *
row_at(const struct sorted *s, size_t i)
{
	return &s->rows[s->order[i]];
}

static bool
has(const struct sorted *s, size_t i, size_t end, enum rule rule)
{
	while (i < end && row_at(s, i)->rule != rule)
		i++;
	return i < end;
}

/* The rows of i to end that want this argument to have a value: it is loaded once for all of them. */
static place
values_judge(struct filter *f, const struct sorted *s, size_t i, size_t end, unsigned argument, place yes, place no)
{
	place next = no;

	for (size_t j = i; j < end; j++)
		if (row_at(s, j)->rule == WHEN && row_at(s, j)->argument == argument)
			next = fork_to(f, BPF_JEQ | BPF_K, row_at(s, j)->value, yes, next);
	if (next == no)
		return no;
	load(f, AT_ARGUMENTS + 8 * argument);
	next = f->n;
	(void)fork_to(f, BPF_JEQ | BPF_K, 0, next, no);
	load(f, AT_ARGUMENTS + 8 * argument + 4);
	return f->n;
}

/* Rows i to end, which are of one call, and that one is made. */
static place
call_judge(struct filter *f, const struct sorted *s, size_t i, size_t end)
{
	place yes, next;

	yes = end_with(f, END_ALLOW);
	if (has(s, i, end, ALWAYS))
		return yes;
	next = end_with(f, has(s, i, end, ELSE_EPERM) ? END_FAIL : END_KILL);
	for (unsigned argument = 0; argument < 6; argument++)
		next = values_judge(f, s, i, end, argument, yes, next);
	while (end > i)
		next = row_judge(f, row_at(s, --end), s->uids, yes, next);
	return next;
}

/* The end of the rows that are of row i's call. */
static size_t
same_call(const struct sorted *s, size_t i, size_t end)
{
	size_t same = i + 1;

	while (same < end && row_at(s, same)->call == row_at(s, i)->call)
		same++;
	return same;
}

/* A binary search over rows i to end, with the number of the call in A. */
static place
search(struct filter *f, const struct sorted *s, size_t i, size_t end)
{
	size_t first = same_call(s, i, end), half = first;
	place yes, no;

	if (first == end) {
		yes = call_judge(f, s, i, end);
		no = end_with(f, END_KILL);
		return fork_to(f, BPF_JEQ | BPF_K, row_at(s, i)->call, yes, no);
	}
	while (half < (i + end) / 2)
		half = same_call(s, half, end);
	if (half == end)
		half = first;
	yes = search(f, s, half, end);
	no = search(f, s, i, half);
	return fork_to(f, BPF_JGE | BPF_K, row_at(s, half)->call, yes, no);
}

void
filter_make(struct filter *f, const struct allow *rows, size_t n, struct filter_uids uids)
{
	struct sorted s = { .rows = rows, .uids = uids };
	place call;

	if (n == 0 || n > FILTER_ROWS_MAX)
		die_bug("a system call table is too long");
	for (size_t i = 0; i < n; i++) {
		size_t at = i;

		for (; at && row_at(&s, at - 1)->call > rows[i].call; at--)
			s.order[at] = s.order[at - 1];
		s.order[at] = (uint8_t)i;
	}
	f->n = 0;
	memset(f->end, 0, sizeof f->end);
	(void)search(f, &s, 0, n);
	load(f, AT_CALL);
	call = f->n;
	/* numbers mean something else on another one */
	(void)fork_to(f, BPF_JEQ | BPF_K, ARCHITECTURE, call, end_with(f, END_KILL));
	load(f, AT_ARCH);
}
