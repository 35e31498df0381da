/* Filters: an interpreter of the few instructions there are judges every call, with arguments on both sides of every
 * rule; and the rooms' real tables allow no call that they do not name. */
#define _GNU_SOURCE
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "chan.h"
#include "check.h"
#include "sandbox.h"
#include "table.h"

#ifdef __x86_64__
enum { HERE = AUDIT_ARCH_X86_64 & INT32_MAX };
#else
enum { HERE = AUDIT_ARCH_AARCH64 & INT32_MAX };
#endif

static uint32_t
judge(const struct filter *f, const struct seccomp_data *d)
{
	uint32_t a = 0, x = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct sock_filter *s = &f->b[i];
		uint32_t operand = BPF_SRC(s->code) == BPF_X ? x : s->k;

		switch (s->code & ~BPF_X) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)d + s->k, 4);
			break;
		case BPF_MISC | BPF_TAX:
			x = a;
			break;
		case BPF_JMP | BPF_JEQ:
			i += a == operand ? s->jt : s->jf;
			break;
		case BPF_JMP | BPF_JGE:
			i += a >= operand ? s->jt : s->jf;
			break;
		case BPF_RET:
			return s->k;
		default:
			abort();
		}
	}
	abort(); /* it ran off its end */
}

static uint32_t
call(const struct filter *f, int nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
	const struct seccomp_data d = { nr, HERE | 1U << 31, 0, { a0, a1, a2, 0, 0, 0 } };

	return judge(f, &d);
}

/* The same with a fifth argument. */
static uint32_t
call5(const struct filter *f, int nr, uint64_t a4)
{
	const struct seccomp_data d = { nr, HERE | 1U << 31, 0, { 0, 0, 0, 0, a4, 0 } };

	return judge(f, &d);
}

/* A write of so many octets to fd, at that place. */
static uint32_t
record(const struct filter *f, uint64_t fd, uint64_t octets, uint64_t at)
{
	const struct seccomp_data d = { 70, HERE | 1U << 31, 0, { fd, 4096, octets, at, 0, 0 } };

	return judge(f, &d);
}

#define ALLOWED SECCOMP_RET_ALLOW
#define KILLED SECCOMP_RET_KILL_PROCESS
#define FAILS (SECCOMP_RET_ERRNO | EPERM)

