#define _DEFAULT_SOURCE
#include "serve.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chan.h"
#include "die.h"
#include "log.h"
#include "message.h"
#include "table.h"
#include "update.h"

enum { LOCK_WAIT_MS = 2000 };

int64_t
clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The lock goes before the word that tells the client so: its next session must not find it (RFC 1939 section 4). */
static void
maildrop_free(struct storage *s)
{
	if (s->maildir.fd >= 0)
		(void)close(s->maildir.fd);
	s->maildir.fd = -1;
}

/* Tell pop3d that there is no maildrop, and the log why. */
static void
refuse(struct storage *s, enum answer a, const char *reason)
{
	static struct wr m;
	struct logline l;

	log_start(&l, "fail");
	log_text(&l, "sid", s->sid);
	log_text(&l, "rip", s->rip);
	log_text(&l, "lip", s->lip);
	log_tls(&l, &s->tls);
	log_text(&l, "user", s->user);
	log_text(&l, "maildir", s->path);
	log_text(&l, "reason", reason);
	log_send(&l);
	maildrop_free(s);
	answer_put(&m, a);
	(void)chan_put_now(FD_CTL, &m); /* a pop3d that has gone needs no answer */
}

/* From the index, if it tells that nothing has changed; otherwise from the directories. */
static int
maildrop_read(struct maildir *d)
{
	index_trust(d);
	index_open(d);
	if (d->index.fresh)
		return index_list(d);
	if (maildir_list(d, &d->list))
		return -1;
	index_merge(d);
	return messages_measure(d);
}

/* The table for pop3d: the index, or FD_TABLE.  Returns its descriptor, or -1 with errno. */
static int
maildrop_table(struct maildir *d, uint64_t *octets)
{
	if (d->index.fresh) {
		*octets = d->index.octets;
		return d->index.fd;
	}
	if (index_is_worth(d) && index_write(d, octets) == 0)
		return d->index.fd;
	return table_write(&d->list, octets) ? -1 : FD_TABLE;
}

static void
login_log(const struct storage *s, uint64_t octets)
{
	struct logline l;

	log_start(&l, "login");
	log_text(&l, "sid", s->sid);
	log_text(&l, "rip", s->rip);
	log_text(&l, "lip", s->lip);
	log_tls(&l, &s->tls);
	log_text(&l, "user", s->user);
	log_text(&l, "auth", s->auth);
	log_text(&l, "maildir", s->path);
	log_number(&l, "msgs", s->maildir.list.n);
	log_number(&l, "bytes", octets);
	log_number(&l, "ms", (uint64_t)(clock_ms() - s->started));
	log_send(&l);
}

/* Returns 0 when pop3d has the table, or -1 after it has heard that there is none. */
static int
maildrop_open(struct storage *s)
{
	static struct wr m;
	struct ready ready = { .user = span_of(s->user) };
	int table;

	if (s->open_error) {
		warn("cannot open the maildrop %s: %s", s->path, strerror(s->open_error));
		refuse(s,
		       s->open_error == ENOENT || s->open_error == ENOTDIR || s->open_error == ELOOP ||
			       s->open_error == EACCES
			   ? ANSWER_PERMANENT
			   : ANSWER_LATER,
		       s->open_error == EACCES ? "permission" : "nomaildir");
		return -1;
	}
	if (maildir_lock(&s->maildir, LOCK_WAIT_MS)) {
		if (errno == EWOULDBLOCK) {
			refuse(s, ANSWER_IN_USE, "inuse");
			return -1;
		}
		warn("cannot lock the maildrop %s: %s", s->path, strerror(errno));
		refuse(s, ANSWER_LATER, "authtemp");
		return -1;
	}
	table = maildrop_read(&s->maildir) ? -1 : maildrop_table(&s->maildir, &ready.octets);
	if (table < 0) {
		warn("cannot read the maildrop %s: %s", s->path, strerror(errno));
		refuse(s, ANSWER_LATER, "authtemp");
		return -1;
	}
	ready.count = (uint32_t)s->maildir.list.n;
	ready_put(&m, &ready);
	/* Before the +OK that READY causes, so that the lines of a session stand in its order. */
	login_log(s, ready.octets);
	if (chan_put_fd(FD_CTL, &m, table))
		return -1;
	(void)close(FD_TABLE); /* pop3d has its own, and nobody can write it */
	if (!s->maildir.index.fresh)
		index_close(&s->maildir.index);
	return 0;
}

