#include "update.h"

#include <errno.h>
#include <string.h>

#include "die.h"
#include "memory.h"
#include "message.h"

static bool
is_marked(const struct marked *k, enum mark mark, size_t i)
{
	return k->map[mark] && k->map[mark][i / 8] >> i % 8 & 1;
}

void
marked_add(struct marked *k, const struct maildir *d, const struct marks *m)
{
	size_t bytes = (d->list.n + 7) / 8;
	uint8_t *map = k->map[m->mark];

	if (m->base / 8 + m->bitmap.len > bytes)
		die_peer("pop3d marks messages that are not there");
	if (map == NULL)
		map = k->map[m->mark] = memory_get(bytes, 1);
	if (map == NULL)
		die_sys("cannot remember what is marked");
	for (size_t i = 0; i < m->bitmap.len; i++) {
		uint8_t bits = m->bitmap.p[i];
		size_t first = m->base + 8 * i;

		if (first + 8 > d->list.n && bits >> (d->list.n - first))
			die_peer("pop3d marks messages that are not there");
		if (map[m->base / 8 + i] & bits)
			die_peer("pop3d marks a message twice");
		map[m->base / 8 + i] |= bits;
		k->set[m->mark] += (uint32_t)__builtin_popcount(bits);
	}
}

static void
trouble_log(const char *what, uint32_t messages, int error)
{
	if (messages)
		warn("cannot %s %u messages, the last: %s", what, messages, strerror(error));
}

/* A file may have more than one name in the Maildir, of which we knew one: while another program moves it by link and
 * unlink.  Removed is removed, or it is said that it is not. */
static void
further_names_remove(struct maildir *d, const struct marked *k, struct done *done, int *error)
{
	bool further = true;

	for (int times = 0; further && times < RENAMES; times++) {
		bool read = false;

		further = false;
		for (size_t i = 0; i < d->list.n; i++) {
			struct message *m = &d->list.m[i];

			if (!is_marked(k, MARK_DELETE, i) || !m->linked)
				continue;
			if (!read && maildir_refresh(d)) {
				*error = errno;
				further = true;
				break;
			}
			read = true;
			/* EEXIST: another file, a message that has the same base name. */
			if (message_remove(d, i) && errno != EEXIST) {
				*error = errno;
				m->linked = true;
			} else if (m->linked) {
				*error = EBUSY; /* if it is so to the end */
			}
			further |= m->linked;
		}
	}
	for (size_t i = 0; i < d->list.n; i++)
		if (is_marked(k, MARK_DELETE, i) && d->list.m[i].linked) {
			done->removed--;
			done->failed++;
		}
}

struct done
update_run(struct maildir *d, const struct marked *k, const struct commit *c, bool keepnew)
{
	struct done done = { 0, 0 };
	uint32_t unmoved = 0;
	int error = 0;

	if (k->set[MARK_DELETE] != c->deleted || k->set[MARK_RETRIEVED] != c->retrieved)
		die_peer("pop3d commits another number of messages than it marked");
	for (size_t i = 0; i < d->list.n; i++) {
		if (!is_marked(k, MARK_DELETE, i))
			continue;
		if (message_remove(d, i) == 0) {
			done.removed++;
		} else {
			error = errno;
			done.failed++;
		}
	}
	further_names_remove(d, k, &done, &error);
	trouble_log("remove", done.failed, error);
	for (size_t i = 0; i < d->list.n && !keepnew; i++)
		if (is_marked(k, MARK_RETRIEVED, i) && !is_marked(k, MARK_DELETE, i) && message_move(d, i)) {
			error = errno;
			unmoved++;
		}
	trouble_log("move to cur", unmoved, error);
	return done;
}