static void
rules(void)
{
	static const struct allow rows[] = {
		{ 30, WHEN, 1, 0, 7, 0 },   { 10, ALWAYS, 0, 0, 0, 0 },     { 20, WHEN_BOTH, 0, 2, 5, 6 },
		{ 30, WHEN, 1, 0, 9, 0 },   { 40, WHEN_UIDS, 0, 0, 0, 0 },  { 40, ELSE_EPERM, 0, 0, 0, 0 },
		{ 5, WHEN, 0, 0, 0, 0 },    { 5, ELSE_EPERM, 0, 0, 0, 0 },  { 50, WHEN, 0, 0, 1, 0 },
		{ 50, ALWAYS, 0, 0, 0, 0 }, { 60, WHEN_FROM, 1, 0, 10, 0 }, { 70, WHEN_RECORD, 0, 0, 5, 100 },
	};
	static struct filter f;
	const uint64_t high = 1ULL << 32;

	filter_make(&f, rows, sizeof rows / sizeof rows[0], (struct filter_uids){ 1000, 102 });
	CHECK_EQ(call(&f, 10, 1, 2, 3), ALLOWED);
	CHECK_EQ(call(&f, 20, 5, 0, 6), ALLOWED);
	CHECK_EQ(call(&f, 20, 5, 0, 7), KILLED);
	CHECK_EQ(call(&f, 20, 6, 0, 6), KILLED);
	CHECK_EQ(call(&f, 20, 5 | high, 0, 6), KILLED);
	CHECK_EQ(call(&f, 20, 5, 0, 6 | high), KILLED);
	CHECK_EQ(call(&f, 30, 0, 7, 0), ALLOWED);
	CHECK_EQ(call(&f, 30, 0, 9, 0), ALLOWED);
	CHECK_EQ(call(&f, 30, 0, 8, 0), KILLED);
	CHECK_EQ(call(&f, 30, 0, 7 | high, 0), KILLED);
	CHECK_EQ(call(&f, 40, 1000, 1000, 1000), ALLOWED);
	CHECK_EQ(call(&f, 40, 102, 102, 102), ALLOWED);
	CHECK_EQ(call(&f, 40, 4294967294U, 4294967294U, 4294967294U), ALLOWED);
	CHECK_EQ(call(&f, 40, 999, 999, 999), FAILS);
	CHECK_EQ(call(&f, 40, 0, 0, 0), FAILS);
	CHECK_EQ(call(&f, 40, high, high, high), FAILS); /* the kernel sees 0 */
	CHECK_EQ(call(&f, 40, UINT32_MAX, UINT32_MAX, UINT32_MAX), FAILS);
	CHECK_EQ(call(&f, 40, UINT64_MAX, 0, UINT64_MAX), FAILS);
	CHECK_EQ(call(&f, 40, 1000, 1000, 0), FAILS);
	CHECK_EQ(call(&f, 40, 1000, 0, 1000), FAILS);
	CHECK_EQ(call(&f, 40, 0, 1000, 1000), FAILS);
	CHECK_EQ(call(&f, 40, 1000, 1001, 1000), FAILS);
	CHECK_EQ(call(&f, 5, 0, 0, 0), ALLOWED);
	CHECK_EQ(call(&f, 5, 1, 0, 0), FAILS);
	CHECK_EQ(call(&f, 50, 2, 0, 0), ALLOWED);
	CHECK_EQ(record(&f, 5, TABLE_RECORD, 99), ALLOWED);
	CHECK_EQ(record(&f, 5, TABLE_RECORD, 0), ALLOWED);
	CHECK_EQ(record(&f, 5, TABLE_RECORD, 100), KILLED);
	CHECK_EQ(record(&f, 5, TABLE_RECORD, UINT32_MAX), KILLED);
	CHECK_EQ(record(&f, 5, TABLE_RECORD, high), KILLED);
	CHECK_EQ(record(&f, 5, TABLE_RECORD, UINT64_MAX), KILLED);
	CHECK_EQ(record(&f, 5, TABLE_RECORD + 1, 0), KILLED);
	CHECK_EQ(record(&f, 5, TABLE_RECORD - 1, 0), KILLED);
	CHECK_EQ(record(&f, 5, TABLE_RECORD | high, 0), KILLED);
	CHECK_EQ(record(&f, 5, 0, 0), KILLED);
	CHECK_EQ(record(&f, 4, TABLE_RECORD, 99), KILLED);
	CHECK_EQ(record(&f, 5 | high, TABLE_RECORD, 99), KILLED);
	CHECK_EQ(call(&f, 60, 0, 10, 0), ALLOWED);
	CHECK_EQ(call(&f, 60, 0, UINT32_MAX, 0), ALLOWED);
	CHECK_EQ(call(&f, 60, 0, 9, 0), KILLED);
	CHECK_EQ(call(&f, 60, 0, 0, 0), KILLED);
	CHECK_EQ(call(&f, 60, 0, 10 | high, 0), KILLED);
	CHECK_EQ(call(&f, 60, 0, 9 | high, 0), KILLED);
	for (int nr = -1; nr < 600; nr++)
		if (nr != 60 && nr != 5 && nr != 10 && nr != 20 && nr != 30 && nr != 40 && nr != 50 && nr != 70)
			CHECK_EQ(call(&f, nr, 5, 7, 6), KILLED);
}

/* A room's table: what it names and nothing else, on this architecture and no other. */
static void
table(const struct sandbox *box)
{
	static struct filter f;
	unsigned named = 0;

	filter_make(&f, box->rows, box->count, (struct filter_uids){ 1000, 102 });
	for (int nr = 0; nr < 1100; nr++) {
		/* No rule wants these. */
		const struct seccomp_data odd = { nr,
						  HERE | 1U << 31,
						  0,
						  { 1ULL << 40, 2ULL << 40, 3ULL << 40, 4ULL << 40, 5ULL << 40,
						    6ULL << 40 } };
		const struct allow *row = NULL;

		for (size_t i = 0; i < box->count; i++)
			if (box->rows[i].call == nr && (row == NULL || box->rows[i].rule == ALWAYS))
				row = &box->rows[i];
		named += row != NULL;
		if (row == NULL)
			CHECK_EQ(call(&f, nr, 0, 0, 0), KILLED);
		else if (row->rule == ALWAYS)
			CHECK_EQ(call(&f, nr, 1, 2, 3), ALLOWED);
		else
			CHECK(judge(&f, &odd) != ALLOWED);
		CHECK_EQ(call(&f, nr | 0x40000000, 0, 0, 0), KILLED); /* x32 */
		CHECK_EQ(judge(&f, &(struct seccomp_data){ nr, AUDIT_ARCH_I386, 0, { 0 } }), KILLED);
	}
	CHECK(named > 5 && named <= box->count);
}

