/* The rooms: what each is started with.  The arguments are read by their main.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "log.h"
#include "mechanism.h"
#include "name.h"
#include "sandbox.h"
#include "rooms.h"
#include "system.h"

enum {
	PROXY_SECONDS = 30,                      /* for a header; proxyd itself gives up earlier */
	EXCHANGE_SECONDS = 60,                   /* that a client has for the responses of one AUTH; pop3d minds it */
	VERDICT_SECONDS = EXCHANGE_SECONDS + 60, /* for one attempt, waiting for a slot included */
};

const char *
number(char out[NUMBER_MAX], unsigned n)
{
	(void)snprintf(out, NUMBER_MAX, "%u", n);
	return out;
}

const char *
landlock_word(const struct launch *s)
{
	return s->config.nolandlock ? "nolandlock" : "landlock";
}

const struct account *
account_of(const struct launch *s, const struct account *who)
{
	return s->config.rootless ? NULL : who;
}

char *const *
exec_arguments(const char *const *arguments)
{
	return (char *const *)(uintptr_t)arguments;
}

/* Nobody but the client and who stands in for it can read this connection; of another server's, that one decides. */
static bool
is_private(const struct launch *s)
{
	return s->tls || s->peer.loopback || s->peer.tls || s->offered;
}

/* What may be used on this connection as it is now, whatever the client says: nothing that reveals a password where
 * the network is not private (a token not even by POP3_PLAINOK), nothing that needs facts where there are none. */
static unsigned
mechanisms_of(const struct launch *s)
{
	unsigned set = MECHANISM_BIT(MECH_PASS);

	/* A checkpassword program judges passwords alone; so does who is one. */
	if (s->program == NULL)
		set |= mechanisms_wanted(&s->config);
	if (!is_private(s) && !s->config.plainok)
		set &= ~(unsigned)MECHANISMS_REVEALING;
	if (!is_private(s))
		set &= ~(unsigned)MECHANISMS_OF_TOKENS; /* RFC 7628 section 5: in no case */
	if (!s->tls)
		set &= ~(unsigned)MECHANISMS_OF_TLS;
	if (strcmp(s->config.tls_client, "-") == 0)
		set &= ~MECHANISM_BIT(MECH_EXTERNAL);
	if (s->ucspi.required && !s->peer.tls)
		return 0;
	return set;
}

/* What pop3d is to know of the way to its client. */
static const char *
way_word(const struct launch *s)
{
	if (s->begun)
		return s->tls ? "tls-begun" : "begun"; /* the second: behind another server's */
	if (s->tls)
		return "tls";
	return s->stls ? "stls" : "clear";
}

int
memory_file_make(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || fchmod(fd, 0600))
		die_sys("cannot make a file in memory");
	return fd;
}

/* Of what authd and storage send by our end of the channel, few messages are on their way at a time: 4608 octets, which
 * is the kernel's least, are six.  It counts the descriptors with them for all processes of a uid: a pop3d that asks for
 * them and takes none has to do so in hundreds of sessions before others of that uid cannot send theirs. */
void
channel_make(struct launch *s)
{
	const int least = 1;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
	    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least))
		die_sys("cannot make a channel");
	s->ctl = pair[0];
	s->pop3d_ctl = pair[1];
}

void
pop3d_start(struct launch *s)
{
	char mechanisms[NUMBER_MAX], idle[NUMBER_MAX], session[NUMBER_MAX], tries[NUMBER_MAX], exchange[NUMBER_MAX];
	/* clang-format off */
	const char *const arguments[] = { "pop3d", s->sid, s->peer.remote, s->peer.local, landlock_word(s),
		number(mechanisms, mechanisms_of(s)), number(idle, s->config.idle), number(session, s->config.session), number(tries, s->config.tries),
		number(exchange, EXCHANGE_SECONDS), s->config.host, way_word(s), s->stamp, NULL };
	/* clang-format on */
	const int descriptors[] = { s->plain_in, s->plain_out, 2, s->pop3d_ctl };
	const struct room room = {
		.executable = s->pop3d_room,
		.who = account_of(s, &s->config.pop3d),
		.root = s->empty,
		.descriptors = descriptors,
		.count = 4,
		/* Behind an STLS, it is parked until it is told how many attempts are left. */
		.awaits = s->begun ? s->pop3d_ctl : 0,
		.told = tries,
		.deadline = s->config.session + DEADLINE_SLACK,
		.arguments = exec_arguments(arguments),
	};

	s->pop3d = room_start(&room);
	(void)close(s->pop3d_ctl);
	if (s->plain_in > 0) {
		(void)close(s->plain_in);
		(void)close(s->plain_out);
	}
}

