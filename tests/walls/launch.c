/* A sallyport that has been taken over in its box: root still.  POP3_HOST is its script: "list", or an attack's number.
 * It refuses when there is no box. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../launch/launch.h"
#include "attack.h"
#include "chan.h"
#include "sandbox.h"

enum { ALL = -1 };

static const struct launch *s;
static char memory[1 << 16];
static socklen_t int_size = sizeof(int);
static const char *const shell[] = { "sh", "-c", "true", NULL }, *const nothing[] = { NULL };
static const gid_t groups[] = { 0, 4 };

static long
data_try(const char *name, int flags)
{
	return syscall(SYS_openat, s->data, name, flags);
}

static long
mail_try(const char *name, int flags)
{
	return syscall(SYS_openat, s->mailbase, name, flags);
}

static long
users_write(void)
{
	return data_try("users.cdb", OPEN_SLOTS);
}

static long
secrets_write(void)
{
	return data_try("secrets.cdb", OPEN_SLOTS);
}

static long
data_escape(void)
{
	return data_try("../rooms/pop3d", OPEN_DATA);
}

static long
base_escape(void)
{
	return mail_try("../decoy", OPEN_MESSAGE);
}

static long
link_follow(void)
{
	return mail_try("link", OPEN_DATA);
}

static long
link_through(void)
{
	return mail_try("way/decoy", OPEN_DATA);
}

static long
room_write(void)
{
	return data_try("../rooms/authd", OPEN_SLOTS);
}

static long
data_list(void)
{
	return data_try(".", OPEN_MAILDIR);
}

static long
pop3d_memory(void)
{
	char name[64];

	(void)snprintf(name, sizeof name, "/proc/%d/mem", (int)s->pop3d);
	return data_try(name, OPEN_SLOTS);
}

static long
mail_create(void)
{
	return syscall(SYS_openat, s->mailbase, "made", OPEN_DATA | O_CREAT, 06755);
}

static long
users_remove(void)
{
	return syscall(SYS_unlinkat, s->data, "users.cdb", 0);
}

static long
decoy_remove(void)
{
	return syscall(SYS_unlinkat, s->mailbase, "../decoy", 0);
}

static long
directory_remove(void)
{
	return syscall(SYS_unlinkat, s->mailbase, "other/tmp", AT_REMOVEDIR);
}

static long
users_replace(void)
{
	return syscall(SYS_renameat2, s->mailbase, "other/new/secret", s->data, "users.cdb", 0);
}

static long
mail_steal(void)
{
	return syscall(SYS_renameat2, s->mailbase, "other/new/secret", s->mailbase, "../stolen", 0);
}

static long
secrets_move(void)
{
	return syscall(SYS_renameat2, s->data, "secrets.cdb", s->mailbase, "secrets", 0);
}

static long
execute(int fd)
{
	if (fd < 0 || dup3(fd, FD_ROOM, 0) < 0)
		return -1;
	return syscall(SYS_execveat, FD_ROOM, "", shell, nothing, AT_EMPTY_PATH);
}

/* A program that ends with this status, in machine code: a script would need a file that is not in the box either. */
enum { STARTED = 77 };

static const struct {
	Elf64_Ehdr head;
	Elf64_Phdr whole;
	uint32_t code[4];
} program = {
	{ .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
	  .e_type = ET_EXEC,
#ifdef __x86_64__
	  .e_machine = EM_X86_64,
#else
	  .e_machine = EM_AARCH64,
#endif
	  .e_version = EV_CURRENT,
	  .e_entry = 0x400000 + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
	  .e_phoff = sizeof(Elf64_Ehdr),
	  .e_ehsize = sizeof(Elf64_Ehdr),
	  .e_phentsize = sizeof(Elf64_Phdr),
	  .e_phnum = 1 },
	{ .p_type = PT_LOAD,
	  .p_flags = PF_R | PF_X,
	  .p_vaddr = 0x400000,
	  .p_filesz = 136,
	  .p_memsz = 136,
	  .p_align = 0x1000 },
#ifdef __x86_64__
	{ 0x0000e7b8, STARTED << 16 | 0xbf00, 0x050f0000, 0x90909090 }, /* exit_group(STARTED) */
#else
	{ 0xd2800bc8, 0xd2800000 | STARTED << 5, 0xd4000001, 0 },
#endif
};

