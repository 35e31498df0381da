/* lib/msg.c, lib/facts.c: every decoder over any datagram.  What one accepts must be what its writer writes of it, byte
 * for byte: so there is one form of each message, and nothing hides in it. */
#include "msg.h"

#include "fuzz.h"

static void
same(const struct wr *m, struct span in)
{
	struct span out = wr_span(m);

	MUST(!m->bad && out.len == in.len && memcmp(out.p, in.p, in.len) == 0);
}

static void
requests(struct span in)
{
	static struct wr m;
	struct verify v;
	struct marks k;
	struct commit c;
	struct auth a;
	struct span response;
	struct sign s;
	uint32_t n;
	int taken = 0;

	memset(&m, 0, sizeof m);
	if (verify_get(in, &v) == 0) {
		MUST(v.mechanism < MECH__MAX && v.user.len <= USER_MAX && v.proof.len <= PROOF_MAX);
		verify_put(&m, &v);
		same(&m, in);
		taken++;
	}
	if (auth_get(in, &a) == 0) {
		MUST(a.mechanism < MECH__MAX && a.response.len <= RESPONSE_MAX && (a.given || a.response.len == 0));
		auth_put(&m, &a);
		same(&m, in);
		taken++;
	}
	if (response_get(in, &response) == 0) {
		MUST(response.len <= RESPONSE_MAX);
		response_put(&m, response);
		same(&m, in);
		taken++;
	}
	if (cancel_get(in) == 0) {
		cancel_put(&m);
		same(&m, in);
		taken++;
	}
	if (marks_get(in, &k) == 0) {
		MUST(k.mark < MARK__MAX && k.base % 8 == 0 && k.bitmap.len >= 1 && k.bitmap.len <= MARKS_MAX);
		marks_put(&m, &k);
		same(&m, in);
		taken++;
	}
	if (commit_get(in, &c) == 0) {
		commit_put(&m, &c);
		same(&m, in);
		taken++;
	}
	if (open_get(in, &n) == 0) {
		open_put(&m, n);
		same(&m, in);
		taken++;
	}
	if (sign_get(in, &s) == 0) {
		MUST(s.key < KEYS_MAX && s.input.len >= 1 && s.input.len <= SIGN_MAX);
		sign_put(&m, &s);
		same(&m, in);
		taken++;
	}
	MUST(taken <= 1);
}

static void
answers(struct span in)
{
	static struct wr m;
	struct answer_msg a;
	struct ready r;
	struct file_msg f;
	struct gone_msg g;
	struct done d;
	struct span signature;
	int taken = 0;

	memset(&m, 0, sizeof m);
	if (answer_get(in, &a) == 0) {
		MUST(a.answer < ANSWER__MAX && a.challenge.len <= CHALLENGE_MAX);
		if (a.answer == ANSWER_GO_ON)
			challenge_put(&m, a.challenge);
		else
			answer_put(&m, (enum answer)a.answer);
		same(&m, in);
		taken++;
	}
	if (ready_get(in, &r) == 0) {
		MUST(r.count <= MESSAGES_MAX && r.user.len <= USER_MAX);
		ready_put(&m, &r);
		same(&m, in);
		taken++;
	}
	if (file_get(in, &f) == 0) {
		file_put(&m, &f);
		same(&m, in);
		taken++;
	}
	if (gone_get(in, &g) == 0) {
		MUST(g.why < GONE__MAX);
		gone_put(&m, &g);
		same(&m, in);
		taken++;
	}
	if (done_get(in, &d) == 0) {
		done_put(&m, &d);
		same(&m, in);
		taken++;
	}
	if (signed_get(in, &signature) == 0) {
		MUST(signature.len >= 1 && signature.len <= SIGNATURE_MAX);
		signed_put(&m, signature);
		same(&m, in);
		taken++;
	}
	MUST(taken <= 1);
}

/* What travels on pipes and in files, of fixed size; and connections, alone on their channels. */
static void
fixed(struct span in)
{
	uint8_t out[FACTS_BYTES + VERDICT_BYTES];
	struct verified by;
	struct facts facts;
	struct proxied proxied;
	struct record record;
	struct connection connection;

	if (connection_get(in, &connection) == 0) {
		static struct wr m;

		MUST(connection.seconds && connection.sid.len <= SID_MAX && connection.lip.len < ADDRESS_TEXT_MAX);
		connection_put(&m, &connection);
		same(&m, in);
	}
	if (verdict_get(in, &by) == 0) {
		verdict_put(out, &by);
		MUST(in.len == VERDICT_BYTES && memcmp(out, in.p, in.len) == 0);
	}
	if (facts_get(in, &facts) == 0) {
		facts_put(out, &facts);
		MUST(in.len == FACTS_BYTES && memcmp(out, in.p, in.len) == 0);
	}
	if (proxied_get(in, &proxied) == 0) {
		proxied_put(out, &proxied);
		MUST(in.len == PROXIED_BYTES && memcmp(out, in.p, in.len) == 0);
	}
	if (in.len == RECORD_BYTES && record_get(in.p, &record) == 0) {
		MUST(record.uid.len >= 1 && record.uid.len <= UID_MAX);
		record_put(out, &record);
		/* What stands behind the unique-id is not looked at. */
		MUST(memcmp(out, in.p, 8 + 1 + record.uid.len) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	size_t len;
	uint8_t *exact = take_copy(&t, MSG_MAX, &len);
	struct span in = { exact, len };

	requests(in);
	answers(in);
	fixed(in);
	free(exact);
	return 0;
}
