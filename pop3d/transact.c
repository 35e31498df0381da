#define _DEFAULT_SOURCE
#include "transact.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "body.h"
#include "die.h"
#include "reply.h"

/* The record of message n.  Storage is believed no further than its form. */
static void
record_read(const struct session *s, uint32_t n, uint8_t room[RECORD_BYTES], struct record *r)
{
	if (pread(s->table, room, RECORD_BYTES, (off_t)(n - 1) * RECORD_BYTES) != RECORD_BYTES || record_get(room, r))
		die_peer("the table has a bad record");
}

enum event
do_stat(struct session *s, const struct request *r)
{
	(void)r;
	reply_text(s, "+OK ");
	reply_number(s, s->count - s->deleted.set);
	reply_text(s, " ");
	reply_number(s, s->octets - s->deleted_octets);
	reply_text(s, "\r\n");
	return DONE;
}

static void
listing_line(struct session *s, uint32_t n, const struct record *record, bool uid)
{
	reply_number(s, n);
	reply_text(s, " ");
	if (uid)
		reply_span(s, record->uid);
	else
		reply_number(s, record->octets);
	reply_text(s, "\r\n");
}

/* The table in reads of many records: one system call for each few hundred lines. */
static void
listing_all(struct session *s, bool uid)
{
	static uint8_t block[256 * RECORD_BYTES];
	uint32_t n = 0;

	while (n < s->count) {
		size_t want = s->count - n < 256 ? s->count - n : 256;
		ssize_t got = pread(s->table, block, want * RECORD_BYTES, (off_t)n * RECORD_BYTES);

		if (got != (ssize_t)(want * RECORD_BYTES))
			die_peer("the table is shorter than its count");
		for (size_t i = 0; i < want; i++) {
			struct record record;

			n++;
			if (record_get(block + i * RECORD_BYTES, &record))
				die_peer("the table has a bad record");
			if (!bit_is_set(&s->deleted, n))
				listing_line(s, n, &record, uid);
		}
	}
}

static enum event
listing(struct session *s, const struct request *r, const char *title, bool uid)
{
	uint8_t room[RECORD_BYTES];
	struct record record;

	if (r->has_n) {
		record_read(s, r->n, room, &record);
		reply_text(s, "+OK ");
		listing_line(s, r->n, &record, uid);
		return DONE;
	}
	reply_ok(s, title);
	listing_all(s, uid);
	reply_dot(s);
	return DONE;
}

enum event
do_list(struct session *s, const struct request *r)
{
	return listing(s, r, "messages follow", false);
}

enum event
do_uidl(struct session *s, const struct request *r)
{
	return listing(s, r, "unique-ids follow", true);
}

/* Ask storage for message n.  Returns its descriptor, or -1 after an -ERR; *e is what that came to. */
static int
message_open(struct session *s, uint32_t n, uint64_t *size, enum event *e)
{
	static const char *const why[GONE__MAX] = {
		[GONE_REMOVED] = "message was removed by another program",
		[GONE_CHANGED] = "[SYS/TEMP] message changed during the session",
		[GONE_FAILED] = "[SYS/TEMP] message cannot be read now",
	};
	static struct wr m;
	static struct chan_in in;
	struct file_msg file;
	struct gone_msg gone;

	open_put(&m, n);
	if (chan_put(FD_CTL, &m) || chan_get(FD_CTL, &in, true)) {
		reply_err(s, "[SYS/TEMP] the maildrop cannot be reached any more");
		*e = BROKEN;
		return -1;
	}
	if (in.fd >= 0 && file_get(in.data, &file) == 0 && file.n == n) {
		*size = file.size;
		return in.fd;
	}
	if (in.fd >= 0 || gone_get(in.data, &gone) || gone.n != n)
		die_peer("storage handed over another message than was asked for");
	bit_set(&s->failed, n);
	reply_err(s, why[gone.why]);
	*e = REFUSED;
	return -1;
}

