/* sallyport: what a super-server starts for each connection; the only program of ours that runs as root.
 * Distrusts: pop3d and authd.  Holds: everything, therefore it reads no byte that a client wrote: it waits until the
 * channel becomes readable and leaves the reading to authd.  All it reads is its settings, one verdict of fixed size
 * and one record of users.cdb.
 * Ends: with pop3d, or by becoming storage under the mail user's uid, in its own place. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "die.h"
#include "launch.h"
#include "mechanism.h"
#include "sandbox.h"
#include "start.h"
#include "system.h"

static struct launch s;

static int
path_open(const char *path)
{
	int fd = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC | O_DIRECTORY);

	if (fd < 0)
		die_sys("cannot open the directory %s", path);
	return fd;
}

static void
session_name(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	(void)snprintf(s.sid, sizeof s.sid, "%d.%llx", (int)getpid(), (unsigned long long)now.tv_sec);
	die_session(s.sid);
}

/* Who judges a proof by APOP is started long after the greeting: so the challenge is made here, for both of them, and is
 * never what pop3d says that it was. */
static void
stamp_make(void)
{
	uint8_t random[16];
	size_t n = 0;

	s.stamp[n++] = '-';
	if (!(mechanisms_wanted(&s.config) & MECHANISM_BIT(MECH_APOP)) || s.program)
		return;
	if (getrandom(random, sizeof random, 0) != sizeof random)
		die_sys("cannot have random octets");
	s.stamp[0] = '<';
	for (size_t i = 0; i < sizeof random; i++)
		n += (size_t)snprintf(s.stamp + n, sizeof s.stamp - n, "%02x", random[i]);
	(void)snprintf(s.stamp + n, sizeof s.stamp - n, "@%.255s>",
		       strcmp(s.config.host, "-") == 0 ? "localhost" : s.config.host); /* it fits */
}

/* A checkpassword program has its own users, and they have their own maildrops. */
static void
data_settle(void)
{
	s.data = path_open(s.config.data);
	s.mailbase = path_open(s.config.mailbase);
	s.slots = data_open(&s, "slots", O_PATH);
	s.guesses = data_open(&s, "guesses", O_PATH);
	s.logins = data_open(&s, "logins", O_PATH);
	system_open(&s);
}

/* TLS from the first octet on, or when the client asks for it.  A checkpassword program serves in the clear. */
static bool
has_tls(void)
{
	return s.program == NULL && strcmp(s.config.tls, "-") != 0 && !s.ucspi.offered;
}

static void
descriptors_open(void)
{
	struct stat st;
	int rooms;

	channel_make(&s);
	s.table = memory_file_make("maildrop");
	s.nothing = s.facts = s.place = fcntl(FD_NULL, F_DUPFD_CLOEXEC, FD_ROOM + 1);
	if (s.nothing < 0)
		die_sys("cannot copy a descriptor");
	if (s.program == NULL || s.offered)
		data_settle();
	rooms = path_open(s.config.rooms);
	s.pop3d_room = room_open(rooms, "pop3d");
	s.authd_room = room_open(rooms, "authd");
	s.storage_room = room_open(rooms, "storage");
	s.crypto_room = mechanisms_wanted(&s.config) & MECHANISMS_OF_CRYPTO ? room_open(rooms, "authd-crypto") : -1;
	s.proxyd_room = s.config.proxies ? room_open(rooms, "proxyd") : -1;
	s.giver_room = s.program ? room_open(rooms, s.offered ? "taker" : "giver") : -1;
	(void)close(rooms);
	if (has_tls())
		tls_rooms_open(&s);
	s.empty = -1;
	if (s.config.rootless)
		return;
	s.empty = path_open(s.config.empty);
	if (fstat(s.empty, &st) || st.st_uid != 0 || st.st_mode & 022)
		die_usage("%s: must be a directory that only root can write (POP3_EMPTY)", s.config.empty);
}

/* Box ourselves: what a mistake below could reach is what we need and no more. */
static void
box_enter(void)
{
	const struct reach reaches[] = {
		{ s.data, reach_access[REACH_READ] },
		{ s.slots, reach_access[REACH_FILE_WRITE] },
		{ s.guesses, reach_access[REACH_FILE_WRITE] },
		{ s.logins, reach_access[REACH_FILE_WRITE] },
		{ s.authd_room, reach_access[REACH_EXECUTE] },
		{ s.storage_room, reach_access[REACH_EXECUTE] },
		{ s.mailbase, reach_access[REACH_MAILDROP] },
		{ s.crypto_room, reach_access[REACH_EXECUTE] },
		{ -1, 0 },
	};

	const struct filter_uids nobody = { UINT32_MAX, UINT32_MAX };
	const struct filter_uids uids = { s.config.uidmin, s.config.authd.uid };

	sandbox_enter_for(&sandbox_launch, reaches, s.config.nolandlock, s.config.rootless ? nobody : uids);
}

/* Which of these ways it is has to be known before descriptors are settled, and so before anything can be said.
 * -c: we are the checkpassword program of another server.  -l: the super-server.  -S: a session of that one. */
