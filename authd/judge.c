#define _GNU_SOURCE
#include "judge.h"

#include <string.h>
#include <time.h>

#include "slots.h"
#include "utf8.h"

bool
judge_is_name(struct span name)
{
	return name.len && name.len <= USER_MAX && memchr(name.p, '\0', name.len) == NULL && utf8_is_valid(name);
}

void
judge_user(struct attempt *a, struct span name)
{
	memcpy(a->secret.user, name.p, name.len);
	a->user = (struct span){ a->secret.user, name.len };
	a->result = users_find(FD_SECRETS, a->user, &a->secret, &a->found);
}

static struct circumstances
circumstances_of(const struct attempt *a, struct address *from)
{
	struct circumstances c = { .by = a->method->by };
	struct timespec now;

	if (address_read(span_of(a->rip), from) == 0)
		c.from = from;
	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	c.now = (uint64_t)now.tv_sec;
	return c;
}

/* Whoever has a secret that a challenge keeps to itself must not give a password away to who listens (RFC 2195). */
static enum verdict
clear_check(const struct attempt *a, enum verdict v)
{
	return v == VERDICT_YES && a->clear && userdb_main(&a->found.user, USERDB_SHARED) ? VERDICT_MECHANISM : v;
}

enum step
judge_password(struct attempt *a, struct span password)
{
	enum slot slot = slot_take(FD_SLOTS, a->slots, FD_CTL, SLOT_WAIT_MS);
	struct address from;
	struct circumstances c = circumstances_of(a, &from);

	a->left = slot == SLOT_LEFT;
	if (slot != SLOT_TAKEN)
		return attempt_judged(a, VERDICT_TEMPORARY);
	return attempt_judged(a,
			      clear_check(a, verify_password(&a->secret, a->result, &a->found, password, &c, &a->by)));
}

enum step
judge_existence(struct attempt *a)
{
	static const enum verdict of_result[] = {
		[USERS_KNOWN] = VERDICT_YES,
		[USERS_UNKNOWN] = VERDICT_NOUSER,
		[USERS_FAILED] = VERDICT_TEMPORARY,
		[USERS_DAMAGED] = VERDICT_BROKEN,
	};

	if (a->result == USERS_KNOWN && a->found.user.flags & USERDB_DISABLED)
		return attempt_judged(a, VERDICT_DISABLED);
	return attempt_judged(a, of_result[a->result]);
}
