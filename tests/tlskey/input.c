/* Input: the two forms that a server's handshake signs, and everything near them. */
#include "input.h"

#include <string.h>

#include "check.h"

static uint8_t in[512];

static enum form
of(size_t len)
{
	return input_form((struct span){ in, len });
}

static void
tls13(void)
{
	static const char context[] = "TLS 1.3, server CertificateVerify";
	size_t before = 64 + sizeof context;

	memset(in, ' ', 64);
	memcpy(in + 64, context, sizeof context);
	memset(in + before, 'h', 64);
	for (size_t n = 0; n < sizeof in; n++)
		CHECK_EQ(of(n), n == before + 32 || n == before + 48 ? FORM_TLS13 : FORM_NONE);
	for (size_t i = 0; i < before; i++) {
		in[i] ^= 1;
		CHECK_EQ(of(before + 32), FORM_NONE);
		in[i] ^= 1;
	}
}

static void
tls12(void)
{
	static const struct {
		uint8_t group, octets;
	} good[] = { { 23, 65 }, { 24, 97 }, { 29, 32 } };

	memset(in, 0, sizeof in);
	for (size_t i = 0; i < 3; i++) {
		size_t len = 64 + 4 + (size_t)good[i].octets;

		in[64] = 3;
		in[66] = good[i].group;
		in[67] = good[i].octets;
		in[68] = 4;
		for (size_t n = 0; n < sizeof in; n++)
			CHECK_EQ(of(n), n == len ? FORM_TLS12 : FORM_NONE);
		for (size_t at = 64; at < 68; at++) {
			in[at] ^= 0x40;
			CHECK_EQ(of(len), FORM_NONE);
			in[at] ^= 0x40;
		}
		in[68] = 2; /* a compressed point; x25519 has none */
		CHECK_EQ(of(len), good[i].group == 29 ? FORM_TLS12 : FORM_NONE);
	}
}

int
main(void)
{
	tls13();
	tls12();
	return check_end();
}
