/* sallyport: what a super-server starts for each connection; the only program of ours that runs as root.
 * Distrusts: pop3d and authd.  Holds: everything, therefore it reads no byte that a client wrote: it waits until the
 * channel becomes readable and leaves the reading to authd.  All it reads is its settings, one verdict of fixed size
 * and one record of users.cdb.
 * Ends: with pop3d, or by becoming storage under the mail user's uid, in its own place. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chan.h"
#include "config.h"
#include "die.h"
#include "identity.h"
#include "log.h"
#include "sandbox.h"
#include "settle.h"
#include "start.h"

enum {
	VERDICT_SECONDS = 60,  /* for one attempt, waiting for a slot included */
	DEADLINE_SLACK = 120,  /* the kernel ends a room so much after its own limit */
	NUMBER_MAX = 24,
};

static struct {
	struct config config;
	struct peer peer;
	char sid[40];
	/* descriptors, all above FD_ROOM and close-on-exec */
	int ctl, pop3d_ctl;
	int data, slots, mailbase, empty, pop3d_room, authd_room, storage_room; /* O_PATH */
	pid_t pop3d;
} s;

static int
path_open(const char *path)
{
	int fd = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC | O_DIRECTORY);

	if (fd < 0)
		die_sys("cannot open the directory %s", path);
	return fd;
}

static const char *
number(char out[NUMBER_MAX], unsigned n)
{
	(void)snprintf(out, NUMBER_MAX, "%u", n);
	return out;
}

static const char *
landlock_word(void)
{
	return s.config.nolandlock ? "nolandlock" : "landlock";
}

static void
session_name(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	(void)snprintf(s.sid, sizeof s.sid, "%d.%llx", (int)getpid(), (unsigned long long)now.tv_sec);
	die_session(s.sid);
}

static void
descriptors_open(void)
{
	int pair[2], rooms;
	struct stat st;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die_sys("cannot make a channel");
	s.ctl = pair[0];
	s.pop3d_ctl = pair[1];
	s.data = path_open(s.config.data);
	s.mailbase = path_open(s.config.mailbase);
	s.slots = openat(s.data, "slots", O_PATH | O_CLOEXEC | O_NOFOLLOW);
	if (s.slots < 0)
		die_sys("cannot open %s/slots: run sallyport-user compile", s.config.data);
	rooms = path_open(s.config.rooms);
	s.pop3d_room = room_open(rooms, "pop3d");
	s.authd_room = room_open(rooms, "authd");
	s.storage_room = room_open(rooms, "storage");
	(void)close(rooms);
	s.empty = -1;
	if (s.config.rootless)
		return;
	s.empty = path_open(s.config.empty);
	if (fstat(s.empty, &st) || st.st_uid != 0 || st.st_mode & 022)
		die_usage("%s: must be a directory that only root can write (POP3_EMPTY)", s.config.empty);
}

static void
pop3d_start(void)
{
	char idle[NUMBER_MAX], session[NUMBER_MAX], tries[NUMBER_MAX];
	bool plain = s.peer.loopback || s.config.plainok;
	const char *const arguments[] = { "pop3d", s.sid, s.peer.remote, s.peer.local, landlock_word(),
					  plain ? "1" : "0", number(idle, s.config.idle),
					  number(session, s.config.session), number(tries, s.config.tries),
					  s.config.host, NULL };
	const int descriptors[] = { 0, 1, 2, s.pop3d_ctl };
	const struct room room = { s.pop3d_room, s.config.rootless ? NULL : &s.config.pop3d, s.empty, descriptors, 4,
				   s.config.session + DEADLINE_SLACK, (char *const *)(uintptr_t)arguments };

	s.pop3d = room_start(&room);
	(void)close(s.pop3d_room);
	(void)close(s.pop3d_ctl);
	/* From here on no process that has been root has the client. */
	if (dup3(FD_NULL, 0, 0) < 0 || dup3(FD_NULL, 1, 0) < 0)
		die_sys("cannot let go of the client");
}

/* Box ourselves: what a mistake below could reach is what we need and no more. */
static void
box_enter(void)
{
	const struct reach reaches[] = {
		{ s.data, reach_access[REACH_READ] },
		{ s.slots, reach_access[REACH_FILE_WRITE] },
		{ s.authd_room, reach_access[REACH_EXECUTE] },
		{ s.storage_room, reach_access[REACH_EXECUTE] },
		{ s.mailbase, reach_access[REACH_MAILDROP] },
		{ -1, 0 },
	};

	if (s.config.rootless)
		sandbox_launch_uids(UINT32_MAX, UINT32_MAX);
	else
		sandbox_launch_uids(s.config.uidmin, s.config.authd.uid);
	sandbox_enter(&sandbox_launch, reaches, s.config.nolandlock);
}

/* How did a room of this pid end?  A death by SIGSYS is one that met its cage. */
static int
room_reap(pid_t pid, const char *name)
{
	int status;
	struct logline l;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die_sys("cannot wait for %s", name);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM) {
		log_start(&l, "alarm");
		log_text(&l, "sid", s.sid);
		log_text(&l, "rip", s.peer.remote);
		log_text(&l, "room", name);
		log_number(&l, "signal", (uint64_t)WTERMSIG(status));
		log_send(&l);
	}
	return status;
}

