/* Every message: what was put is what is got; a byte less, a byte more, another type and every bound are refused. */
#include "msg.h"

#include <string.h>

#include "check.h"

static struct wr m;

#define REFUSES_OTHERS(get, out)                                                                                       \
	do {                                                                                                           \
		struct span whole = wr_span(&m);                                                                       \
		uint8_t more[MSG_MAX + 1];                                                                             \
		for (size_t less = 0; less < whole.len; less++)                                                        \
			CHECK_EQ(get((struct span){ whole.p, less }, out), -1);                                        \
		memcpy(more, whole.p, whole.len);                                                                      \
		more[whole.len] = 0;                                                                                   \
		CHECK_EQ(get((struct span){ more, whole.len + 1 }, out), -1);                                          \
		more[0] ^= 0x40;                                                                                       \
		CHECK_EQ(get((struct span){ more, whole.len }, out), -1);                                              \
	} while (0)

static int
is_hex(const char *hex)
{
	struct span s = wr_span(&m);
	char text[3 * 64];
	size_t n = 0;

	for (size_t i = 0; i < s.len && i < 64; i++)
		n += (size_t)snprintf(text + n, 3, "%02x", s.p[i]);
	return strcmp(text, hex) == 0;
}

static int
same(struct span a, const char *b)
{
	return a.len == strlen(b) && memcmp(a.p, b, a.len) == 0;
}

static uint8_t big_response[RESPONSE_MAX + 1];

static void
sasl_messages(void)
{
	struct auth a = { MECH_PLAIN, true, span_of("x") };
	struct span r;

	auth_put(&m, &a);
	CHECK(is_hex("0a0201000178"));
	CHECK(auth_get(wr_span(&m), &a) == 0 && a.mechanism == MECH_PLAIN && a.given && same(a.response, "x"));
	REFUSES_OTHERS(auth_get, &a);
	m.b[2] = 0; /* not given, but there */
	CHECK_EQ(auth_get(wr_span(&m), &a), -1);
	m.b[2] = 2;
	CHECK_EQ(auth_get(wr_span(&m), &a), -1);
	auth_put(&m, &(struct auth){ MECH_LOGIN, false, span_of("") });
	CHECK(auth_get(wr_span(&m), &a) == 0 && !a.given && a.response.len == 0);
	auth_put(&m, &(struct auth){ MECH_LOGIN, true, span_of("") });
	CHECK(auth_get(wr_span(&m), &a) == 0 && a.given && a.response.len == 0);
	auth_put(&m, &(struct auth){ MECH_APOP, true, span_of("x") });
	CHECK_EQ(auth_get(wr_span(&m), &a), -1);
	auth_put(&m, &(struct auth){ MECH__MAX, true, span_of("x") });
	CHECK_EQ(auth_get(wr_span(&m), &a), -1);
	auth_put(&m, &(struct auth){ MECH_PLAIN, true, { big_response, RESPONSE_MAX } });
	CHECK_EQ(auth_get(wr_span(&m), &a), 0);
	auth_put(&m, &(struct auth){ MECH_PLAIN, true, { big_response, RESPONSE_MAX + 1 } });
	CHECK_EQ(auth_get(wr_span(&m), &a), -1);

	response_put(&m, span_of("bob"));
	CHECK(is_hex("0b0003626f62"));
	CHECK(response_get(wr_span(&m), &r) == 0 && same(r, "bob"));
	REFUSES_OTHERS(response_get, &r);
	response_put(&m, (struct span){ big_response, RESPONSE_MAX });
	CHECK(response_get(wr_span(&m), &r) == 0 && r.len == RESPONSE_MAX);
	response_put(&m, (struct span){ big_response, RESPONSE_MAX + 1 });
	CHECK_EQ(response_get(wr_span(&m), &r), -1);

	cancel_put(&m);
	CHECK(is_hex("0c") && cancel_get(wr_span(&m)) == 0);
	CHECK_EQ(cancel_get((struct span){ (const uint8_t *)"\x0c\0", 2 }), -1);
	CHECK_EQ(cancel_get((struct span){ (const uint8_t *)"\x0b", 1 }), -1);
}

