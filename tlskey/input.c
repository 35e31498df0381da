#include "input.h"

#include <string.h>

enum {
	SPACES = 64,
	RANDOMS = 64, /* client_random and server_random */
	NAMED_CURVE = 3,
	UNCOMPRESSED = 4,
};

static const char context[] = "TLS 1.3, server CertificateVerify"; /* its NUL belongs to the form */

static bool
is_tls13(struct span in)
{
	if (in.len != SPACES + sizeof context + 32 && in.len != SPACES + sizeof context + 48)
		return false;
	for (size_t i = 0; i < SPACES; i++)
		if (in.p[i] != ' ')
			return false;
	return memcmp(in.p + SPACES, context, sizeof context) == 0;
}

/* The key share of each group that we offer, in octets (RFC 8422 section 5.4.1, RFC 7748). */
static const struct group {
	uint16_t id;
	uint8_t octets;
	bool is_point;
} groups[] = {
	{ 0x0017, 65, true },  /* secp256r1 */
	{ 0x0018, 97, true },  /* secp384r1 */
	{ 0x001d, 32, false }, /* x25519 */
};

static bool
is_tls12(struct span in)
{
	const uint8_t *p = in.p + RANDOMS; /* curve type, group, length of the share, the share */

	if (in.len < RANDOMS + 5 || p[0] != NAMED_CURVE)
		return false;
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
		if (groups[i].id == (p[1] << 8 | p[2]))
			return p[3] == groups[i].octets && in.len == RANDOMS + 4 + (size_t)p[3] &&
			       (!groups[i].is_point || p[4] == UNCOMPRESSED);
	return false;
}

enum form
input_form(struct span in)
{
	if (is_tls13(in))
		return FORM_TLS13;
	return is_tls12(in) ? FORM_TLS12 : FORM_NONE;
}
