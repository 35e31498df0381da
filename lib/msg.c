#include "msg.h"

#include <string.h>

struct rd
rd_of(struct span in)
{
	return (struct rd){ in, false };
}

static const uint8_t *
take(struct rd *m, size_t n)
{
	const uint8_t *p = m->in.p;

	if (m->bad || m->in.len < n) {
		m->bad = true;
		return NULL;
	}
	m->in.p += n;
	m->in.len -= n;
	return p;
}

static uint64_t
rd_integer(struct rd *m, size_t bytes)
{
	const uint8_t *p = take(m, bytes);
	uint64_t v = 0;

	for (size_t i = 0; p && i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

void
rd_type(struct rd *m, enum msg_type type)
{
	if (rd_u8(m) != type)
		m->bad = true;
}

uint8_t
rd_u8(struct rd *m)
{
	return (uint8_t)rd_integer(m, 1);
}

uint16_t
rd_u16(struct rd *m)
{
	return (uint16_t)rd_integer(m, 2);
}

uint32_t
rd_u32(struct rd *m)
{
	return (uint32_t)rd_integer(m, 4);
}

uint64_t
rd_u64(struct rd *m)
{
	return rd_integer(m, 8);
}

struct span
rd_bytes(struct rd *m, size_t max)
{
	size_t len = rd_integer(m, 2);
	const uint8_t *p;

	if (len > max)
		m->bad = true;
	p = take(m, len);
	return p ? (struct span){ p, len } : (struct span){ NULL, 0 };
}

int
rd_end(struct rd *m)
{
	return m->bad || m->in.len ? -1 : 0;
}

static void
wr_integer(struct wr *m, uint64_t v, size_t bytes)
{
	if (sizeof m->b - m->len < bytes) {
		m->bad = true;
		return;
	}
	for (size_t i = 0; i < bytes; i++)
		m->b[m->len++] = (uint8_t)(v >> 8 * (bytes - 1 - i));
}

void
wr_u8(struct wr *m, uint8_t v)
{
	wr_integer(m, v, 1);
}

void
wr_u16(struct wr *m, uint16_t v)
{
	wr_integer(m, v, 2);
}

void
wr_u32(struct wr *m, uint32_t v)
{
	wr_integer(m, v, 4);
}

void
wr_u64(struct wr *m, uint64_t v)
{
	wr_integer(m, v, 8);
}

void
wr_bytes(struct wr *m, struct span v)
{
	if (v.len > UINT16_MAX || sizeof m->b - m->len < 2 + v.len) {
		m->bad = true;
		return;
	}
	wr_u16(m, (uint16_t)v.len);
	if (v.len)
		memcpy(m->b + m->len, v.p, v.len);
	m->len += v.len;
}

struct span
wr_span(const struct wr *m)
{
	return m->bad ? (struct span){ NULL, 0 } : (struct span){ m->b, m->len };
}

static void
wr_type(struct wr *m, enum msg_type type)
{
	m->len = 0;
	m->bad = false;
	wr_u8(m, (uint8_t)type);
}

static bool
name_is_bad(struct span name)
{
	return name.len == 0 || name.len > USER_MAX || memchr(name.p, '\0', name.len) != NULL;
}

void
verify_put(struct wr *m, const struct verify *v)
{
	wr_type(m, MSG_VERIFY);
	wr_u8(m, v->mechanism);
	wr_bytes(m, v->user);
	wr_bytes(m, v->proof);
}

int
verify_get(struct span in, struct verify *v)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_VERIFY);
	v->mechanism = rd_u8(&m);
	v->user = rd_bytes(&m, USER_MAX);
	v->proof = rd_bytes(&m, PROOF_MAX);
	if (rd_end(&m) || v->mechanism > MECH_APOP || name_is_bad(v->user) || v->proof.len == 0)
		return -1;
	return 0;
}

void
auth_put(struct wr *m, const struct auth *a)
{
	wr_type(m, MSG_AUTH);
	wr_u8(m, a->mechanism);
	wr_u8(m, a->given);
	wr_bytes(m, a->response);
}

int
auth_get(struct span in, struct auth *a)
{
	struct rd m = rd_of(in);
	uint8_t given;

	rd_type(&m, MSG_AUTH);
	a->mechanism = rd_u8(&m);
	given = rd_u8(&m);
	a->given = given == 1;
	a->response = rd_bytes(&m, RESPONSE_MAX);
	if (rd_end(&m) || a->mechanism < MECH_PLAIN || a->mechanism >= MECH__MAX || given > 1)
		return -1;
	return a->given || a->response.len == 0 ? 0 : -1;
}

