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

/* A proof by certificate is no guess.  Without a database there is no key to the tables. */
static void
gate_pass(struct attempt *a)
{
	const struct address *from = address_read(span_of(a->rip), &a->from) == 0 ? &a->from : NULL;
	enum gate_result r = GATE_OPEN;

	if (a->result == USERS_KNOWN || a->result == USERS_UNKNOWN)
		r = gate_enter(&a->gate, &a->secret, a->user, from, a->method->by ? a->guesses : 0, FD_CTL);
	a->refused = r == GATE_REFUSED;
	a->waited = r != GATE_LEFT;
}

static uint64_t
seconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	return (uint64_t)now.tv_sec;
}

/* Where nobody has a hash of our own making, the decoy is of theirs: for names that nobody has, which are judged by a
 * copy of it, and for accounts that have no password. */
static void
decoy_replace(struct users *found, struct span hash)
{
	for (uint8_t i = 0; hash.len && i < found->decoy.count; i++)
		if (found->decoy.verifiers[i].kind == USERDB_PASSWORD)
			found->decoy.verifiers[i].hash = hash;
	found->user = found->decoy;
}

/* Where secrets.cdb does not know the name, an account of the system may have it; both are looked up in any case, so that
 * the work does not tell which. */
static void
account_look_up(struct attempt *a)
{
	struct span local = name_bare(a->user, &a->names);
	struct userdb_secret account = { 0 };
	enum users_result r = system_find(local, a->users.shells, seconds_now(), &a->secret, &account);

	if (!a->users.own)
		decoy_replace(&a->found, system_usual(&a->secret));
	if (a->result != USERS_UNKNOWN)
		return;
	a->result = r;
	if (r != USERS_KNOWN)
		return;
	a->found.user = account;
	a->of = USERS_SYSTEM;
	a->user = local;
}

/* Of users who are all of the system, secrets.cdb has the key of the tables and a decoy, whose key is empty. */
void
judge_user(struct attempt *a, struct span name)
{
	a->user = (struct span){ a->secret.user, name_canonical(name, &a->names, a->secret.user) };
	a->result = users_find(FD_SECRETS, a->users.own ? a->user : span_of(""), &a->secret, &a->found);
	if (!a->users.own && a->result == USERS_KNOWN)
		a->result = USERS_UNKNOWN;
	if (a->users.accounts)
		account_look_up(a);
	gate_pass(a);
}

static struct circumstances
circumstances_of(const struct attempt *a, unsigned by)
{
	struct circumstances c = { .by = by, .from = a->gate.from };

	c.now = seconds_now();
	return c;
}

/* Whoever has a secret that a challenge keeps to itself must not give a password away to who listens (RFC 2195). */
static enum verdict
clear_check(const struct attempt *a, enum verdict v)
{
	if (v == VERDICT_YES && a->clear)
		for (uint8_t i = 0; i < a->found.user.count; i++)
			if (a->found.user.verifiers[i].kind == USERDB_SHARED)
				return VERDICT_MECHANISM;
	return v;
}

/* In a slot: memory for a verification is there, and no more are judged at once than that before the first counts. */
static enum verdict
slot_judge(struct attempt *a, struct span proof, judge_function *judge, struct span guess)
{
	struct circumstances c = circumstances_of(a, a->method->by);
	enum verdict v;

	/* Others may have been judged while we waited for the slot. */
	a->refused = !gate_is_open(&a->gate);
	if (a->refused)
		return VERDICT_LIMITED;
	v = judge(a, proof, &c);
	if (v != VERDICT_YES && v != VERDICT_TEMPORARY && v != VERDICT_BROKEN) {
		gate_wrong(&a->gate, guess);
		a->counted = true;
	}
	return v;
}

static enum verdict
any_judge(struct attempt *a, struct span proof, judge_function *judge, struct span guess)
{
	enum verdict v = VERDICT_TEMPORARY;
	enum slot slot = SLOT_LEFT;

	if (a->refused)
		return VERDICT_LIMITED;
	if (a->waited)
		slot = slot_take(FD_SLOTS, a->slots, FD_CTL, SLOT_WAIT_MS);
	a->left = slot == SLOT_LEFT;
	if (slot == SLOT_TAKEN)
		v = slot_judge(a, proof, judge, guess);
	/* What may follow is the client's turn, and nobody else is to wait for that. */
	slot_leave(FD_SLOTS);
	return v;
}

static enum verdict
password_judge(struct attempt *a, struct span proof, const struct circumstances *c)
{
	return clear_check(a, verify_password(&a->secret, a->result, &a->found, proof, c, &a->by));
}

enum step
judge_password(struct attempt *a, struct span password)
{
	return attempt_judged(a, any_judge(a, password, password_judge, password));
}

/* Each proof is another, of the same wrong password too: all of them count. */
enum verdict
judge_proof(struct attempt *a, struct span proof, judge_function *judge)
{
	return any_judge(a, proof, judge, span_of(""));
}

enum verdict
judge_token(struct attempt *a, struct span token, judge_function *judge)
{
	return any_judge(a, token, judge, token);
}

enum verdict
judge_verifier(const struct attempt *a, const struct userdb_verifier *v, unsigned by)
{
	struct circumstances c = circumstances_of(a, by);

	return verify_right(v, &c);
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
