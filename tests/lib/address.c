/* Addresses and blocks, as people write them and as they should not. */
#include "address.h"

#include <string.h>

#include "../check.h"

static void
is(const char *text, const char *wanted)
{
	char out[ADDRESS_TEXT_MAX];
	struct address a;

	CHECK_EQ(address_read(span_of(text), &a), 0);
	address_print(&a, out);
	CHECK(!strcmp(out, wanted));
}

static void
is_network(const char *text, const char *wanted, unsigned bits)
{
	char out[NETWORK_TEXT_MAX];
	struct network n;

	CHECK_EQ(network_read(span_of(text), &n), 0);
	CHECK_EQ(n.bits, bits);
	network_print(&n, out);
	CHECK(!strcmp(out, wanted));
}

static bool
has(const char *network, const char *address)
{
	struct network n;
	struct address a;

	CHECK(!network_read(span_of(network), &n) && !address_read(span_of(address), &a));
	return network_has(&n, &a);
}

static void
block(const char *address, unsigned bits, const char *wanted)
{
	char out[NETWORK_TEXT_MAX];
	struct network n;
	struct address a;

	CHECK(!address_read(span_of(address), &a));
	n = address_block(&a, bits);
	network_print(&n, out);
	CHECK(!strcmp(out, wanted));
}

int
main(void)
{
	static const char *const none[] = {
		"",         "-",        "1.2.3", "1.2.3.256", "1.2.3.4 ",
		"::ffff:g", "1.2.3.4.", ":::",   "0x1.2.3.4", "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19"
	};
	static const char *const none_network[] = {
		"10.0.0.0/33",    "10.0.0.1/8",     "10.0.0.0/",    "10.0.0.0/x", "10/8",
		"2001:db8::/129", "2001:db8::1/64", "10.0.0.0/8/8", "/8",         ""
	};
	struct address a;
	struct network n;

	is("192.0.2.1", "192.0.2.1");
	is("::ffff:192.0.2.1", "192.0.2.1");
	is("2001:DB8:0::1", "2001:db8::1");
	is("::", "::");
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		CHECK_EQ(address_read(span_of(none[i]), &a), -1);
	is_network("10.0.0.0/8", "10.0.0.0/8", 104);
	is_network("0.0.0.0/0", "0.0.0.0/0", 96);
	is_network("192.0.2.1", "192.0.2.1", 128);
	is_network("2001:db8::/32", "2001:db8::/32", 32);
	is_network("::/0", "::/0", 0);
	for (size_t i = 0; i < sizeof none_network / sizeof none_network[0]; i++)
		CHECK_EQ(network_read(span_of(none_network[i]), &n), -1);
	CHECK(has("10.0.0.0/8", "10.255.0.1") && !has("10.0.0.0/8", "11.0.0.0"));
	CHECK(has("192.0.2.128/25", "192.0.2.129") && !has("192.0.2.128/25", "192.0.2.127"));
	CHECK(has("2001:db8::/33", "2001:db8:7fff::") && !has("2001:db8::/33", "2001:db8:8000::"));
	CHECK(has("::/0", "10.0.0.1") && !has("0.0.0.0/0", "2001:db8::1"));
	CHECK(has("192.0.2.1", "192.0.2.1") && !has("192.0.2.1", "192.0.2.2"));
	block("2001:db8:1:2:3::4", 64, "2001:db8:1:2::/64");
	block("2001:db8:1:2:3::4", 48, "2001:db8:1::/48");
	block("192.0.2.77", 128, "192.0.2.77");
	block("192.0.2.77", 96 + 25, "192.0.2.0/25");
	return check_end();
}
