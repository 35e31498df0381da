/* What tlsd asks to be signed: any datagram.  What is allowed is, octet for octet, one of the two things that a server's
 * handshake signs, as another reading of the RFCs finds them. */
#include "sign.h"

#include "fuzz.h"

/* RFC 8446 section 4.4.3: 64 spaces, the context, a NUL, the hash of a suite (SHA-256 or SHA-384). */
static int
is_certificate_verify(const uint8_t *p, size_t n)
{
	char begin[99];

	memset(begin, ' ', 64);
	(void)snprintf(begin + 64, sizeof begin - 64, "TLS 1.3, server CertificateVerify");
	return (n == 98 + 32 || n == 98 + 48) && memcmp(p, begin, 98) == 0;
}

/* RFC 8422 section 5.4: two randoms, named_curve, and a point that is as long as its curve has them. */
static int
is_server_key_exchange(const uint8_t *p, size_t n)
{
	static const struct {
		uint8_t curve, point, begins;
	} curves[] = { { 23, 65, 4 }, { 24, 97, 4 }, { 29, 32, 0 } };

	for (size_t i = 0; i < 3; i++)
		if (n == 68U + curves[i].point && p[64] == 3 && p[65] == 0 && p[66] == curves[i].curve &&
		    p[67] == curves[i].point && (curves[i].begins == 0 || p[68] == curves[i].begins))
			return 1;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take t = { data, size };
	size_t len;
	uint8_t *exact = take_copy(&t, MSG_MAX, &len);
	struct sign s;

	if (sign_get((struct span){ exact, len }, &s) == 0 && sign_is_allowed(&s)) {
		int thirteen = is_certificate_verify(s.input.p, s.input.len);

		MUST(s.key < KEYS_MAX && (thirteen || is_server_key_exchange(s.input.p, s.input.len)));
		MUST(!thirteen || (s.scheme & 0xff) != 1); /* no PKCS #1 v1.5 with TLS 1.3 */
		MUST(s.scheme >> 8 != 2);                  /* no SHA-1 */
	}
	free(exact);
	return 0;
}
