/* RFC 4648's vectors; every other way to write the same octets is refused. */
#include "base64.h"

#include <string.h>

#include "../check.h"

static uint8_t out[512];
static size_t len;

static bool
pair(const char *octets, const char *text)
{
	size_t n = base64_put(span_of(octets), out);

	if (n != strlen(text) || memcmp(out, text, n))
		return false;
	if (base64_get(span_of(text), out, strlen(octets), &len))
		return false;
	if (len && base64_get(span_of(text), out, len - 1, &len) == 0)
		return false;
	return len == strlen(octets) && memcmp(out, octets, len) == 0;
}

static int
get(const char *text)
{
	return base64_get(span_of(text), out, sizeof out, &len);
}

static void
test_every_octet(void)
{
	uint8_t all[256], text[BASE64_LENGTH(256)];
	size_t n;

	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (uint8_t)(i * 167);
	for (size_t i = 0; i <= sizeof all; i++) {
		n = base64_put((struct span){ all, i }, text);
		CHECK_EQ(n, BASE64_LENGTH(i));
		CHECK_EQ(base64_get((struct span){ text, n }, out, sizeof out, &len), 0);
		CHECK(len == i && memcmp(out, all, i) == 0);
	}
}

/* Of all texts of four letters that end in "A", "=" or "==", one is read for each of the octets it can mean. */
static void
test_one_text_for_each(void)
{
	char text[5] = "AAAA";
	int good[3] = { 0 };

	for (int a = 1; a < 256; a++)
		for (int b = 1; b < 256; b++) {
			memcpy(text, (char[]){ (char)a, (char)b, '=', '=' }, 4);
			good[0] += get(text) == 0;
			memcpy(text, (char[]){ 'A', (char)a, (char)b, '=' }, 4);
			good[1] += get(text) == 0;
			memcpy(text, (char[]){ 'A', 'A', (char)a, (char)b }, 4);
			good[2] += get(text) == 0;
		}
	CHECK_EQ(good[0], 64 * 4);
	CHECK_EQ(good[1], 64 * 16 + 4); /* "AA==" and three more */
	CHECK_EQ(good[2], 64 * 64 + 16 + 1);
}

int
main(void)
{
	static const char *const bad[] = { "Z",       "Zg",   "Zg=",         "Zg===", "Zm9v=",  "Zm9vYg",
					   "Zm9vYg=", "=",    "==",          "====",  "A===",   "Zg==Zg==",
					   "Zh==",    "Zm9=", " Zg==",       "Zg== ", "Zg\r\n", "Zm9v\n",
					   "Zm-_",    "Z=g=", "Zm9v\x80m9v", "*" };

	CHECK(pair("", "") && pair("f", "Zg==") && pair("fo", "Zm8=") && pair("foo", "Zm9v"));
	CHECK(pair("foob", "Zm9vYg==") && pair("fooba", "Zm9vYmE=") && pair("foobar", "Zm9vYmFy"));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_EQ(get(bad[i]), -1);
	CHECK_EQ(base64_get((struct span){ (const uint8_t *)"Zm\0v", 4 }, out, sizeof out, &len), -1);
	test_every_octet();
	test_one_text_for_each();
	return check_end();
}
