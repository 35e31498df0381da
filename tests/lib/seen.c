/* Last logins, and where a user is known. */
#define _GNU_SOURCE
#include "seen.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../check.h"

static const uint8_t KEY[TABLE_KEY] = "thirty-two octets of the server";
static struct table t;

static struct address
address(const char *text)
{
	struct address a = { { 0 } };

	CHECK_EQ(address_read(span_of(text), &a), 0);
	return a;
}

static void
login(const char *user, const char *label, const char *from, uint64_t now)
{
	struct address a = address(from);

	seen_put(&t, span_of(user), span_of(label), &a, now);
}

static bool
known(const char *user, const char *from)
{
	struct address a = address(from);

	return seen_known(&t, span_of(user), &a) != 0;
}

static bool
last(const char *user, const char *label, const char *from, uint64_t time)
{
	struct span l = span_of(label ? label : "");
	struct seen s = seen_get(&t, span_of(user), label ? &l : NULL);
	struct address a = address(from);

	return s.time == time && s.somewhere && memcmp(&s.from, &a, sizeof a) == 0;
}

int
main(void)
{
	char path[] = "/tmp/test-seen-XXXXXX";
	int fd = mkstemp(path);
	struct span phone = span_of("phone");

	(void)unlink(path);
	CHECK(sodium_init() >= 0 && ftruncate(fd, (off_t)table_size(10)) == 0 && table_open(&t, fd, KEY) == 0);
	CHECK_EQ(seen_get(&t, span_of("bob"), NULL).time, 0);
	CHECK(!known("bob", "192.0.2.1"));
	login("bob", "", "192.0.2.1", 1000);
	CHECK(last("bob", NULL, "192.0.2.1", 1000));
	CHECK_EQ(seen_get(&t, span_of("bob"), &phone).time, 0);
	login("bob", "phone", "2001:db8::7", 2000);
	CHECK(last("bob", NULL, "2001:db8::7", 2000) && last("bob", "phone", "2001:db8::7", 2000));
	CHECK(known("bob", "192.0.2.1") && !known("bob", "192.0.2.2") && !known("al", "192.0.2.1"));
	CHECK(known("bob", "2001:db8::8888") && !known("bob", "2001:db8:0:1::7"));
	/* Four of them; one that is used again stays. */
	login("bob", "", "192.0.2.3", 3000);
	login("bob", "", "192.0.2.4", 4000);
	login("bob", "", "192.0.2.1", 5000);
	login("bob", "", "192.0.2.5", 6000);
	CHECK(known("bob", "192.0.2.1") && known("bob", "192.0.2.3") && known("bob", "192.0.2.4") &&
	      known("bob", "192.0.2.5") && !known("bob", "2001:db8::7"));
	CHECK(seen_known_nth(&t, span_of("bob"), 3) && !seen_known_nth(&t, span_of("al"), 0));
	for (int i = 0; i < 10; i++)
		login("bob", "", "192.0.2.5", 7000);
	CHECK(known("bob", "192.0.2.1") && known("bob", "192.0.2.3"));
	seen_put(&t, span_of("bob"), span_of(""), NULL, 8000); /* from nobody knows where */
	CHECK(seen_get(&t, span_of("bob"), NULL).time == 8000 && !seen_get(&t, span_of("bob"), NULL).somewhere);
	CHECK(known("bob", "192.0.2.1"));
	CHECK_EQ(seen_forget(&t, span_of("bob")), 0);
	CHECK(!known("bob", "192.0.2.1") && seen_get(&t, span_of("bob"), NULL).time == 8000);
	return check_end();
}