static void
way_find(int argc, char **argv)
{
	int at = argc > 3 && strcmp(argv[1], "-e") == 0 ? 3 : 1;

	s.given[GIVEN_TLSD] = s.given[GIVEN_TLSKEY] = -1;
	if (argc <= at)
		return;
	s.offered = strcmp(argv[at], "-c") == 0 && argc > at + 1;
	s.listens = strcmp(argv[at], "-l") == 0;
	s.handed = strcmp(argv[1], "-S") == 0;
	if (s.listens && argc == at + 1)
		s.given[GIVEN_LISTENER] = listener_given();
	if (s.handed) {
		s.given[GIVEN_TLSD] = FD_GIVEN_TLSD;
		s.given[GIVEN_TLSKEY] = FD_GIVEN_TLSKEY;
	}
}

__attribute__((noreturn)) static void
usage(void)
{
	die_usage("usage: sallyport [-s] [-e DIR] | [-e DIR] HOST CHECKPASSWORD sallyport-maildrop MAILDIR | "
		  "[-e DIR] -c PROG ARGS | [-s] [-e DIR] -t PROG ARGS | [-e DIR] -l [ADDRESS PORT]");
}

/* -e DIR; -t PROG ARGS; -c PROG ARGS, or what qmail-popup takes: HOST CHECKPASSWORD PROG ARGS.  Returns DIR or NULL. */
static const char *
arguments_read(int argc, char **argv)
{
	const char *directory = NULL;

	if (argc > 1 && (strcmp(argv[1], "-s") == 0 || s.handed)) {
		s.implicit_tls = true;
		argv++;
		argc--;
	}
	if (argc >= 3 && strcmp(argv[1], "-e") == 0) {
		directory = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (s.listens && argc != 2 && argc != 4)
		usage();
	if (s.listens) {
		s.implicit_tls = true;
		s.address = argc > 2 ? argv[2] : NULL;
		s.port = argc > 2 ? argv[3] : NULL;
		return directory;
	}
	if (argc >= 3 && strcmp(argv[1], "-t") == 0 && !s.handed) {
		s.behind = argv + 2;
		return directory;
	}
	/* A checkpassword program judges for the plain service alone, and nobody speaks TLS with one. */
	if (s.implicit_tls && argc > 1)
		usage();
	if (argc >= 3 && strcmp(argv[1], "-c") == 0) {
		s.program = argv + 2;
		return directory;
	}
	if (argc == 2 || argc == 3 || (argc > 1 && argv[1][0] == '-'))
		usage();
	if (argc > 1) {
		s.host = argv[1];
		s.program = argv + 2;
	}
	return directory;
}

static bool
is_channel(int fd)
{
	int type = 0;
	socklen_t len = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

static void
uid_check(void)
{
	if (s.config.rootless && s.config.self == 0)
		die_usage("POP3_ROOTLESS=1, but this is root: unset it, or start sallyport as the mail user");
	if (!s.config.rootless && s.config.self != 0)
		die_usage("this is not root: start sallyport as root, or set POP3_ROOTLESS=1 to serve one mail user");
	if (s.implicit_tls && s.ucspi.offered && !s.behind)
		die_usage("-s, and UCSPITLS of another server: take one of them");
	if (s.handed && (!is_channel(s.given[GIVEN_TLSD]) || !is_channel(s.given[GIVEN_TLSKEY])))
		die_usage("-S is for what sallyport -l starts, and no way to start sallyport by hand");
	if (s.implicit_tls && strcmp(s.config.tls, "-") == 0)
		die_usage("-%c needs certificates: set POP3_TLS to their directory", s.listens ? 'l' : 's');
}

/* The client's process: pop3d, or tlsd and pop3d behind it; and no process that has been root has the client from then
 * on. */
static void
client_start(void)
{
	s.plain_in = 0;
	s.plain_out = 1;
	if (s.implicit_tls)
		tls_start(&s);
	pop3d_start(&s);
	if (s.stls)
		tls_park(&s);
	(void)close(s.pop3d_room);
	if (dup3(FD_NULL, 0, 0) < 0 || dup3(FD_NULL, 1, 0) < 0)
		die_sys("cannot let go of the client");
}

int
main(int argc, char **argv)
{
	const char *directory;

	die_program("sallyport");
	way_find(argc, argv);
	if (s.offered)
		offered_settle(&s);
	else
		settle_process(&s.ucspi, s.given, !s.listens);
	session_name();

	/* acquire: settings, addresses, channels, and the client's process */
	directory = arguments_read(argc, argv);
	config_load(&s.config, directory);
	if (s.host)
		config_host(&s.config, s.host);
	if (!s.offered) {
		settle_log(s.config.log);
		settle_peer(&s.peer);
	}
	stamp_make();
	uid_check();
	sandbox_require(s.config.nolandlock);
	if (s.behind)
		behind_become(&s);
	if (s.listens)
		listen_serve(&s, directory);
	descriptors_open();
	if (s.offered)
		offered_serve(&s);
	proxied_settle(&s);
	if (s.program == NULL)
		crowd_enter(&s);
	if (has_tls() || s.ucspi.offered)
		tls_settle(&s);
	client_start();

	/* A checkpassword program may need anything: it has no box, and so neither have we. */
	if (s.program)
		checkpassword_serve(&s, s.program);

	/* drop and sandbox: we stay root to become the mail user, in a box that lets us do little else */
	box_enter();

	/* serve */
	attempts_serve(&s);
}
