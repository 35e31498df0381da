#include "header.h"

#include <string.h>

static const uint8_t signature[HEADER_FIRST] = "\r\n\r\n\0\r\nQUIT\n";
static const char word[] = "PROXY ";

/* Numbers of version 2. */
enum {
	VERSION_2 = 0x20,
	LOCAL = 0,
	PROXY = 1,
	TCP4 = 0x11,
	TCP6 = 0x21,
	STREAM = 1,
	TYPE_SSL = 0x20,
	CLIENT_SSL = 1, /* a bit of the first octet of TYPE_SSL */
};

/* "1" to "65535" without a zero in front, or "0". */
static bool
is_port(struct span s)
{
	uint64_t n;

	return span_number(s, UINT16_MAX, &n) == 0 && (s.len == 1 || s.p[0] != '0');
}

static int
address_of(struct span text, bool four, struct address *a)
{
	/* An IPv4 address in IPv6 clothes is no TCP4 address. */
	if ((memchr(text.p, ':', text.len) == NULL) != four)
		return -1;
	return address_read(text, a);
}

/* "PROXY TCP4 SOURCE DESTINATION PORT PORT" or "PROXY UNKNOWN ..." */
static enum header
text_parse(struct span line, struct proxied *p)
{
	struct span rest = line, family = { NULL, 0 }, from, to, ports[2];
	bool four;

	(void)span_cut(&rest, ' ', &family); /* "PROXY": it has been looked at */
	if (!span_cut(&rest, ' ', &family))
		return HEADER_BAD;
	if (family.len == 7 && memcmp(family.p, "UNKNOWN", 7) == 0)
		return HEADER_WHOLE;
	if (family.len != 4 || memcmp(family.p, "TCP", 3) != 0 || (family.p[3] != '4' && family.p[3] != '6'))
		return HEADER_BAD;
	four = family.p[3] == '4';
	if (!span_cut(&rest, ' ', &from) || !span_cut(&rest, ' ', &to) || !span_cut(&rest, ' ', &ports[0]) ||
	    !span_cut(&rest, ' ', &ports[1]) || rest.p)
		return HEADER_BAD;
	if (address_of(from, four, &p->remote) || address_of(to, four, &p->local) || !is_port(ports[0]) ||
	    !is_port(ports[1]))
		return HEADER_BAD;
	p->known = true;
	return HEADER_WHOLE;
}

static enum header
text_header(struct span in, size_t *want, struct proxied *p)
{
	const uint8_t *lf = memchr(in.p, '\n', in.len);

	if (lf == NULL && in.len < HEADER_TEXT_MAX) {
		*want = in.p[in.len - 1] == '\r' ? 1 : 2; /* its CRLF, at least */
		if (*want > HEADER_TEXT_MAX - in.len)
			return HEADER_BAD;
		return HEADER_MORE;
	}
	if (lf == NULL || lf != in.p + in.len - 1 || lf[-1] != '\r')
		return HEADER_BAD;
	return text_parse((struct span){ in.p, in.len - 2 }, p);
}

static struct address
four_get(struct rd *m)
{
	struct address a = { .b = { [10] = 0xff, [11] = 0xff } };

	for (int i = 12; i < ADDRESS_BYTES; i++)
		a.b[i] = rd_u8(m);
	return a;
}

static struct address
six_get(struct rd *m)
{
	struct address a;

	for (int i = 0; i < ADDRESS_BYTES; i++)
		a.b[i] = rd_u8(m);
	return a;
}

/* Addresses and ports, then any number of u8 type, bytes value. */
static enum header
binary_parse(struct rd m, uint8_t family, struct proxied *p)
{
	struct span value;

	p->remote = family == TCP4 ? four_get(&m) : six_get(&m);
	p->local = family == TCP4 ? four_get(&m) : six_get(&m);
	(void)rd_u32(&m); /* two ports: nobody here asks */
	while (!m.bad && m.in.len) {
		uint8_t type = rd_u8(&m);

		value = rd_bytes(&m, HEADER_MAX);
		if (type == TYPE_SSL && value.len)
			p->tls = value.p[0] & CLIENT_SSL;
	}
	p->known = true;
	return rd_end(&m) ? HEADER_BAD : HEADER_WHOLE;
}

static enum header
binary_header(struct span in, size_t *want, struct proxied *p)
{
	struct rd m = rd_of((struct span){ in.p + HEADER_FIRST, in.len - HEADER_FIRST });
	uint8_t command, family;
	size_t whole;

	*want = HEADER_BINARY_MIN - in.len;
	if (in.len < HEADER_BINARY_MIN)
		return HEADER_MORE;
	command = rd_u8(&m);
	family = rd_u8(&m);
	whole = HEADER_BINARY_MIN + (size_t)rd_u16(&m);
	if ((command != (VERSION_2 | LOCAL) && command != (VERSION_2 | PROXY)) || whole > HEADER_MAX || in.len > whole)
		return HEADER_BAD;
	*want = whole - in.len;
	if (*want)
		return HEADER_MORE;
	if (command == (VERSION_2 | LOCAL))
		return HEADER_WHOLE;
	if (family == TCP4 || family == TCP6)
		return binary_parse(m, family, p);
	/* Unspecified, or a local socket; but no datagrams, which POP3 does not cross. */
	return family == 0 || family == (0x30 | STREAM) ? HEADER_WHOLE : HEADER_BAD;
}

enum header
header_parse(struct span in, size_t *want, struct proxied *p)
{
	struct proxied got = { .known = false, .tls = false };
	enum header h;

	*want = HEADER_FIRST - in.len;
	if (in.len < HEADER_FIRST)
		return HEADER_MORE;
	if (memcmp(in.p, signature, sizeof signature) == 0)
		h = binary_header(in, want, &got);
	else if (memcmp(in.p, word, sizeof word - 1) == 0)
		h = text_header(in, want, &got);
	else
		h = HEADER_BAD;
	if (h == HEADER_WHOLE)
		*p = got;
	return h;
}