enum event
do_retr(struct session *s, const struct request *r)
{
	uint8_t room[RECORD_BYTES];
	struct record record;
	uint64_t size;
	enum event e;
	int fd = message_open(s, r->n, &size, &e);

	if (fd < 0)
		return e;
	record_read(s, r->n, room, &record);
	reply_text(s, "+OK ");
	reply_number(s, record.octets);
	reply_text(s, " octets\r\n");
	e = body_send(s, fd, size, record.octets);
	(void)close(fd); /* only read from */
	if (e == DONE) {
		bit_set(&s->retrieved, r->n);
		s->retr.messages++;
		s->retr.octets += record.octets;
	}
	return e;
}

enum event
do_top(struct session *s, const struct request *r)
{
	uint64_t size, octets = 0;
	enum event e;
	int fd = message_open(s, r->n, &size, &e);

	if (fd < 0)
		return e;
	reply_ok(s, "top follows");
	e = body_send_top(s, fd, size, r->lines, &octets);
	(void)close(fd); /* only read from */
	s->top.messages++;
	s->top.octets += octets;
	return e;
}

enum event
do_dele(struct session *s, const struct request *r)
{
	uint8_t room[RECORD_BYTES];
	struct record record;

	if (bit_is_set(&s->failed, r->n)) {
		reply_err(s, "its retrieval failed in this session");
		return REFUSED;
	}
	record_read(s, r->n, room, &record);
	bit_set(&s->deleted, r->n);
	s->deleted_octets += record.octets;
	reply_ok(s, "marked");
	return DONE;
}

enum event
do_noop(struct session *s, const struct request *r)
{
	(void)r;
	reply_ok(s, "");
	return DONE;
}

enum event
do_rset(struct session *s, const struct request *r)
{
	(void)r;
	if (s->deleted.set)
		memset(s->deleted.b, 0, (s->count + 7) / 8);
	s->deleted.set = 0;
	s->deleted_octets = 0;
	reply_ok(s, "unmarked");
	return DONE;
}

/* In TRANSACTION the reply is update_commit's: it has to be true. */
enum event
do_quit(struct session *s, const struct request *r)
{
	(void)r;
	if (s->state == AUTHORIZATION)
		reply_ok(s, "bye");
	return LEAVE;
}

/* Send the bitmap, without its empty stretches. */
static int
marks_send(const struct session *s, const struct bitmap *map, enum mark mark)
{
	static const uint8_t none[MARKS_MAX];
	static struct wr m;
	size_t all = (s->count + 7) / 8;

	for (size_t at = 0; map->set && at < all; at += MARKS_MAX) {
		size_t len = all - at < MARKS_MAX ? all - at : MARKS_MAX;
		const struct marks k = { (uint8_t)mark, (uint32_t)at * 8, { map->b + at, len } };

		if (memcmp(map->b + at, none, len) == 0)
			continue;
		marks_put(&m, &k);
		if (chan_put(FD_CTL, &m))
			return -1;
	}
	return 0;
}

enum event
update_commit(struct session *s)
{
	static struct wr m;
	static struct chan_in in;
	const struct commit c = { s->deleted.set, s->retrieved.set };

	/* What the client has not got, it cannot have meant to remove. */
	if (reply_flush(s) || (s->deleted.set && reply_drain(s)))
		return BROKEN;
	commit_put(&m, &c);
	if (c.deleted || c.retrieved) {
		if (marks_send(s, &s->deleted, MARK_DELETE) || marks_send(s, &s->retrieved, MARK_RETRIEVED) ||
		    chan_put(FD_CTL, &m) || chan_get(FD_CTL, &in, false)) {
			/* Storage has gone, and nobody knows how far it came.  Without marks nothing was to be removed. */
			if (c.deleted)
				reply_err(s, "[SYS/TEMP] some deleted messages were not removed");
			else
				reply_ok(s, "bye");
			return BROKEN;
		}
		if (done_get(in.data, &s->outcome) || s->outcome.removed + s->outcome.failed != s->deleted.set)
			die_peer("storage reports another number of messages than were marked");
	}
	if (s->outcome.failed)
		reply_err(s, "[SYS/TEMP] some deleted messages were not removed");
	else
		reply_ok(s, "bye");
	return DONE;
}