/* Fill a memory file with it, through a descriptor that may be written. */
static long
program_execute_from(int fd, int through)
{
	if (dup3(fd, through, 0) < 0 || syscall(SYS_write, through, &program, sizeof program) != (long)sizeof program)
		return -1;
	return execute(fd);
}

static long
table_execute(void)
{
	return program_execute_from(s->table, FD_TABLE);
}

/* Where there is TLS, what tlsd tells authd is in a memory file too. */
static long
facts_execute(void)
{
	return program_execute_from(s->facts, FD_INDEX);
}

/* A mail user's file that is executable. */
static long
mail_execute(void)
{
	return execute((int)mail_try("other/program", OPEN_MESSAGE));
}

static long
program_execute(void)
{
	return syscall(SYS_execveat, FD_ROOM, "/bin/true", shell, nothing, AT_EMPTY_PATH);
}

static long
become_below_the_floor(void)
{
	const unsigned u = s->config.uidmin - 1;

	return syscall(SYS_setresuid, u, u, u);
}

/* A mail user who wants to be root again. */
static long
regain(void)
{
	const unsigned u = s->config.uidmin + 100;

	if (syscall(SYS_setresuid, u, u, u))
		return -1;
	return syscall(SYS_setresuid, ALL, 0, ALL);
}

/* A mail user's message, by root. */
static long
mail_write(void)
{
	return mail_try("other/new/secret", OPEN_SLOTS);
}

static long
become_anybody(void)
{
	const unsigned u = s->config.uidmin + 100;

	if (syscall(SYS_setresgid, 42, 42, 42))
		return -1;
	return syscall(SYS_setresuid, u, u, u);
}

/* In a root directory of its own choice, with .. above it. */
static long
chroot_escape(void)
{
	/* An ordinary user has no chroot, and the way out must be closed to him as well. */
	if (syscall(SYS_fchdir, s->data) || (syscall(SYS_chroot, ".") && errno != EPERM))
		return -1;
	return syscall(SYS_openat, s->mailbase, "../../../../../../etc/passwd", OPEN_DATA);
}

