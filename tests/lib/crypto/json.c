#include "json.h"

#include <string.h>

#include "../../check.h"

static bool
reads(const char *text)
{
	json_t *value = json_read(span_of(text));
	bool good = value != NULL;

	json_decref(value);
	return good;
}

static void
test_objects_alone(void)
{
	CHECK(reads("{}"));
	CHECK(reads(" {\"a\": [1, 2.5, {\"a\": null}]}\n"));
	CHECK(!reads(""));
	CHECK(!reads("[]"));
	CHECK(!reads("\"a\""));
	CHECK(!reads("{} {}"));
	CHECK(!reads("{}x"));
	CHECK(!reads("{\"a\":1,}"));
	CHECK(!reads("{a:1}"));
	CHECK(!reads("{\"a\":01}"));
	CHECK(!reads("{\"a\":1e999}"));
	CHECK(!reads("{\"a\":99999999999999999999}"));
	CHECK(!reads("\xef\xbb\xbf{}")); /* a byte order mark */
}

/* Who reads the first of two and who reads the last would see two texts. */
static void
test_names_once(void)
{
	CHECK(!reads("{\"a\":1,\"a\":1}"));
	CHECK(!reads("{\"a\":1,\"\\u0061\":1}"));
	CHECK(!reads("{\"a\":{\"b\":1,\"b\":2}}"));
	CHECK(reads("{\"a\":{\"a\":1}}"));
}

static void
test_characters(void)
{
	CHECK(reads("{\"a\":\"\xc3\xa9\"}"));
	CHECK(!reads("{\"a\":\"\xe9\"}"));
	CHECK(!reads("{\"a\":\"\xc0\xaf\"}"));
	CHECK(!reads("{\"a\":\"\\ud800\"}"));
	CHECK(!reads("{\"a\":\"\\u0000\"}"));
	CHECK(!reads("{\"a\":\"\n\"}"));
	CHECK(json_read((struct span){ (const uint8_t *)"{}\0", 3 }) == NULL);
}

/* As deep as a token has room for: refused, and without an end of the stack. */
static void
test_depth(void)
{
	static char text[9216 + 1];

	memset(text, '[', 9216);
	CHECK(!reads(text));
	for (size_t i = 0; i + 5 <= 9216; i += 5)
		memcpy(text + i, "{\"a\":", 5);
	CHECK(!reads(text));
}

static void
test_values(void)
{
	json_t *value = json_read(span_of("{\"s\":\"text\",\"n\":1,\"e\":\"\"}"));

	CHECK_EQ(json_text(value, "s").len, 4);
	CHECK(json_text(value, "n").p == NULL);
	CHECK(json_text(value, "x").p == NULL);
	CHECK(json_text(value, "e").p != NULL && json_text(value, "e").len == 0);
	CHECK(json_is(json_object_get(value, "s"), span_of("text")));
	CHECK(!json_is(json_object_get(value, "s"), span_of("texts")));
	CHECK(!json_is(json_object_get(value, "n"), span_of("1")));
	CHECK(!json_is(NULL, span_of("")));
	json_decref(value);
}

static void
test_octets(void)
{
	uint8_t out[4];
	size_t len;

	CHECK(json_octets(span_of("-_8"), out, sizeof out, &len) == 0 && len == 2 && out[0] == 0xfb && out[1] == 0xff);
	CHECK(json_octets(span_of(""), out, sizeof out, &len) == 0 && len == 0);
	CHECK(json_octets(span_of("-_9"), out, sizeof out, &len)); /* a bit that is of no octet */
	CHECK(json_octets(span_of("-_8="), out, sizeof out, &len));
	CHECK(json_octets(span_of("+/8"), out, sizeof out, &len));
	CHECK(json_octets(span_of("-_8 "), out, sizeof out, &len));
	CHECK(json_octets(span_of("A"), out, sizeof out, &len));
	CHECK(json_octets(span_of("AAAAAAA"), out, sizeof out, &len)); /* no room */
	CHECK(json_octets((struct span){ NULL, 0 }, out, sizeof out, &len));
}

int
main(void)
{
	test_objects_alone();
	test_names_once();
	test_characters();
	test_depth();
	test_values();
	test_octets();
	return check_end();
}