static void
login_messages(void)
{
	struct verify v = { MECH_PASS, span_of("bob"), span_of("open") };
	struct answer_msg a;
	struct ready r = { 2, 320, span_of("bob") };
	static uint8_t big[PROOF_MAX + 1];

	verify_put(&m, &v);
	CHECK(is_hex("010000"
		     "03626f62"
		     "00046f70656e"));
	CHECK(verify_get(wr_span(&m), &v) == 0 && same(v.user, "bob") && same(v.proof, "open"));
	REFUSES_OTHERS(verify_get, &v);
	verify_put(&m, &(struct verify){ MECH__MAX, span_of("bob"), span_of("open") });
	CHECK_EQ(verify_get(wr_span(&m), &v), -1);
	verify_put(&m, &(struct verify){ MECH_PASS, span_of(""), span_of("open") });
	CHECK_EQ(verify_get(wr_span(&m), &v), -1);
	verify_put(&m, &(struct verify){ MECH_PASS, { (const uint8_t *)"b\0b", 3 }, span_of("open") });
	CHECK_EQ(verify_get(wr_span(&m), &v), -1);
	verify_put(&m, &(struct verify){ MECH_PASS, span_of("bob"), span_of("") });
	CHECK_EQ(verify_get(wr_span(&m), &v), -1);
	verify_put(&m, &(struct verify){ MECH_PASS, { big, USER_MAX + 1 }, span_of("open") });
	CHECK_EQ(verify_get(wr_span(&m), &v), -1);
	verify_put(&m, &(struct verify){ MECH_PASS, span_of("bob"), { big, PROOF_MAX } });
	CHECK_EQ(verify_get(wr_span(&m), &v), 0);
	verify_put(&m, &(struct verify){ MECH_PASS, span_of("bob"), { big, PROOF_MAX + 1 } });
	CHECK_EQ(verify_get(wr_span(&m), &v), -1);

	verify_put(&m, &(struct verify){ MECH_PLAIN, span_of("bob"), span_of("open") });
	CHECK_EQ(verify_get(wr_span(&m), &v), -1);

	answer_put(&m, ANSWER_NO);
	CHECK(is_hex("02000000"));
	answer_put(&m, ANSWER_IN_USE);
	CHECK(answer_get(wr_span(&m), &a) == 0 && a.answer == ANSWER_IN_USE && a.challenge.len == 0);
	REFUSES_OTHERS(answer_get, &a);
	answer_put(&m, ANSWER__MAX);
	CHECK_EQ(answer_get(wr_span(&m), &a), -1);
	challenge_put(&m, span_of("<1@x>"));
	CHECK(is_hex("020400053c3140783e"));
	CHECK(answer_get(wr_span(&m), &a) == 0 && a.answer == ANSWER_GO_ON && same(a.challenge, "<1@x>"));
	REFUSES_OTHERS(answer_get, &a);
	m.b[1] = ANSWER_NO;
	CHECK_EQ(answer_get(wr_span(&m), &a), -1);
	challenge_put(&m, (struct span){ big_response, CHALLENGE_MAX + 1 });
	CHECK_EQ(answer_get(wr_span(&m), &a), -1);

	ready_put(&m, &r);
	CHECK(is_hex("03"
		     "00000002"
		     "0000000000000140"
		     "0003626f62"));
	CHECK(ready_get(wr_span(&m), &r) == 0 && r.count == 2 && r.octets == 320 && same(r.user, "bob"));
	REFUSES_OTHERS(ready_get, &r);
	ready_put(&m, &(struct ready){ MESSAGES_MAX + 1, 0, span_of("bob") });
	CHECK_EQ(ready_get(wr_span(&m), &r), -1);
}