/* Wait, without reading, until pop3d asks for something.  Does not return when pop3d has gone. */
static void
request_wait(void)
{
	struct pollfd p = { s.ctl, POLLIN, 0 };
	struct timespec limit = { s.config.session + DEADLINE_SLACK, 0 };
	int n;

	do
		n = ppoll(&p, 1, &limit, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		die_sys("cannot wait");
	if (n == 0)
		die_peer("pop3d did not end in its time");
	if (p.revents & (POLLHUP | POLLERR)) {
		(void)room_reap(s.pop3d, "pop3d");
		_exit(0);
	}
}

static int
data_open(const char *name, int flags)
{
	int fd = openat(s.data, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		die_sys("cannot open %s/%s: run sallyport-user compile", s.config.data, name);
	return fd;
}

/* Let a new authd judge the request that waits on ctl.  Returns the number of bytes of its verdict: VERDICT_BYTES,
 * or 0 when it answered pop3d itself. */
static size_t
authd_ask(unsigned try, uint8_t verdict[VERDICT_BYTES])
{
	char nth[NUMBER_MAX], slots[NUMBER_MAX];
	const char *const arguments[] = { "authd", s.sid, s.peer.remote, s.peer.local, landlock_word(),
					  number(nth, try), number(slots, s.config.slots), NULL };
	int tube[2], secrets, lock;
	size_t got = 0;
	pid_t pid;
	int status;

	if (pipe2(tube, O_CLOEXEC))
		die_sys("cannot make a pipe");
	secrets = data_open("secrets.cdb", O_RDONLY);
	lock = data_open("slots", O_RDWR);
	{
		const int descriptors[] = { 0, 1, 2, s.ctl, secrets, tube[1], lock };
		const struct room room = { s.authd_room, s.config.rootless ? NULL : &s.config.authd, s.empty,
					   descriptors, 7, VERDICT_SECONDS,
					   (char *const *)(uintptr_t)arguments };

		pid = room_start(&room);
	}
	(void)close(secrets);
	(void)close(lock);
	(void)close(tube[1]);
	/* authd's own deadline is the kernel's: the pipe ends with it. */
	while (got < VERDICT_BYTES) {
		ssize_t n = read(tube[0], verdict + got, VERDICT_BYTES - got);

		if (n < 0 && errno != EINTR)
			die_sys("cannot read the verdict");
		if (n == 0)
			break;
		got += n > 0 ? (size_t)n : 0;
	}
	(void)close(tube[0]);
	status = room_reap(pid, "authd");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die_peer("authd failed; its line is above");
	return got;
}

/* The verified user's record is refused: tell the log why, the client only that an administrator is needed. */
static void
identity_refuse(struct span user, unsigned try, const char *why)
{
	static struct wr m;
	struct logline l;

	log_start(&l, "fail");
	log_text(&l, "sid", s.sid);
	log_text(&l, "rip", s.peer.remote);
	log_text(&l, "lip", s.peer.local);
	log_text(&l, "tls", "-");
	log_span(&l, "user", user);
	log_number(&l, "try", try);
	log_text(&l, "reason", "permission");
	log_send(&l);
	warn("login refused: %s", why);
	answer_put(&m, ANSWER_PERMANENT);
	(void)chan_put_now(s.ctl, &m); /* a pop3d that has gone needs no answer */
}

/* Never to return: this process becomes storage, as the user. */
static void
storage_become(struct span user, const struct identity *id)
{
	char name[USER_MAX + 1];
	const char *const arguments[] = { "storage", s.sid, s.peer.remote, s.peer.local, landlock_word(), name,
					  id->maildrop, s.config.keepnew ? "1" : "0", NULL };
	const int descriptors[] = { 0, 1, 2, s.ctl };
	const struct room room = { s.storage_room, s.config.rootless ? NULL : &id->who, -1, descriptors, 4,
				   s.config.session + 2 * DEADLINE_SLACK, (char *const *)(uintptr_t)arguments };

	if (span_copy(user, name, sizeof name))
		die_bug("a verified name does not fit");
	room_become(&room);
}

/* Serve login attempts until one succeeds, pop3d leaves, or there were too many: that limit is ours, so that it
 * holds against a pop3d that has been taken over. */
static void
attempts_serve(void)
{
	static struct identity id;
	uint8_t verdict[VERDICT_BYTES];

	for (unsigned try = 1; try <= s.config.tries; try++) {
		struct span user;
		const char *refused;
		size_t got;
		int users;

		request_wait();
		got = authd_ask(try, verdict);
		if (got == 0)
			continue;
		if (verdict_get((struct span){ verdict, got }, &user))
			die_peer("authd's verdict is malformed");
		users = data_open("users.cdb", O_RDONLY);
		refused = identity_find(users, user, &s.config, &id);
		(void)close(users);
		if (refused == NULL)
			storage_become(user, &id);
		identity_refuse(user, try, refused);
		break;
	}
	request_wait();
	die_peer("pop3d asked again after its last attempt");
}

static const char *
arguments_read(int argc, char **argv)
{
	if (argc == 1)
		return NULL;
	if (argc == 3 && strcmp(argv[1], "-e") == 0)
		return argv[2];
	die_usage("usage: sallyport [-e DIR]");
}

static void
uid_check(void)
{
	if (s.config.rootless && geteuid() == 0)
		die_usage("POP3_ROOTLESS=1, but this is root: unset it, or start sallyport as the mail user");
	if (!s.config.rootless && geteuid() != 0)
		die_usage("this is not root: start sallyport as root, or set POP3_ROOTLESS=1 to serve one mail user");
}

int
main(int argc, char **argv)
{
	die_program("sallyport");
	settle_process();
	session_name();

	/* acquire: settings, addresses, channels, and the client's process */
	config_load(&s.config, arguments_read(argc, argv));
	settle_log(s.config.log);
	settle_peer(&s.peer);
	uid_check();
	descriptors_open();
	pop3d_start();

	/* drop and sandbox: we stay root to become the mail user, in a box that lets us do little else */
	box_enter();

	/* serve */
	attempts_serve();
	return 0;
}