int
room_reap(const struct launch *s, pid_t pid, const char *name)
{
	int status;
	struct logline l;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die_sys("cannot wait for %s", name);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM) {
		log_start(&l, "alarm");
		log_text(&l, "sid", s->sid);
		log_text(&l, "rip", s->peer.remote);
		log_text(&l, "room", name);
		log_number(&l, "signal", (uint64_t)WTERMSIG(status));
		log_send(&l);
	}
	return status;
}

void
rooms_wait(struct launch *s)
{
	tls_forget(s);
	if (s->pop3d)
		(void)room_reap(s, s->pop3d, "pop3d");
	if (s->tlskey)
		(void)room_reap(s, s->tlskey, "tlskey");
	if (s->tlsd)
		(void)room_reap(s, s->tlsd, "tlsd");
	_exit(0);
}

int
data_open(const struct launch *s, const char *name, int flags)
{
	int fd = (int)syscall(SYS_openat, s->data, name, flags);

	if (fd < 0)
		die_sys("cannot open %s/%s: run sallyport-user compile", s->config.data, name);
	return fd;
}

/* Read what a room has to say, at most so many bytes, until it has closed its end.  The room's deadline is the
 * kernel's, and this ends with it. */
static size_t
record_read(int tube, uint8_t *record, size_t room)
{
	size_t got = 0;

	while (got < room) {
		ssize_t n = read(tube, record + got, room - got);

		if (n < 0 && errno != EINTR)
			die_sys("cannot read what a room says");
		if (n == 0)
			break;
		got += n > 0 ? (size_t)n : 0;
	}
	(void)close(tube);
	return got;
}

size_t
proxyd_ask(const struct launch *s, uint8_t record[PROXIED_BYTES])
{
	const char *const arguments[] = { "proxyd", s->sid, s->peer.remote, landlock_word(s), NULL };
	int tube[2];
	pid_t pid;
	size_t got;

	if (pipe2(tube, O_CLOEXEC))
		die_sys("cannot make a pipe");
	const int descriptors[] = { 0, FD_NULL, 2, tube[1] };
	const struct room room = {
		.executable = s->proxyd_room,
		.who = account_of(s, &s->config.pop3d),
		.root = s->empty,
		.descriptors = descriptors,
		.count = 4,
		.deadline = PROXY_SECONDS,
		.arguments = exec_arguments(arguments),
	};

	pid = room_start(&room);
	(void)close(tube[1]);
	(void)close(s->proxyd_room);
	got = record_read(tube[0], record, PROXIED_BYTES);
	(void)room_reap(s, pid, "proxyd");
	return got;
}

int
giver_run(const struct launch *s, unsigned try, int pipe)
{
	char nth[NUMBER_MAX], timestamp[TEXT_MAX];
	const char *const arguments[] = { "giver",   s->sid, s->peer.remote, landlock_word(s), number(nth, try),
					  timestamp, NULL };
	const int descriptors[] = { 0, 1, 2, s->ctl, pipe };
	const struct room room = {
		.executable = s->giver_room,
		.who = account_of(s, &s->config.authd),
		.root = s->empty,
		.descriptors = descriptors,
		.count = 5,
		.deadline = VERDICT_SECONDS,
		.arguments = exec_arguments(arguments),
	};

	/* Nobody has seen it: there is no APOP here.  Programs only want it to be there. */
	(void)snprintf(timestamp, sizeof timestamp, "<%s@%.300s>", s->sid, s->config.host); /* it fits */
	return room_reap(s, room_start(&room), "giver");
}

pid_t
taker_start(struct launch *s, int given)
{
	const char *const arguments[] = { "taker", s->sid, landlock_word(s), NULL };
	const int descriptors[] = { 0, 1, 2, s->pop3d_ctl, given };
	const struct room room = {
		.executable = s->giver_room,
		.who = account_of(s, &s->config.pop3d),
		.root = s->empty,
		.descriptors = descriptors,
		.count = 5,
		.deadline = 2 * VERDICT_SECONDS,
		.arguments = exec_arguments(arguments),
	};
	pid_t pid = room_start(&room);

	(void)close(s->pop3d_ctl);
	return pid;
}

static const char *
authd_name(const struct launch *s, int executable)
{
	return executable == s->crypto_room ? "authd-crypto" : "authd";
}