static void
message_messages(void)
{
	struct file_msg f = { 1, 150 };
	struct gone_msg g = { 1, GONE_FAILED };
	uint32_t n;

	open_put(&m, 1);
	CHECK(is_hex("0400000001"));
	CHECK(open_get(wr_span(&m), &n) == 0 && n == 1);
	REFUSES_OTHERS(open_get, &n);
	file_put(&m, &f);
	CHECK(is_hex("05"
		     "00000001"
		     "0000000000000096"));
	CHECK(file_get(wr_span(&m), &f) == 0 && f.n == 1 && f.size == 150);
	REFUSES_OTHERS(file_get, &f);
	file_put(&m, &(struct file_msg){ 1, (uint64_t)INT64_MAX + 1 });
	CHECK_EQ(file_get(wr_span(&m), &f), -1);
	gone_put(&m, &g);
	CHECK(gone_get(wr_span(&m), &g) == 0 && g.n == 1 && g.why == GONE_FAILED);
	REFUSES_OTHERS(gone_get, &g);
	gone_put(&m, &(struct gone_msg){ 1, GONE__MAX });
	CHECK_EQ(gone_get(wr_span(&m), &g), -1);
}

static void
update_messages(void)
{
	static uint8_t big[MARKS_MAX + 1];
	struct marks k = { MARK_DELETE, 0, { (const uint8_t *)"\5", 1 } };
	struct commit c = { 2, 3 };
	struct done d = { 1, 4 };

	marks_put(&m, &k);
	CHECK(is_hex("0700"
		     "00000000"
		     "000105"));
	CHECK(marks_get(wr_span(&m), &k) == 0 && k.base == 0 && k.bitmap.len == 1 && k.bitmap.p[0] == 5);
	REFUSES_OTHERS(marks_get, &k);
	marks_put(&m, &(struct marks){ MARK__MAX, 0, { big, 1 } });
	CHECK_EQ(marks_get(wr_span(&m), &k), -1);
	marks_put(&m, &(struct marks){ MARK_DELETE, 4, { big, 1 } });
	CHECK_EQ(marks_get(wr_span(&m), &k), -1);
	marks_put(&m, &(struct marks){ MARK_DELETE, MESSAGES_MAX, { big, 1 } });
	CHECK_EQ(marks_get(wr_span(&m), &k), -1);
	marks_put(&m, &(struct marks){ MARK_DELETE, 0, { big, 0 } });
	CHECK_EQ(marks_get(wr_span(&m), &k), -1);
	marks_put(&m, &(struct marks){ MARK_DELETE, 0, { big, MARKS_MAX } });
	CHECK_EQ(marks_get(wr_span(&m), &k), 0);
	marks_put(&m, &(struct marks){ MARK_DELETE, 0, { big, MARKS_MAX + 1 } });
	CHECK_EQ(marks_get(wr_span(&m), &k), -1);
	commit_put(&m, &c);
	CHECK(is_hex("08"
		     "00000002"
		     "00000003"));
	CHECK(commit_get(wr_span(&m), &c) == 0 && c.deleted == 2 && c.retrieved == 3);
	REFUSES_OTHERS(commit_get, &c);
	done_put(&m, &d);
	CHECK(done_get(wr_span(&m), &d) == 0 && d.removed == 1 && d.failed == 4);
	REFUSES_OTHERS(done_get, &d);
}

static void
verdicts(void)
{
	uint8_t v[VERDICT_BYTES + 1] = { 0 };
	struct verified by;

	verdict_put(v, &(struct verified){ MECH_LOGIN, USERS_SYSTEM, span_of("bob"), 4 });
	CHECK(verdict_get((struct span){ v, VERDICT_BYTES }, &by) == 0 && same(by.user, "bob") &&
	      by.mechanism == MECH_LOGIN && by.users == USERS_SYSTEM && by.tls == 4);
	CHECK_EQ(verdict_get((struct span){ v, VERDICT_BYTES - 1 }, &by), -1);
	CHECK_EQ(verdict_get((struct span){ v, VERDICT_BYTES + 1 }, &by), -1);
	v[VERDICT_BYTES - 2] = 1; /* the padding is NULs */
	CHECK_EQ(verdict_get((struct span){ v, VERDICT_BYTES }, &by), -1);
	v[VERDICT_BYTES - 2] = 0;
	for (unsigned tls = 0; tls < 256; tls++) {
		bool good = tls == 0 || tls == 3 || tls == 4;

		v[VERDICT_BYTES - 1] = (uint8_t)tls;
		CHECK_EQ(verdict_get((struct span){ v, VERDICT_BYTES }, &by), good ? 0 : -1);
		CHECK(!good || by.tls == tls);
	}
	v[VERDICT_BYTES - 1] = 0;
	v[0] = MECH__MAX;
	CHECK_EQ(verdict_get((struct span){ v, VERDICT_BYTES }, &by), -1);
	v[0] = 0;
	v[1] = USERS_OF__MAX;
	CHECK_EQ(verdict_get((struct span){ v, VERDICT_BYTES }, &by), -1);
	v[1] = 0;
	v[2] = 0;
	CHECK_EQ(verdict_get((struct span){ v, VERDICT_BYTES }, &by), -1);
	v[2] = 4; /* a NUL in the name */
	CHECK_EQ(verdict_get((struct span){ v, VERDICT_BYTES }, &by), -1);
}

