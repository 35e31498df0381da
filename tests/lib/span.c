#include "span.h"

#include <string.h>

#include "check.h"

static void
numbers(void)
{
	uint64_t n = 7;

	CHECK_EQ(span_number(span_of("0"), 10, &n), 0);
	CHECK_EQ(n, 0);
	CHECK_EQ(span_number(span_of("10"), 10, &n), 0);
	CHECK_EQ(n, 10);
	CHECK_EQ(span_number(span_of("007"), 10, &n), 0);
	CHECK_EQ(n, 7);
	CHECK_EQ(span_number(span_of("11"), 10, &n), -1);
	CHECK_EQ(n, 7); /* written on success alone */
	CHECK_EQ(span_number(span_of("9"), 5, &n), -1);
	CHECK_EQ(span_number(span_of(""), 10, &n), -1);
	CHECK_EQ(span_number(span_of("2x"), 10, &n), -1);
	CHECK_EQ(span_number(span_of(" 2"), 10, &n), -1);
	CHECK_EQ(span_number(span_of("-1"), 10, &n), -1);
	CHECK_EQ(span_number(span_of("18446744073709551615"), UINT64_MAX, &n), 0);
	CHECK(n == UINT64_MAX);
	CHECK_EQ(span_number(span_of("18446744073709551616"), UINT64_MAX, &n), -1);
	CHECK_EQ(span_number(span_of("4294967298"), UINT32_MAX, &n), -1);
}

static void
cuts(void)
{
	struct span rest = span_of("a::b"), f;
	char to[4];

	CHECK(span_cut(&rest, ':', &f) && f.len == 1 && f.p[0] == 'a');
	CHECK(span_cut(&rest, ':', &f) && f.len == 0);
	CHECK(span_cut(&rest, ':', &f) && f.len == 1 && f.p[0] == 'b');
	CHECK(!span_cut(&rest, ':', &f));
	rest = span_of("");
	CHECK(span_cut(&rest, ':', &f) && f.len == 0);
	CHECK(!span_cut(&rest, ':', &f));
	CHECK_EQ(span_copy(span_of("abc"), to, sizeof to), 0);
	CHECK(strcmp(to, "abc") == 0);
	CHECK_EQ(span_copy(span_of("abcd"), to, sizeof to), -1);
	CHECK_EQ(span_copy((struct span){ (const uint8_t *)"a\0b", 3 }, to, sizeof to), -1);
	CHECK_EQ(span_copy((struct span){ NULL, 0 }, to, sizeof to), 0);
}

int
main(void)
{
	numbers();
	cuts();
	CHECK(span_is_nocase(span_of("QuIt"), "QUIT"));
	CHECK(!span_is_nocase(span_of("QUI"), "QUIT"));
	CHECK(!span_is_nocase(span_of("QUI\xd4"), "QUIT"));
	return check_end();
}
