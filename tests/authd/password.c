/* Every scheme says yes to its password and no to others; what cannot be judged is neither. */
#define _GNU_SOURCE
#include "password.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check.h"
#include "verifiers.h"

static struct secret s;

static enum password
check_bytes(struct span proof, const char *verifier)
{
	memset(&s, 0, sizeof s);
	return password_check(&s, proof, span_of(verifier));
}

static enum password
check(const char *proof, const char *verifier)
{
	return check_bytes(span_of(proof), verifier);
}

static void
test_schemes(void)
{
	char other[512];

	for (size_t i = 0; i < VERIFIERS; i++) {
		const char *v = verifiers[i].verifier;

		CHECK_EQ(check(verifiers[i].password, v), PASSWORD_RIGHT);
		CHECK_EQ(check("Open sesame", v), PASSWORD_WRONG);
		CHECK_EQ(check(v, v), PASSWORD_WRONG);
		/* The last letter may carry bits that nobody looks at; the tenth from the end carries none. */
		(void)snprintf(other, sizeof other, "%s", v);
		other[strlen(other) - 10] = other[strlen(other) - 10] == 'A' ? 'B' : 'A';
		CHECK_EQ(check(verifiers[i].password, other), PASSWORD_WRONG);
		/* A NUL and more behind the right password. */
		(void)snprintf(other, sizeof other, "%s", verifiers[i].password);
		CHECK_EQ(check_bytes((struct span){ (const uint8_t *)other, strlen(other) + 1 }, v), PASSWORD_WRONG);
	}
}

static void
test_lengths(void)
{
	uint8_t proof[PROOF_MAX + 1];

	memset(proof, 'x', sizeof proof);
	for (size_t i = 0; i < VERIFIERS; i++)
		for (size_t n = 511; n <= sizeof proof; n++)
			CHECK_EQ(check_bytes((struct span){ proof, n }, verifiers[i].verifier), PASSWORD_WRONG);
	CHECK_EQ(check_bytes((struct span){ NULL, 0 }, verifiers[0].verifier), PASSWORD_WRONG);
}

static void
test_bad_verifiers(void)
{
	static const char *const bad[] = {
		"",
		"*",
		"!",
		"open",
		"ab01FAX.bQRSU",
		"$3$$0bc9bb2e02393bdb07f36cbdc0d513f3",
		"$2x$04$abcdefghijklmnopqrstuu",
		"$argon2id$v=19$m=64,t=1,p=1$$",
		"$argon2id$v=19$m=64,t=1",
		"$argon2id$v=19$m=4294967295,t=1,p=1$a$b",
		"$argon2id$v=19$m=,t=1,p=1$h44fUHKTTXXql4q+LGJJug$gaQhsKwxcVa+3goazd/SvQYATrKXWejkFGp5t1mURr4",
		"$argon2d$v=19$m=64,t=1,p=1$h44fUHKTTXXql4q+LGJJug$gaQhsKwxcVa+3goazd/SvQYATrKXWejkFGp5t1mURr4",
		"$6$ab\ncd$x",
	};
	char large[600];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_EQ(check("open sesame", bad[i]), PASSWORD_BAD_VERIFIER);
	memset(large, 'x', sizeof large);
	memcpy(large, "$6$", 3);
	large[sizeof large - 1] = '\0';
	CHECK_EQ(check("open sesame", large), PASSWORD_BAD_VERIFIER);
	CHECK(check("*0", "$y$x") != PASSWORD_RIGHT); /* libcrypt's mark of failure is no match */
	CHECK(check("*0", "*0") != PASSWORD_RIGHT);
}

/* Without the memory, no scheme may say "wrong": the client would be told that its password is. */
static void
test_no_memory(void)
{
	struct rlimit little = { 24 << 20, 24 << 20 };
	int status;

	(void)fflush(stdout);
	if (fork() == 0) {
		if (setrlimit(RLIMIT_AS, &little))
			_exit(2);
		_exit(check("password",
			    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2"
			    "GRPPc") == PASSWORD_NO_MEMORY &&
			      check("open sesame",
				    "$7$CU..../....abcdefgh$MbBWKIpTpCjQrVlp9XriBZ.qk4zu1AohBa5yFJp3lK2") ==
				  PASSWORD_NO_MEMORY
			  ? 0
			  : 1);
	}
	CHECK(wait(&status) > 0);
	CHECK_EQ(status, 0);
}

/* The mmap that fails: 0 none, 1 the next one.  This one is called instead of libc's. */
static unsigned fail_mmap;

void *
mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	if (fail_mmap && --fail_mmap == 0) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap, at, len, protection, flags, fd, offset); /* NOLINT: it is an address */
}

/* Memory that ends at any moment never makes a password wrong. */
static void
test_memory_ends(void)
{
	static const char verifier[] =
	    "$argon2id$v=19$m=64,t=1,p=1$h44fUHKTTXXql4q+LGJJug$gaQhsKwxcVa+3goazd/SvQYATrKXWejkFGp5t1mURr4";
	unsigned failed = 0;

	CHECK_EQ(check("open sesame", verifier), PASSWORD_RIGHT);
	for (unsigned nth = 1; nth < 20; nth++) {
		enum password p;

		fail_mmap = nth;
		p = check("open sesame", verifier);
		failed += p == PASSWORD_NO_MEMORY;
		CHECK(p == PASSWORD_RIGHT || p == PASSWORD_NO_MEMORY);
	}
	fail_mmap = 0;
	CHECK(failed >= 2);
}

int
main(void)
{
	test_schemes();
	test_lengths();
	test_bad_verifiers();
	test_no_memory();
	test_memory_ends();
	return check_end();
}