static void
records(void)
{
	uint8_t b[RECORD_BYTES];
	struct record r = { 320, span_of("1000.1.host") };

	record_put(b, &r);
	CHECK(record_get(b, &r) == 0 && r.octets == 320 && same(r.uid, "1000.1.host"));
	b[8] = 0;
	CHECK_EQ(record_get(b, &r), -1);
	b[8] = UID_MAX + 1;
	CHECK_EQ(record_get(b, &r), -1);
	b[8] = 11;
	b[9] = ' ';
	CHECK_EQ(record_get(b, &r), -1);
	b[9] = '1';
	b[0] = 0x80;
	CHECK_EQ(record_get(b, &r), -1);
}

static void
proxied(void)
{
	struct proxied in = { .known = true, .tls = true, .remote = { .b = { 1 } }, .local = { .b = { [15] = 2 } } },
		       out;
	uint8_t record[PROXIED_BYTES + 1] = { 0 };
	struct span s = { record, PROXIED_BYTES };

	proxied_put(record, &in);
	CHECK(!proxied_get(s, &out) && out.known && out.tls && out.remote.b[0] == 1 && out.local.b[15] == 2);
	CHECK_EQ(proxied_get((struct span){ record, PROXIED_BYTES - 1 }, &out), -1);
	CHECK_EQ(proxied_get((struct span){ record, PROXIED_BYTES + 1 }, &out), -1);
	record[0] = 2;
	CHECK_EQ(proxied_get(s, &out), -1);
	record[0] = 0; /* unknown, and yet an address */
	CHECK_EQ(proxied_get(s, &out), -1);
	in.known = false;
	proxied_put(record, &in);
	CHECK(!proxied_get(s, &out) && !out.known && out.tls);
	record[1] = 2;
	CHECK_EQ(proxied_get(s, &out), -1);
}

static void
connections(void)
{
	struct connection c = { 21840, span_of("1.2f"), span_of("192.0.2.1"), span_of("-") }, got;
	struct span in;

	connection_put(&m, &c);
	in = wr_span(&m);
	CHECK(!connection_get(in, &got) && got.seconds == 21840 && same(got.sid, "1.2f") &&
	      same(got.rip, "192.0.2.1") && same(got.lip, "-"));
	for (size_t n = 0; n < in.len; n++)
		CHECK_EQ(connection_get((struct span){ in.p, n }, &got), -1);
	c.seconds = 0; /* would be no deadline */
	connection_put(&m, &c);
	CHECK_EQ(connection_get(wr_span(&m), &got), -1);
	c = (struct connection){ 1, span_of("1234567890123456789012345678901234567890"), span_of(""), span_of("") };
	connection_put(&m, &c);
	CHECK_EQ(connection_get(wr_span(&m), &got), -1);
	c.sid.len--;
	connection_put(&m, &c);
	CHECK_EQ(connection_get(wr_span(&m), &got), 0);
	wr_u8(&m, 0);
	CHECK_EQ(connection_get(wr_span(&m), &got), -1);
}

int
main(void)
{
	static uint8_t big[MSG_MAX];

	sasl_messages();
	login_messages();
	message_messages();
	update_messages();
	verdicts();
	records();
	m.len = 0;
	m.bad = false;
	wr_bytes(&m, (struct span){ big, MSG_MAX - 1 }); /* with its length it does not fit */
	CHECK(m.bad && wr_span(&m).p == NULL);
	proxied();
	connections();
	return check_end();
}