/* clang-format off */
#define OPEN(name, wanted, path) SAFE_CALL(name, wanted, SYS_openat, AT_FDCWD, P(path), OPEN_DATA)
#define WRITE(name, wanted, path) CALL(name, wanted, SYS_openat, AT_FDCWD, P(path), OPEN_SLOTS)
static const struct attack own[] = {
	SAFE_CALL("root again", EPERM, SYS_setresuid, ALL, 0, ALL),
	CALL("root in all three", EPERM, SYS_setresuid, 0, 0, 0),
	CALL("one uid of three", EPERM, SYS_setresuid, 0, 2000000, 2000000),
	CALL("uid 1", EPERM, SYS_setresuid, 1, 1, 1),
	CALL("root by a number above 32 bits", EPERM, SYS_setresuid, 1L << 32, 1L << 32, 1L << 32),
	CALL("no change of uid", EPERM, SYS_setresuid, ALL, ALL, ALL),
	ACT("a uid below the floor", SAFE, EPERM, become_below_the_floor),
	ACT("root again as a mail user", ALONE, EPERM, regain),
	CALL("groups", EPERM, SYS_setgroups, 2, P(groups)),
	OPEN("/etc/shadow", EACCES, "/etc/shadow"),
	OPEN("/etc/passwd", EACCES, "/etc/passwd"),
	OPEN("root's home", EACCES, "/root"),
	OPEN("the root directory", EACCES, "/"),
	OPEN("the first process' environment", EACCES, "/proc/1/environ"),
	OPEN("a room's maps", EACCES, "/proc/self/maps"),
	OPEN("another program", EACCES, "/usr/bin/touch"),
	OPEN("through its root directory in /proc", EACCES, "/proc/self/root/etc/passwd"),
	OPEN("the log again", ELOOP, "/proc/self/fd/2"),
	WRITE("its own memory", EACCES, "/proc/self/mem"),
	WRITE("every device there is", EACCES, "/dev/full"),
	WRITE("a disk", EACCES, "/dev/loop0"),
	WRITE("a terminal", EACCES, "/dev/tty"),
	WRITE("/dev/null", EACCES, "/dev/null"),
	WRITE("core_pattern", EACCES, "/proc/sys/kernel/core_pattern"),
	WRITE("what a panic does", EACCES, "/proc/sys/kernel/panic"),
	WRITE("/etc/passwd to write", EACCES, "/etc/passwd"),
	WRITE("kernel messages", EACCES, "/dev/kmsg"),
	ACT("pop3d's memory", PLAIN, EACCES, pop3d_memory),
	ACT("users.cdb to write", PLAIN, EACCES, users_write),
	ACT("secrets.cdb to write", PLAIN, EACCES, secrets_write),
	ACT("a room to write", PLAIN, EACCES, room_write),
	ACT("out of the data directory", SAFE, EACCES, data_escape),
	ACT("out of the mail base", SAFE, EACCES, base_escape),
	ACT("a link in the mail base", SAFE, ELOOP, link_follow),
	ACT("a linked directory in the mail base", SAFE, EACCES, link_through),
	ACT("list the data directory", PLAIN, EACCES, data_list),
	ACT("create a file in the mail base", PLAIN, KILLED, mail_create),
	ACT("remove users.cdb", PLAIN, EACCES, users_remove),
	ACT("remove a file outside", PLAIN, EACCES, decoy_remove),
	ACT("remove a directory of a Maildir", PLAIN, EACCES, directory_remove),
	ACT("replace users.cdb by a message", PLAIN, EACCES, users_replace),
	ACT("move a message out of the mail base", PLAIN, EACCES, mail_steal),
	ACT("move the secrets into the mail base", PLAIN, EACCES, secrets_move),
	ACT("execute the table", ALONE, EACCES, table_execute),
	ACT("execute the facts of TLS", ALONE, EACCES, facts_execute),
	ACT("execute a mail user's file", ALONE, EACCES, mail_execute),
	ACT("execute a program by its path", ALONE, EACCES, program_execute),
	ACT("out of a root directory of its choice", ALONE, EACCES, chroot_escape),
	SAFE_CALL("the client's socket", ENOTSOCK, SYS_getsockopt, 0, SOL_SOCKET, SO_TYPE, P(memory), P(&int_size)),
	CALL("bytes where the client was", ZERO, SYS_read, 0, P(memory), 1),
	ACT("not stopped: open a message to write", PLAIN, ZERO, mail_write),
	ACT("not stopped: become anybody from the floor upwards, in any group", ALONE, ZERO, become_anybody),
	CALL("not stopped: look at a file of root's", ZERO, SYS_newfstatat, AT_FDCWD, P("/etc/shadow"), P(memory), 0),
	CALL("write to the client", KILLED, SYS_write, 1, P("+OK\r\n"), 5),
	CALL("write to the channel", KILLED, SYS_write, FD_CTL, P(memory), 1),
	CALL("another descriptor in the channel's place", KILLED, SYS_dup3, FD_LOG, FD_CTL, 0),
	CALL("a datagram to another socket", KILLED, SYS_sendmsg, FD_LOG, P(memory), 0),
	CALL("limits of the first process", KILLED, SYS_prlimit64, 1, 7, 0, P(memory)),
	CALL("signals by F_SETSIG", KILLED, SYS_fcntl, FD_CTL, 10, SIGKILL),
	CALL("pages of the machine", KILLED, SYS_madvise, P(memory), 4096, MADV_HWPOISON),
	CALL("capabilities kept", KILLED, SYS_prctl, PR_SET_KEEPCAPS, 1),
	CALL("another executable's name", KILLED, SYS_prctl, PR_SET_MM, PR_SET_MM_EXE_FILE, 0),
	CALL("a new process in namespaces", KILLED, SYS_clone, CLONE_NEWPID | SIGCHLD),
	CALL("an interface", KILLED, SYS_ioctl, FD_CTL, 0x8913, P(memory)),
};
/* clang-format on */

static const struct attacks attacks_own = ATTACKS(own);
static const struct attacks *const tables[] = { &attacks_everywhere, &attacks_own, NULL };

/* For a checkpassword program's sake, which is not tried here. */
void
request_wait(struct launch *unused, unsigned left)
{
	(void)unused;
	(void)left;
	_exit(0);
}

void
attempts_serve(struct launch *launch)
{
	char script[32];

	s = launch;
	attack_begin("launch", s->sid, tables, NULL);
	(void)snprintf(script, sizeof script, strcmp(s->config.host, "list") ? "attack %s" : "%s", s->config.host);
	script_obey(span_of(script));
	_exit(0);
}