/* What boxed root, or a room, has been able to do by an argument that nobody needs.  Others are in tests/walls.py. */
static void
arguments(void)
{
	static struct filter f;
	const uint64_t elsewhere = FD_ROOM + 1;

	filter_make(&f, sandbox_launch.rows, sandbox_launch.count, (struct filter_uids){ 1000, 102 });
	CHECK_EQ(call(&f, SYS_openat, elsewhere, 0, OPEN_DATA), ALLOWED);
	CHECK_EQ(call(&f, SYS_openat, elsewhere, 0, OPEN_SLOTS), ALLOWED);
	CHECK_EQ(call(&f, SYS_openat, elsewhere, 0, OPEN_DATA | O_CREAT), KILLED);
	CHECK_EQ(call(&f, SYS_openat, elsewhere, 0, OPEN_DATA | O_TRUNC), KILLED);
	CHECK_EQ(call(&f, SYS_openat, elsewhere, 0, O_PATH), KILLED);
	CHECK_EQ(call(&f, SYS_prlimit64, 0, RLIMIT_NOFILE, 0), ALLOWED);
	CHECK_EQ(call(&f, SYS_prlimit64, 1, RLIMIT_NOFILE, 0), KILLED);
	CHECK_EQ(call(&f, SYS_fcntl, 3, F_GETFD, 0), ALLOWED);
	CHECK_EQ(call(&f, SYS_fcntl, 3, F_SETOWN, 1), KILLED);
	CHECK_EQ(call(&f, SYS_fcntl, 3, 10 /* F_SETSIG */, SIGKILL), KILLED);
	CHECK_EQ(call(&f, SYS_fcntl, 2, F_DUPFD, 3), KILLED);
	CHECK_EQ(call(&f, SYS_prctl, PR_SET_DUMPABLE, 0, 0), ALLOWED);
	CHECK_EQ(call(&f, SYS_prctl, PR_SET_SECUREBITS, 0, 0), KILLED);
	CHECK_EQ(call(&f, SYS_madvise, 4096, 4096, MADV_HWPOISON), KILLED);
	CHECK_EQ(call(&f, SYS_dup3, elsewhere, FD_CTL, 0), ALLOWED);
	CHECK_EQ(call(&f, SYS_dup3, FD_LOG, FD_CTL, 0), KILLED);
	CHECK_EQ(call(&f, SYS_memfd_create, 4096, 0, 0), KILLED);
	filter_make(&f, sandbox_storage.rows, sandbox_storage.count, (struct filter_uids){ 1000, 102 });
	CHECK_EQ(call5(&f, SYS_renameat2, 0), ALLOWED);
	CHECK_EQ(call5(&f, SYS_renameat2, 1), ALLOWED);
	CHECK_EQ(call5(&f, SYS_renameat2, 2), KILLED); /* RENAME_EXCHANGE */
	CHECK_EQ(call5(&f, SYS_renameat2, 4), KILLED); /* RENAME_WHITEOUT */
	CHECK_EQ(call(&f, SYS_sendmsg, FD_CTL, 4096, 0), ALLOWED);
	CHECK_EQ(call(&f, SYS_sendmsg, FD_LOG, 4096, 0), KILLED);
	CHECK_EQ(call(&f, SYS_write, FD_TABLE, 4096, 1), ALLOWED);
	CHECK_EQ(call(&f, SYS_write, elsewhere, 4096, 1), KILLED);
	filter_make(&f, sandbox_authd.rows, sandbox_authd.count, (struct filter_uids){ 1000, 102 });
	CHECK_EQ(call(&f, SYS_write, FD_VERDICT, 4096, 1), ALLOWED);
	CHECK_EQ(call(&f, SYS_write, FD_LOG, 4096, 1), ALLOWED);
	CHECK_EQ(call(&f, SYS_write, FD_SLOTS, 4096, 1), KILLED);
}

int
main(void)
{
	rules();
	arguments();
	table(&sandbox_pop3d);
	table(&sandbox_authd);
	table(&sandbox_storage);
	table(&sandbox_launch);
	return check_end();
}
