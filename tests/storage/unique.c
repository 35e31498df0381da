/* Unique-ids: the base name where it may be one, otherwise the same hash for ever; never two equal ones. */
#include "unique.h"

#include <stdlib.h>

#include <string.h>

#include "check.h"

static const char *
id(const char *base, unsigned nth)
{
	static struct unique u;

	unique_id(span_of(base), nth, &u);
	CHECK_EQ(u.len, strlen(u.id));
	return u.id;
}

/* A list of these names, in this order, as maildir_list leaves it. */
static void
ids_of(const char *const *names, size_t n, struct unique *ids)
{
	char all[4096];
	struct message m[16];
	struct list l = { m, n, n, all, 0, sizeof all };

	for (size_t i = 0; i < n; i++) {
		m[i] = (struct message){ .name = l.names_len, .base_len = (uint16_t)strlen(names[i]) };
		memcpy(all + l.names_len, names[i], strlen(names[i]) + 1);
		l.names_len += strlen(names[i]) + 1;
	}
	CHECK_EQ(unique_list(&l, ids), 0);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(ids[i].id, ids[j].id) != 0);
}

int
main(void)
{
	char seventy[72];
	struct unique a[16], b[16];
	char hash[40];

	memset(seventy, 'x', sizeof seventy);
	seventy[70] = '\0';
	CHECK(strcmp(id("1000.1.host", 0), "1000.1.host") == 0);
	CHECK(strcmp(id(seventy, 0), seventy) == 0);
	seventy[70] = 'x';
	seventy[71] = '\0';
	CHECK_EQ(strlen(id(seventy, 0)), 32);
	/* From another implementation of SipHash-2-4-128; it may never change. */
	memcpy(hash, id("with space", 0), 33);
	CHECK(strcmp(hash, "99dadfe55a69b566825f1127c9495ee7") == 0);
	CHECK(strcmp(id("with space", 1), hash) != 0);
	memcpy(hash, id("\xc3\xbc", 0), 33);
	CHECK(strcmp(id("\xc3\xbd", 0), hash) != 0);
	memcpy(hash, id("with space", 0), 33);

	/* The same base name twice, a name that is another's hash, and a hash of its double. */
	const char *const names[] = { "1.a", "1.a", "1.a", "with space", hash, "2.b", "2.b" };

	ids_of(names, 7, a);
	CHECK(strcmp(a[0].id, "1.a") == 0 && strcmp(a[5].id, "2.b") == 0);
	ids_of(names, 7, b);
	for (int i = 0; i < 7; i++)
		CHECK(strcmp(a[i].id, b[i].id) == 0);
	/* What others do changes nothing for a name that stands alone. */
	ids_of(names + 3, 1, b);
	CHECK(strcmp(b[0].id, hash) == 0);
	return check_end();
}