/* MSG_OPEN: a descriptor, or why there is none. */
static int
open_serve(struct storage *s, uint32_t n)
{
	static struct wr m;
	struct gone_msg gone = { n, GONE_REMOVED };
	enum gone why;
	int fd, sent;

	if (n == 0 || n > s->maildir.list.n)
		die_peer("pop3d asks for a message that is not there");
	fd = message_open(&s->maildir, n - 1, &why);
	if (fd < 0) {
		gone.why = (uint8_t)why;
		gone_put(&m, &gone);
		return chan_put(FD_CTL, &m);
	}
	file_put(&m, &(struct file_msg){ n, s->maildir.list.m[n - 1].size });
	sent = chan_put_fd(FD_CTL, &m, fd);
	(void)close(fd); /* pop3d has its own */
	return sent;
}

/* Answer requests until MSG_COMMIT has been answered or pop3d has left. */
static void
requests_serve(struct storage *s)
{
	static struct chan_in in;
	static struct wr m;
	struct marked marked = { { NULL, NULL }, { 0, 0 } };
	struct commit commit;
	struct marks marks;
	struct done done;
	bool updating = false;
	uint32_t n;

	while (chan_get(FD_CTL, &in, false) == 0) {
		if (!updating && open_get(in.data, &n) == 0) {
			if (open_serve(s, n))
				return;
		} else if (marks_get(in.data, &marks) == 0) {
			updating = true;
			marked_add(&marked, &s->maildir, &marks);
		} else if (commit_get(in.data, &commit) == 0) {
			done = update_run(&s->maildir, &marked, &commit, s->keepnew);
			done_put(&m, &done);
			maildrop_free(s);
			(void)chan_put(FD_CTL, &m); /* what was asked for has been done, heard or not */
			return;
		} else {
			die_peer("pop3d sends a malformed message, or one out of its turn");
		}
	}
}

static void
alarm_log(const struct storage *s, pid_t pid, int signal)
{
	struct logline l;

	log_start(&l, "alarm");
	log_text(&l, "sid", s->sid);
	log_text(&l, "rip", s->rip);
	log_text(&l, "room", pid == s->pop3d ? "pop3d" : pid == s->tlsd ? "tlsd" : "tlskey");
	log_number(&l, "signal", (uint64_t)signal);
	log_send(&l);
}

/* A super-server takes our end for the session's: it must not come before pop3d, or tlsd, has said goodbye. */
static void
rooms_wait(const struct storage *s)
{
	int status;
	pid_t pid;

	/* Without a child there is nothing to wait for: started by hand in a test. */
	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		if (pid > 0 && WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM)
			alarm_log(s, pid, WTERMSIG(status));
}

/* From tlsd, which speaks with strangers. */
static void
facts_take(struct storage *s)
{
	struct facts f;

	if (s->facts_len == 0)
		return;
	if (facts_get((struct span){ s->facts, s->facts_len }, &f))
		die_peer("the facts of the client's TLS are malformed");
	facts_text_of(&s->tls, &f);
	explicit_bzero(s->facts, sizeof s->facts);
}

void
storage_serve(struct storage *s)
{
	facts_take(s);
	if (maildrop_open(s) == 0)
		requests_serve(s);
	maildrop_free(s);
	(void)close(FD_CTL); /* whatever pop3d still waits for will not come */
	rooms_wait(s);
}
