/* {SSHA512} and its kin: hashes that Python's hashlib made, and what is nearly one. */
#include "digest.h"

#include <sodium.h>
#include <string.h>

#include "../check.h"

static enum digest
check(const char *hash, const char *password)
{
	return digest_check(span_of(hash), span_of(password));
}

int
main(void)
{
	/* base64(sha(b"open sesame" + salt) + salt), salt = b"salt" */
	static const char *const good[] = {
		"{SSHA512}MRem0vfdiLMHgsrBMAq2yexROOUEdolHCcgnOpiAO2L4Z+QFIGoXz1e+w0PSnE3Y9tgcjLuoaLd6PdJHqiUqZHNhbHQ=",
		"{SHA512}hHDN078e+F1fCSvOWuWvl85QggSBv0OyQTgH/sN+J4W1M6ZdTH1xaVsUHYHrzUtsTe9ChOYGfwud3DGLGyMCBQ==",
		"{SSHA256}iZEFdwbi/IUETYXgMpjvwZbJS7aeU8icc98FKE8S1k1zYWx0",
		"{SHA256}Qe9LsLI2YeZjAarDYGaRLawDeCe0rmOnsRZaWqk+1Os=",
	};
	char made[DIGEST_TEXT_MAX], again[DIGEST_TEXT_MAX];

	CHECK(sodium_init() >= 0);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		CHECK(digest_is(span_of(good[i])) && digest_is_good(span_of(good[i])));
		CHECK_EQ(check(good[i], "open sesame"), DIGEST_RIGHT);
		CHECK_EQ(check(good[i], "open sesam"), DIGEST_WRONG);
		CHECK_EQ(check(good[i], "open sesames"), DIGEST_WRONG);
		CHECK_EQ(check(good[i], ""), DIGEST_WRONG);
	}
	CHECK_EQ(check("{SHA512}c2hvcnQ=", "x"), DIGEST_DAMAGED);
	CHECK_EQ(check("{SSHA256}Qe9LsLI2YeZjAarDYGaRLawDeCe0rmOnsRZaWqk+1Os=", "x"), DIGEST_DAMAGED); /* no salt */
	CHECK_EQ(check("{SHA256}iZEFdwbi/IUETYXgMpjvwZbJS7aeU8icc98FKE8S1k1zYWx0", "x"), DIGEST_DAMAGED);
	CHECK_EQ(check("{SHA256}*", "x"), DIGEST_DAMAGED);
	CHECK(!digest_is(span_of("{SSHA}x")) && !digest_is(span_of("{SHA256}")) && !digest_is(span_of("$6$x")));
	digest_make(span_of("open sesame"), made);
	digest_make(span_of("open sesame"), again);
	CHECK_EQ(check(made, "open sesame"), DIGEST_RIGHT);
	CHECK_EQ(check(made, "open"), DIGEST_WRONG);
	CHECK(strcmp(made, again) != 0);
	return check_end();
}
