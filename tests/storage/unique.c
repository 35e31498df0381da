/* Unique-ids: the base name where it may be one, otherwise the same hash for ever; never two equal ones. */
#include "unique.h"

#include <stdlib.h>

#include <string.h>

#include "check.h"
#include "ids.h"

static const char *
id(const char *base)
{
	static struct unique u;

	unique_id(span_of(base), &u);
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
		m[i] = (struct message){ .name = l.names_len, .base_len = (uint16_t)strlen(names[i]), .time = 7 };
		memcpy(all + l.names_len, names[i], strlen(names[i]) + 1);
		l.names_len += strlen(names[i]) + 1;
	}
	CHECK_EQ(ids_all(&l, ids), 0);
	for (size_t i = 0; i < n; i++) {
		CHECK_EQ(ids[i].len, strlen(ids[i].id));
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(ids[i].id, ids[j].id) != 0);
	}
}

/* The id of one of two messages depends on what was measured of it, and of nothing else. */
static void
doubles(void)
{
	char names[] = "1.a";
	struct message m = { .name = 0, .base_len = 3, .time = 1, .size = 5, .changed = 9, .inode = 4 };
	const struct list l = { &m, 1, 1, names, sizeof names, sizeof names };
	struct unique a, b;

	unique_id_double(&l, &m, 0, &a);
	/* From another implementation of SipHash-2-4-128; it may never change. */
	CHECK(strcmp(a.id, "1.c63633a2ded186668f6f99a6c6851234") == 0);
	CHECK(strcmp(id(a.id), a.id) == 0);
	m.inode = 5;
	m.where = CUR;
	unique_id_double(&l, &m, 0, &b);
	CHECK(strcmp(a.id, b.id) == 0);
	unique_id_double(&l, &m, 1, &b);
	CHECK(strcmp(a.id, b.id) != 0);
	m.size = 6;
	unique_id_double(&l, &m, 0, &b);
	CHECK(strcmp(a.id, b.id) != 0);
	m.size = 5;
	m.changed = 10;
	unique_id_double(&l, &m, 0, &b);
	CHECK(strcmp(a.id, b.id) != 0);
	m.time = UINT64_C(999999999999999999);
	unique_id_double(&l, &m, 0, &b);
	CHECK_EQ(b.len, 18 + 1 + 32);
}

int
main(void)
{
	char seventy[72];
	struct unique a[16], b[16];
	char hash[40];

	memset(seventy, 'x', sizeof seventy);
	seventy[70] = '\0';
	CHECK(strcmp(id("1000.1.host"), "1000.1.host") == 0);
	CHECK(strcmp(id(seventy), seventy) == 0);
	seventy[70] = 'x';
	seventy[71] = '\0';
	CHECK_EQ(strlen(id(seventy)), 32);
	/* From another implementation of SipHash-2-4-128; it may never change. */
	memcpy(hash, id("with space"), 33);
	CHECK(strcmp(hash, "99dadfe55a69b566825f1127c9495ee7") == 0);
	memcpy(hash, id("\xc3\xbc"), 33);
	CHECK(strcmp(id("\xc3\xbd"), hash) != 0);
	memcpy(hash, id("with space"), 33);
	doubles();

	/* The same base name twice, and equal in all that was measured; a name that is another's hash. */
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
