/* lib/userdb.c, lib/secretdb.c: values of both databases.  What is accepted is written again as it was. */
#include "userdb.h"

#include "fuzz.h"

static void
same(const struct wr *m, struct span in)
{
	struct span out = wr_span(m);

	MUST(!m->bad && out.len == in.len && memcmp(out.p, in.p, in.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct userdb_secret s;
	static struct wr m;
	struct take t = { data, size };
	size_t len;
	uint8_t *exact = take_copy(&t, MSG_MAX, &len), server[USERDB_SERVER_BYTES];
	struct span in = { exact, len };
	struct userdb_user u;
	uint64_t kib, passes;
	struct address from = { { 1 } };

	memset(&m, 0, sizeof m);
	if (userdb_user_get(in, &u) == 0) {
		MUST(u.maildrop.len >= 1 && u.maildrop.len <= USERDB_MAILDROP_MAX && u.maildrop.p[0] == '/');
		userdb_user_put(&m, &u);
		same(&m, in);
	}
	memset(&m, 0, sizeof m);
	if (userdb_secret_get(in, &s) == 0) {
		MUST(s.count >= 1 && s.count <= USERDB_VERIFIERS_MAX);
		for (unsigned i = 0; i < s.count; i++)
			for (unsigned by = 0; by < USERDB_BY_COUNT; by++)
				(void)userdb_verifier_applies(&s.verifiers[i], 1U << by, &from, 1700000000);
		userdb_secret_put(&m, &s);
		same(&m, in);
	}
	(void)userdb_server_get(in, server);
	(void)userdb_scheme_of(in);
	if (userdb_argon2_cost(in, &kib, &passes) == 0)
		MUST(kib <= USERDB_ARGON2_KIB_MAX && passes <= USERDB_ARGON2_PASSES_MAX);
	free(exact);
	return 0;
}