/* Start authd, or authd-crypto, with one end of a pipe; the other is the result. */
static pid_t
authd_start(const struct launch *s, int executable, unsigned try, int *verdict)
{
	char nth[NUMBER_MAX], slots[NUMBER_MAX], mechanisms[NUMBER_MAX], guesses[NUMBER_MAX];
	char names[NAME_POLICY_TEXT_MAX];
	const char *clear = is_private(s) || s->config.sharedok ? "private" : "clear";
	/* clang-format off */
	const char *const arguments[] = { authd_name(s, executable), s->sid, s->peer.remote, s->peer.local, landlock_word(s),
		number(nth, try), number(slots, s->config.slots), number(mechanisms, mechanisms_of(s)), clear,
		s->config.host, number(guesses, s->config.guesses), names, s->config.users, s->config.shells, s->stamp, NULL };
	/* clang-format on */
	int tube[2], secrets = data_open(s, "secrets.cdb", OPEN_DATA), lock = data_open(s, "slots", OPEN_SLOTS);
	int key = executable == s->crypto_room ? data_open(s, "shared.key", OPEN_DATA) : -1;
	int wrong = data_open(s, "guesses", OPEN_SLOTS);
	int logins = data_open(s, "logins", OPEN_SLOTS);
	pid_t pid;

	system_check(s);
	(void)snprintf(names, sizeof names, "%s,%.1s,%.300s", s->config.fold ? "fold" : "exact", s->config.subaddress,
		       s->config.domain); /* it fits */
	if (pipe2(tube, O_CLOEXEC))
		die_sys("cannot make a pipe");
	const int descriptors[] = { 0,
				    1,
				    2,
				    s->ctl,
				    secrets,
				    tube[1],
				    lock,
				    key < 0 ? s->nothing : key,
				    s->facts,
				    wrong,
				    logins,
				    s->system[SYSTEM_SHADOW].fd,
				    s->system[SYSTEM_PASSWD].fd,
				    s->system[SYSTEM_SHELLS].fd };
	const struct room room = {
		.executable = executable,
		.who = account_of(s, &s->config.authd),
		.root = s->empty,
		.descriptors = descriptors,
		.count = 14,
		.deadline = VERDICT_SECONDS,
		.arguments = exec_arguments(arguments),
	};

	pid = room_start(&room);
	/* Locks must die with authd, and the pipe end with it: no copy stays here. */
	(void)close(secrets);
	(void)close(lock);
	if (key >= 0)
		(void)close(key);
	(void)close(wrong);
	(void)close(logins);
	(void)close(tube[1]);
	*verdict = tube[0];
	return pid;
}

/* Returns its status. */
static int
authd_run(const struct launch *s, int executable, unsigned try, uint8_t verdict[VERDICT_BYTES], size_t *got)
{
	int tube;
	pid_t pid = authd_start(s, executable, try, &tube);

	*got = record_read(tube, verdict, VERDICT_BYTES);
	return room_reap(s, pid, authd_name(s, executable));
}

size_t
authd_ask(const struct launch *s, unsigned try, uint8_t verdict[VERDICT_BYTES])
{
	size_t got;
	int status = authd_run(s, s->authd_room, try, verdict, &got);

	/* What it looked at is still in the channel, and the other one has nobody to leave it to. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_ELSEWHERE && got == 0 && s->crypto_room >= 0)
		status = authd_run(s, s->crypto_room, try, verdict, &got);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die_peer("authd failed: its own line says why, or an alarm does");
	return got;
}

void
storage_become(struct launch *s, const struct verified *v, const struct identity *id)
{
	char name[USER_MAX + 1], pop3d[NUMBER_MAX], tlsd[NUMBER_MAX];
	const char *const arguments[] = { "storage",
					  s->sid,
					  s->peer.remote,
					  s->peer.local,
					  landlock_word(s),
					  name,
					  id->maildrop,
					  s->config.keepnew ? "1" : "0",
					  mechanism_name((enum mechanism)v->mechanism),
					  number(pop3d, (unsigned)s->pop3d),
					  number(tlsd, (unsigned)s->tlsd),
					  s->config.trustsizes ? "named" : "counted",
					  NULL };
	const int descriptors[] = { 0, 1, 2, s->ctl, s->table, s->place, s->facts };
	const struct room room = {
		.executable = s->storage_room,
		.who = account_of(s, &id->who),
		.root = -1,
		.descriptors = descriptors,
		.count = 7,
		.deadline = s->config.session + 2 * DEADLINE_SLACK,
		.arguments = exec_arguments(arguments),
	};

	if (span_copy(v->user, name, sizeof name))
		die_bug("a verified name does not fit");
	tls_forget(s);
	room_become(&room);
}