void
response_put(struct wr *m, struct span response)
{
	wr_type(m, MSG_RESPONSE);
	wr_bytes(m, response);
}

int
response_get(struct span in, struct span *response)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_RESPONSE);
	*response = rd_bytes(&m, RESPONSE_MAX);
	return rd_end(&m);
}

void
cancel_put(struct wr *m)
{
	wr_type(m, MSG_CANCEL);
}

int
cancel_get(struct span in)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_CANCEL);
	return rd_end(&m);
}

void
answer_put(struct wr *m, enum answer a)
{
	wr_type(m, MSG_ANSWER);
	wr_u8(m, (uint8_t)a);
	wr_bytes(m, (struct span){ NULL, 0 });
}

void
challenge_put(struct wr *m, struct span challenge)
{
	wr_type(m, MSG_ANSWER);
	wr_u8(m, ANSWER_GO_ON);
	wr_bytes(m, challenge);
}

int
answer_get(struct span in, struct answer_msg *a)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_ANSWER);
	a->answer = rd_u8(&m);
	a->challenge = rd_bytes(&m, CHALLENGE_MAX);
	if (a->answer >= ANSWER__MAX || (a->challenge.len && a->answer != ANSWER_GO_ON))
		return -1;
	return rd_end(&m);
}

void
ready_put(struct wr *m, const struct ready *r)
{
	wr_type(m, MSG_READY);
	wr_u32(m, r->count);
	wr_u64(m, r->octets);
	wr_bytes(m, r->user);
}

int
ready_get(struct span in, struct ready *r)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_READY);
	r->count = rd_u32(&m);
	r->octets = rd_u64(&m);
	r->user = rd_bytes(&m, USER_MAX);
	return r->count <= MESSAGES_MAX ? rd_end(&m) : -1;
}

void
open_put(struct wr *m, uint32_t n)
{
	wr_type(m, MSG_OPEN);
	wr_u32(m, n);
}

int
open_get(struct span in, uint32_t *n)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_OPEN);
	*n = rd_u32(&m);
	return rd_end(&m);
}

void
file_put(struct wr *m, const struct file_msg *f)
{
	wr_type(m, MSG_FILE);
	wr_u32(m, f->n);
	wr_u64(m, f->size);
}

int
file_get(struct span in, struct file_msg *f)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_FILE);
	f->n = rd_u32(&m);
	f->size = rd_u64(&m);
	return f->size <= INT64_MAX ? rd_end(&m) : -1;
}

void
gone_put(struct wr *m, const struct gone_msg *g)
{
	wr_type(m, MSG_GONE);
	wr_u32(m, g->n);
	wr_u8(m, g->why);
}

int
gone_get(struct span in, struct gone_msg *g)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_GONE);
	g->n = rd_u32(&m);
	g->why = rd_u8(&m);
	return g->why < GONE__MAX ? rd_end(&m) : -1;
}

void
marks_put(struct wr *m, const struct marks *k)
{
	wr_type(m, MSG_MARKS);
	wr_u8(m, k->mark);
	wr_u32(m, k->base);
	wr_bytes(m, k->bitmap);
}

int
marks_get(struct span in, struct marks *k)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_MARKS);
	k->mark = rd_u8(&m);
	k->base = rd_u32(&m);
	k->bitmap = rd_bytes(&m, MARKS_MAX);
	if (k->mark >= MARK__MAX || k->base % 8 || k->base >= MESSAGES_MAX || k->bitmap.len == 0)
		return -1;
	return rd_end(&m);
}

void
commit_put(struct wr *m, const struct commit *c)
{
	wr_type(m, MSG_COMMIT);
	wr_u32(m, c->deleted);
	wr_u32(m, c->retrieved);
}

int
commit_get(struct span in, struct commit *c)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_COMMIT);
	c->deleted = rd_u32(&m);
	c->retrieved = rd_u32(&m);
	return rd_end(&m);
}

void
done_put(struct wr *m, const struct done *d)
{
	wr_type(m, MSG_DONE);
	wr_u32(m, d->removed);
	wr_u32(m, d->failed);
}

int
done_get(struct span in, struct done *d)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_DONE);
	d->removed = rd_u32(&m);
	d->failed = rd_u32(&m);
	return rd_end(&m);
}

void
sign_put(struct wr *m, const struct sign *s)
{
	wr_type(m, MSG_SIGN);
	wr_u8(m, s->key);
	wr_u16(m, s->scheme);
	wr_bytes(m, s->input);
}

int
sign_get(struct span in, struct sign *s)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_SIGN);
	s->key = rd_u8(&m);
	s->scheme = rd_u16(&m);
	s->input = rd_bytes(&m, SIGN_MAX);
	return s->key < KEYS_MAX && s->input.len ? rd_end(&m) : -1;
}

