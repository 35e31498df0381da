#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { FOUR_PREFIX_BITS = 96 };
static const uint8_t four_prefix[FOUR_PREFIX_BITS / 8] = { [10] = 0xff, [11] = 0xff };

bool
address_is_four(const struct address *a)
{
	return memcmp(a->b, four_prefix, sizeof four_prefix) == 0;
}

bool
address_is_loopback(const struct address *a)
{
	static const struct address six = { .b = { [15] = 1 } };

	return address_is_four(a) ? a->b[12] == 127 : memcmp(a, &six, sizeof six) == 0;
}

int
address_read(struct span text, struct address *a)
{
	char copy[ADDRESS_TEXT_MAX];
	struct address got;

	if (span_copy(text, copy, sizeof copy))
		return -1;
	memcpy(got.b, four_prefix, sizeof four_prefix);
	if (inet_pton(AF_INET, copy, got.b + sizeof four_prefix) != 1 && inet_pton(AF_INET6, copy, got.b) != 1)
		return -1;
	*a = got;
	return 0;
}

void
address_print(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
	if (address_is_four(a))
		(void)inet_ntop(AF_INET, a->b + sizeof four_prefix, out, ADDRESS_TEXT_MAX); /* it fits */
	else
		(void)inet_ntop(AF_INET6, a->b, out, ADDRESS_TEXT_MAX);
}

struct network
address_block(const struct address *a, unsigned bits)
{
	struct network n = { *a, (uint8_t)bits };

	for (unsigned i = 0; i < ADDRESS_BYTES; i++)
		if (bits < 8 * (i + 1))
			n.a.b[i] &= bits > 8 * i ? (uint8_t)(0xff00 >> (bits - 8 * i)) : 0;
	return n;
}

int
network_read(struct span text, struct network *n)
{
	struct network got = { .bits = ADDRESS_BITS }, block;
	struct span rest = text, address;
	uint64_t bits;

	if (!span_cut(&rest, '/', &address) || address_read(address, &got.a))
		return -1;
	if (rest.p) {
		unsigned before = address_is_four(&got.a) ? FOUR_PREFIX_BITS : 0;

		if (span_number(rest, ADDRESS_BITS - before, &bits))
			return -1;
		got.bits = (uint8_t)(before + bits);
	}
	block = address_block(&got.a, got.bits);
	if (memcmp(&block.a, &got.a, sizeof got.a) != 0)
		return -1;
	*n = got;
	return 0;
}

void
network_print(const struct network *n, char out[NETWORK_TEXT_MAX])
{
	char text[ADDRESS_TEXT_MAX];
	bool four = address_is_four(&n->a) && n->bits >= FOUR_PREFIX_BITS;

	address_print(&n->a, text);
	(void)snprintf(out, NETWORK_TEXT_MAX, n->bits == ADDRESS_BITS ? "%s" : "%s/%d", text,
		       four ? n->bits - FOUR_PREFIX_BITS : n->bits); /* it fits */
}

bool
network_has(const struct network *n, const struct address *a)
{
	struct network block = address_block(a, n->bits);

	return memcmp(&block.a, &n->a, sizeof block.a) == 0;
}
