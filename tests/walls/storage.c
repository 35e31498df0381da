/* A storage that has been taken over: the file `script` in the maildrop is its script.  Beside the maildrop lie, for it
 * to steal and spoil, `other`, another user's Maildir with new/secret, and `open`, a directory that all may write.  In
 * it are the links new/link, to other/new/secret, and new/way, to other. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../storage/serve.h"
#include "attack.h"
#include "chan.h"
#include "sandbox.h"

enum { DIR = FD_PLACE + 1, NEW_DIR, CUR_DIR }; /* where maildir_open's descriptors lie */

static char memory[1 << 16];
static struct flock everybody = { .l_type = F_WRLCK }, nobody = { .l_type = F_UNLCK };

static long
too_many_files(void)
{
	long fd;

	do
		fd = syscall(SYS_openat, DIR, "new/own", OPEN_MESSAGE);
	while (fd >= 0 && fd < 5000);
	return fd;
}

static long
descriptor_left(void)
{
	for (int fd = CUR_DIR + 1; fd < 1024; fd++)
		if (read(fd, memory, 1) >= 0 || errno != EBADF)
			return fd;
	errno = EBADF;
	return -1;
}

static long
message_opened(void)
{
	return syscall(SYS_openat, DIR, "new/own", OPEN_MESSAGE);
}

static long
message_write(void)
{
	return syscall(SYS_write, message_opened(), "x", 1);
}

static long
message_write_through_memory(void)
{
	return syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, message_opened(), 0);
}

static long
message_seal(void)
{
	return syscall(SYS_fcntl, message_opened(), F_ADD_SEALS, F_SEAL_WRITE);
}

/* Seals cannot be taken back, and with them nothing can be written. */
static long
table_write_sealed(void)
{
	(void)syscall(SYS_fcntl, FD_TABLE, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL);
	return syscall(SYS_write, FD_TABLE, "x", 1);
}

/* A program that is setuid, outside of the mail base. */
static long
program_raise(void)
{
	static const char *const arguments[] = { "raise", "raised", NULL }, *const nothing[] = { NULL };

	if (syscall(SYS_fchdir, DIR) || syscall(SYS_chdir, "../.."))
		return -1;
	return syscall(SYS_execve, "raise", arguments, nothing);
}