void
signed_put(struct wr *m, struct span signature)
{
	wr_type(m, MSG_SIGNED);
	wr_bytes(m, signature);
}

int
signed_get(struct span in, struct span *signature)
{
	struct rd m = rd_of(in);

	rd_type(&m, MSG_SIGNED);
	*signature = rd_bytes(&m, SIGNATURE_MAX);
	return signature->len ? rd_end(&m) : -1;
}

void
connection_put(struct wr *m, const struct connection *c)
{
	m->len = 0;
	m->bad = false;
	wr_u32(m, c->seconds);
	wr_bytes(m, c->sid);
	wr_bytes(m, c->rip);
	wr_bytes(m, c->lip);
}

int
connection_get(struct span in, struct connection *c)
{
	struct rd m = rd_of(in);

	c->seconds = rd_u32(&m);
	c->sid = rd_bytes(&m, SID_MAX);
	c->rip = rd_bytes(&m, ADDRESS_TEXT_MAX - 1);
	c->lip = rd_bytes(&m, ADDRESS_TEXT_MAX - 1);
	return c->seconds ? rd_end(&m) : -1;
}

const char *
tls_version_name(uint16_t version)
{
	return version == 0x0303 ? "TLSv1.2" : version == 0x0304 ? "TLSv1.3" : "-";
}

void
verdict_put(uint8_t out[VERDICT_BYTES], const struct verified *v)
{
	memset(out, 0, VERDICT_BYTES);
	out[0] = v->mechanism;
	out[1] = v->users;
	out[2] = (uint8_t)v->user.len;
	if (v->user.len) /* nobody: a span of no octets may point nowhere */
		memcpy(out + 3, v->user.p, v->user.len);
	out[VERDICT_BYTES - 1] = v->tls;
}

int
verdict_get(struct span in, struct verified *v)
{
	struct span name;
	uint8_t tls;

	if (in.len != VERDICT_BYTES || in.p[0] >= MECH__MAX || in.p[1] >= USERS_OF__MAX)
		return -1;
	tls = in.p[VERDICT_BYTES - 1];
	if (tls && strcmp(tls_version_name((uint16_t)(0x0300 | tls)), "-") == 0)
		return -1;
	name = (struct span){ in.p + 3, in.p[2] };
	if (name_is_bad(name))
		return -1;
	for (size_t i = 3 + name.len; i < VERDICT_BYTES - 1; i++)
		if (in.p[i])
			return -1;
	*v = (struct verified){ in.p[0], in.p[1], name, tls };
	return 0;
}

void
proxied_put(uint8_t out[PROXIED_BYTES], const struct proxied *p)
{
	memset(out, 0, PROXIED_BYTES);
	out[0] = p->known;
	out[1] = p->tls;
	if (p->known) {
		memcpy(out + 2, p->remote.b, ADDRESS_BYTES);
		memcpy(out + 2 + ADDRESS_BYTES, p->local.b, ADDRESS_BYTES);
	}
}

int
proxied_get(struct span in, struct proxied *p)
{
	struct proxied got = { .known = false };

	if (in.len != PROXIED_BYTES || in.p[0] > 1 || in.p[1] > 1)
		return -1;
	got.known = in.p[0];
	got.tls = in.p[1];
	for (size_t i = 2; i < in.len && !got.known; i++)
		if (in.p[i])
			return -1;
	memcpy(got.remote.b, in.p + 2, ADDRESS_BYTES);
	memcpy(got.local.b, in.p + 2 + ADDRESS_BYTES, ADDRESS_BYTES);
	*p = got;
	return 0;
}

void
record_put(uint8_t out[RECORD_BYTES], const struct record *r)
{
	memset(out, 0, RECORD_BYTES);
	for (size_t i = 0; i < 8; i++)
		out[i] = (uint8_t)(r->octets >> 8 * (7 - i));
	out[8] = (uint8_t)r->uid.len;
	memcpy(out + 9, r->uid.p, r->uid.len);
}

int
record_get(const uint8_t in[RECORD_BYTES], struct record *r)
{
	uint64_t octets = 0;

	for (size_t i = 0; i < 8; i++)
		octets = octets << 8 | in[i];
	if (octets > INT64_MAX || in[8] == 0 || in[8] > UID_MAX)
		return -1;
	for (size_t i = 0; i < in[8]; i++)
		if (in[9 + i] < 0x21 || in[9 + i] > 0x7e)
			return -1;
	*r = (struct record){ octets, { in + 9, in[8] } };
	return 0;
}
