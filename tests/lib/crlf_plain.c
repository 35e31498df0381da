/* The same test of the version in plain C, which no processor that we run on uses. */
#define NEWLINE_PLAIN
#define _GNU_SOURCE
#define crlf_start plain_start
#define crlf_count plain_count
#define crlf_convert plain_crlf
#define crlf_end plain_end
#include "../../lib/crlf.c" /* NOLINT: with these definitions */

#include "crlf.c" /* NOLINT: the test */
