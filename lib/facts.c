/* The facts of a TLS connection, in a file of their own: root's program hands them on and never reads them. */
#include <string.h>

#include "msg.h"

enum { VERSION = 1, TLS_1_2 = 0x0303, TLS_1_3 = 0x0304 };

static uint8_t *
padded_put(uint8_t *to, struct span text, size_t max)
{
	*to = (uint8_t)text.len;
	if (text.len)
		memcpy(to + 1, text.p, text.len);
	return to + 1 + max;
}

void
facts_put(uint8_t out[FACTS_BYTES], const struct facts *f)
{
	uint8_t *to = out;

	memset(out, 0, FACTS_BYTES);
	*to++ = VERSION;
	*to++ = f->flags;
	*to++ = (uint8_t)(f->version >> 8);
	*to++ = (uint8_t)f->version;
	memcpy(to, f->exporter, EXPORTER_BYTES);
	memcpy(to + EXPORTER_BYTES, f->fingerprint, FINGERPRINT_BYTES);
	to = padded_put(to + EXPORTER_BYTES + FINGERPRINT_BYTES, f->cipher, CIPHER_MAX);
	to = padded_put(to, f->server_name, USER_MAX);
	(void)padded_put(to, f->identity, USER_MAX); /* the last */
}

/* Cut a padded text of at most max octets off the front of *rest; only NULs may follow it. */
static int
padded_get(struct span *rest, size_t max, struct span *text)
{
	size_t len = rest->p[0];

	if (len > max)
		return -1;
	for (size_t i = len; i < max; i++)
		if (rest->p[1 + i])
			return -1;
	*text = (struct span){ rest->p + 1, len };
	*rest = (struct span){ rest->p + 1 + max, rest->len - 1 - max };
	return 0;
}

static bool
is_printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e)
			return false;
	return true;
}

/* Without its flag, nothing may be there that could be taken for it. */
static bool
is_all_nul(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

int
facts_get(struct span in, struct facts *f)
{
	struct span rest;
	struct facts v = { 0 };

	if (in.len != FACTS_BYTES || in.p[0] != VERSION || in.p[1] & ~FACTS_FLAGS)
		return -1;
	rest.p = in.p + 4 + EXPORTER_BYTES + FINGERPRINT_BYTES;
	rest.len = in.len - 4 - EXPORTER_BYTES - FINGERPRINT_BYTES;
	v.flags = in.p[1];
	v.version = (uint16_t)(in.p[2] << 8 | in.p[3]);
	memcpy(v.exporter, in.p + 4, EXPORTER_BYTES);
	memcpy(v.fingerprint, in.p + 4 + EXPORTER_BYTES, FINGERPRINT_BYTES);
	if (padded_get(&rest, CIPHER_MAX, &v.cipher) || padded_get(&rest, USER_MAX, &v.server_name) ||
	    padded_get(&rest, USER_MAX, &v.identity))
		return -1;
	if ((v.version != TLS_1_2 && v.version != TLS_1_3) || v.cipher.len == 0 || !is_printable(v.cipher) ||
	    !is_printable(v.server_name) || (v.identity.len && memchr(v.identity.p, '\0', v.identity.len)))
		return -1;
	if (!(v.flags & FACTS_EXPORTER) && !is_all_nul(v.exporter, EXPORTER_BYTES))
		return -1;
	if (!(v.flags & FACTS_CERTIFICATE) && (v.identity.len || !is_all_nul(v.fingerprint, FINGERPRINT_BYTES)))
		return -1;
	*f = v;
	return 0;
}

void
facts_text_of(struct facts_text *t, const struct facts *f)
{
	/* Both fit: facts_get has looked. */
	t->version = f->version;
	(void)span_copy(f->cipher, t->cipher, sizeof t->cipher);
	(void)span_copy(f->server_name, t->server_name, sizeof t->server_name);
}
