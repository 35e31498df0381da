/* Verifiers are made, checked, and imitated by the decoy. */
#define _GNU_SOURCE
#include "hash.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"

static const char *const likes[] = {
	"$argon2id$v=19$m=64,t=3,p=1$h44fUHKTTXXql4q+LGJJug$gaQhsKwxcVa+3goazd/SvQYATrKXWejkFGp5t1mURr4",
	"$y$j75$F5Jx5fExrKuPp53xLKQ..1$b9ipOqv8PnW5AVU85r73I0FOIAcGICbbCril3UpGHU0",
	"$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy",
	("$6$rounds=1000$abcdefgh$"
	 "ooITTBcDmT4PaNlY3Wi8wcHaS39sOlMiDiyUMm2sNArV8ky7okCFMFiuX0bXxkbMKYxfqQkGMBvPlJOtu4JNP0"),
	"$6$abcdefgh$CkjGkP7IIgZVUCNlt.Vi53LOYJLXZ5KzdpzEYCj01XGruA1hxZYJqccTU2zz68oJwAGsd1iPty5F7dHIatUTy/",
	"$5$abcdefgh$FWXdh6oXOJQkX7oAcP02d0Gnxjct6ra8Fwv29U9RIN2",
	"$1$abcdefgh$9qMkHazuSy1Q8myEum7yb/",
};

static void
test_make(void)
{
	struct hash_cost cost = { 64, 1 };
	char one[USERDB_VERIFIER_MAX + 1], two[USERDB_VERIFIER_MAX + 1];

	CHECK_EQ(hash_make("open sesame", &cost, one), 0);
	CHECK_EQ(hash_make("open sesame", &cost, two), 0);
	CHECK(!strncmp(one, "$argon2id$v=19$m=64,t=1,p=1$", 28));
	CHECK(strcmp(one, two) != 0);
	CHECK_EQ(hash_check(span_of(one), "open sesame"), HASH_RIGHT);
	CHECK_EQ(hash_check(span_of(one), "open"), HASH_WRONG);
	CHECK_EQ(hash_check(span_of(one), ""), HASH_WRONG);
	for (size_t i = 1; i < sizeof likes / sizeof likes[0]; i++) {
		CHECK_EQ(hash_check(span_of(likes[i]), "open sesame"), i == 3 ? HASH_WRONG : HASH_RIGHT);
		CHECK_EQ(hash_check(span_of(likes[i]), "open"), HASH_WRONG);
	}
	CHECK_EQ(hash_check(span_of("open"), "open"), HASH_FAILED);
	CHECK_EQ(hash_check(span_of(""), ""), HASH_FAILED);
	CHECK_EQ(hash_check(span_of("$argon2id$v=19$"), ""), HASH_FAILED);
	CHECK_EQ(hash_check(span_of("$y$x"), "*0"), HASH_FAILED);
}

/* The same scheme, the same cost, another hash, and nobody knows its password. */
static void
test_decoy(void)
{
	static const size_t same[] = { 28, 7, 7, 15, 3, 3, 3 };
	char decoy[USERDB_VERIFIER_MAX + 1];

	for (size_t i = 0; i < sizeof likes / sizeof likes[0]; i++) {
		CHECK_EQ(hash_decoy(span_of(likes[i]), decoy), 0);
		CHECK(!strncmp(decoy, likes[i], same[i]));
		CHECK(strcmp(decoy, likes[i]) != 0);
		CHECK_EQ(hash_check(span_of(decoy), "open sesame"), HASH_WRONG);
	}
	CHECK_EQ(hash_decoy(span_of(""), decoy), 0);
	CHECK(!strncmp(decoy, "$argon2id$v=19$m=19456,t=2,p=1$", 31));
	CHECK_EQ(hash_decoy(span_of("$y$x"), decoy), -1);
}

static int
cost(const char *kib, const char *passes, struct hash_cost *c)
{
	(void)unsetenv("SALLYPORT_ARGON2_KIB");
	(void)unsetenv("SALLYPORT_ARGON2_PASSES");
	if (kib)
		(void)setenv("SALLYPORT_ARGON2_KIB", kib, 1);
	if (passes)
		(void)setenv("SALLYPORT_ARGON2_PASSES", passes, 1);
	return hash_cost_read(c);
}

static void
test_cost(void)
{
	struct hash_cost c;

	CHECK_EQ(cost(NULL, NULL, &c), 0);
	CHECK(c.kib == 19456 && c.passes == 2);
	CHECK_EQ(cost("65536", "3", &c), 0);
	CHECK(c.kib == 65536 && c.passes == 3);
	CHECK_EQ(cost("1048577", NULL, &c), 100);
	CHECK_EQ(cost("7", NULL, &c), 100);
	CHECK_EQ(cost("64k", NULL, &c), 100);
	CHECK_EQ(cost("", NULL, &c), 100);
	CHECK_EQ(cost(NULL, "0", &c), 100);
	CHECK_EQ(cost(NULL, "1025", &c), 100);
}

static void
test_generated(void)
{
	char one[PASSWORD_NEW_CHARS + 1], two[PASSWORD_NEW_CHARS + 1];

	hash_password_new(one);
	hash_password_new(two);
	CHECK_EQ(strlen(one), PASSWORD_NEW_CHARS);
	CHECK_EQ(strspn(one, "abcdefghijkmnpqrstuvwxyz23456789"), PASSWORD_NEW_CHARS);
	CHECK(strcmp(one, two) != 0);
}

int
main(void)
{
	CHECK(sodium_init() >= 0);
	test_make();
	test_decoy();
	test_cost();
	test_generated();
	return check_end();
}