/* clang-format off */
#define OPEN(name, wanted, path) SAFE_CALL(name, wanted, SYS_openat, DIR, P(path), OPEN_MESSAGE)
#define RENAME(name, wanted, from, to, flags) CALL(name, wanted, SYS_renameat2, DIR, P(from), DIR, P(to), flags)
#define REMOVE(name, wanted, path, flags) CALL(name, wanted, SYS_unlinkat, DIR, P(path), flags)
static const struct attack own[] = {
	ACT("a descriptor left open", SAFE, EBADF, descriptor_left),
	OPEN("another's message", EACCES, "../other/new/secret"),
	OPEN("another's message through new", EACCES, "new/../../other/new/secret"),
	OPEN("another's message through a link", ELOOP, "new/link"),
	OPEN("another's message through a linked directory", EACCES, "new/way/new/secret"),
	OPEN("/tmp through /proc", EACCES, "/proc/self/root/tmp"),
	OPEN("another's message through a descriptor's link", EACCES, "/proc/self/fd/6/../other/new/secret"),
	OPEN("another's Maildir", EACCES, "../other"),
	OPEN("the mail base", EACCES, ".."),
	OPEN("a file that all may read", EACCES, "../open/readable"),
	OPEN("the secrets", EACCES, "../../data/secrets.cdb"),
	OPEN("the users", EACCES, "../../data/users.cdb"),
	OPEN("a room", EACCES, "../../rooms/authd"),
	OPEN("the root directory", EACCES, "/"),
	OPEN("/etc/passwd", EACCES, "/etc/passwd"),
	OPEN("/etc/shadow", EACCES, "/etc/shadow"),
	OPEN("/tmp", EACCES, "/tmp"),
	OPEN("its own memory", EACCES, "/proc/self/mem"),
	OPEN("its own environment", EACCES, "/proc/self/environ"),
	OPEN("the first process", EACCES, "/proc/1/environ"),
	OPEN("its root directory through /proc", EACCES, "/proc/self/root/etc/passwd"),
	OPEN("the log again through /proc", ELOOP, "/proc/self/fd/2"),
	OPEN("/dev/null", EACCES, "/dev/null"),
	OPEN("a file that is not there", ENOENT, "new/nothing"),
	CALL("not stopped: look at a file of all", ZERO, SYS_newfstatat, AT_FDCWD, P("/etc/passwd"), P(memory), 0),
	CALL("not stopped: look at the mail base", ZERO, SYS_newfstatat, DIR, P(".."), P(memory), 0),
	RENAME("give a message to another", EACCES, "new/own", "../other/new/given", 0),
	RENAME("move a message out", EACCES, "new/own", "../open/stolen", 0),
	RENAME("move a message up", EACCES, "new/own", "../stolen", 0),
	RENAME("exchange messages with another", KILLED, "new/own", "../other/new/secret", 2),
	RENAME("take another's message", EACCES, "../other/new/secret", "new/taken", 0),
	RENAME("take a file of all", EACCES, "../open/readable", "new/taken", 0),
	RENAME("move new away", EACCES, "new", "old", 0),
	RENAME("make a device of a message", KILLED, "new/own", "new/whiteout", 4),
	REMOVE("remove another's message", EACCES, "../other/new/secret", 0),
	REMOVE("remove a file of all", EACCES, "../open/readable", 0),
	REMOVE("remove another's by a linked directory", EACCES, "new/way/new/secret", 0),
	REMOVE("remove a directory", EACCES, "tmp", AT_REMOVEDIR),
	REMOVE("remove a directory of all", EACCES, "../open/empty", AT_REMOVEDIR),
	ACT("execute a program that is setuid", SAFE, KILLED, program_raise),
	CALL("open a directory as at the start", KILLED, SYS_openat, DIR, P("cur"), OPEN_MAILDIR),
	CALL("open a message to write", KILLED, SYS_openat, DIR, P("new/own"), O_RDWR | O_CLOEXEC),
	CALL("make a file without a name", KILLED, SYS_openat, DIR, P("tmp"), O_TMPFILE | O_RDWR, 0600),
	CALL("make a message", KILLED, SYS_openat, DIR, P("new/made"), O_CREAT | O_WRONLY, 0600),
	CALL("follow a link", KILLED, SYS_openat, DIR, P("new/link"), OPEN_MESSAGE & ~O_NOFOLLOW),
	ACT("write into a message", PLAIN, EBADF, message_write),
	CALL("take the places of all addresses", KILLED, SYS_fcntl, FD_PLACE, F_OFD_SETLK, P(&everybody)),
	CALL("let go of its place", KILLED, SYS_fcntl, FD_PLACE, F_OFD_SETLK, P(&nobody)),
	CALL("write to the file of places", KILLED, SYS_write, FD_PLACE, P(memory), 1),
	CALL("make the file of places long", KILLED, SYS_ftruncate, FD_PLACE, 1L << 30),
	ACT("write into a message through memory", PLAIN, EACCES, message_write_through_memory),
	ACT("seal a message", PLAIN, EPERM, message_seal),
	ACT("write into the sealed table", ALONE, EPERM, table_write_sealed),
	ACT("more descriptors than it may have", ALONE, EMFILE, too_many_files),
	SAFE_CALL("9 GiB of memory", ENOMEM, SYS_mmap, 0, 9L << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1),
	CALL("map a message to execute it", KILLED, SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, DIR, 0),
	CALL("a datagram to another socket", KILLED, SYS_sendmsg, FD_LOG, P(memory), 0),
	CALL("be told of changes", KILLED, SYS_fcntl, DIR, F_NOTIFY, 0),
	CALL("a lease", KILLED, SYS_fcntl, DIR, F_SETLEASE, F_WRLCK),
	CALL("advice about memory", KILLED, SYS_madvise, P(memory), 4096, MADV_HWPOISON),
	CALL("wait for others' children", KILLED, SYS_waitid, 0, 0, P(memory), 4),
};
/* clang-format on */

static const struct attacks attacks_own = ATTACKS(own);
static const struct attacks *const tables[] = { &attacks_everywhere, &attacks_rooms, &attacks_own, NULL };

/* open: the message new/own, at the lowest descriptor that is free, which is 8; table BYTES: write the table, seal it. */
static bool
command_more(struct span verb, struct span rest)
{
	static uint8_t b[1 << 16];

	if (verb_is(verb, "open")) {
		report("opened %d", (int)message_opened());
		return true;
	}
	if (!verb_is(verb, "table"))
		return false;
	if (write(FD_TABLE, b, bytes_read(rest, b, sizeof b)) < 0 ||
	    fcntl(FD_TABLE, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK))
		report("cannot write the table");
	return true;
}

int64_t
clock_ms(void)
{
	return 0;
}

void
storage_serve(struct storage *s)
{
	static uint8_t script[1 << 14];
	int fd = (int)syscall(SYS_openat, s->maildir.fd, "script", OPEN_MESSAGE);
	ssize_t n = read(fd, script, sizeof script);

	attack_begin("storage", s->sid, tables, command_more);
	if (s->maildir.fd != DIR || s->maildir.sub[NEW] != NEW_DIR || s->maildir.sub[CUR] != CUR_DIR || n < 0) {
		report("does not begin");
		return;
	}
	(void)close(fd); /* only read from */
	script_obey((struct span){ script, (size_t)n });
}
