/* sandbox: what each room may ask of the kernel.  The tables are in sandbox.c and nowhere else. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "filter.h"

/* What may be done beneath one directory or to one file. */
struct reach {
	int fd;          /* O_PATH or other; -1 ends the list */
	uint64_t access; /* LANDLOCK_ACCESS_FS_* */
};

/* How files are opened in a box, and in no other way: none of these cuts a file or follows a link at the end of a
 * path, and one alone creates.  With the raw call: some libcs add flags. */
#define OPEN_DATA (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)        /* launch: a file of POP3_DATA */
#define OPEN_SLOTS (O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)         /* launch: the slots and tables */
#define OPEN_MAILDIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)    /* storage: the maildrop */
#define OPEN_INDEX (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC) /* storage: a new file, no old one */
#define OPEN_INDEX_MODE 0600
#define OPEN_MESSAGE (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) /* storage: a message in it */

enum { FD_ROOM = 15 }; /* where launch puts the executable of the room that it starts */

struct sandbox {
	const struct allow *rows;
	size_t count;
	uint64_t address_space; /* RLIMIT_AS in bytes, 0 for none */
	unsigned files;         /* RLIMIT_NOFILE */
	unsigned children;      /* RLIMIT_NPROC */
};

extern const struct sandbox sandbox_giver, sandbox_taker, sandbox_proxyd, sandbox_pop3d, sandbox_authd,
    sandbox_authd_crypto, sandbox_storage, sandbox_launch, sandbox_tlsd, sandbox_tlskey, sandbox_tlsd_resident,
    sandbox_tlskey_resident;

enum {
	REACH_READ = 0,   /* read files and list directories */
	REACH_EXECUTE,    /* read and execute files */
	REACH_MAILDROP,   /* read, list, remove, make files, which a rename from new to cur needs, and write them */
	REACH_FILE_WRITE, /* read and write one existing file */
	REACH__MAX
};
/* The Landlock rights behind each of those names. */
extern const uint64_t reach_access[REACH__MAX];

/* The kernel's Landlock version, 0 if it has none. */
int sandbox_landlock_version(void);
/* Dies, as sandbox_enter() would, when this kernel cannot do what every room needs: once, in the name of all of them. */
void sandbox_require(bool landlock_optional);
/* Enter: limits, undumpable, Landlock with exactly these reaches (NULL: nothing at all), then seccomp, in that order.
 * A kernel without seccomp is refused (111); without Landlock 2 too, unless landlock_optional. */
void sandbox_enter(const struct sandbox *box, const struct reach *reaches, bool landlock_optional);
/* The same for launch, whose table has to know what it may become: authd's uid, and mail users' from the floor upwards. */
void sandbox_enter_for(const struct sandbox *box, const struct reach *reaches, bool landlock_optional,
		       struct filter_uids uids);

#endif
