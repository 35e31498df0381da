#define _DEFAULT_SOURCE
#include "log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "die.h"

/* Keep one byte for the line end. */
static void
add(struct logline *l, const char *s, size_t n)
{
	if (n < sizeof l->b - 1 - l->n) {
		memcpy(l->b + l->n, s, n);
		l->n += n;
	}
}

void
log_start(struct logline *l, const char *event)
{
	int n = snprintf(l->b, sizeof l->b, "%spop3d: %s", die_priority(), event);

	l->n = n > 0 ? (size_t)n : 0;
}

/* Escaped, most characters at most. */
static void
value_add(struct logline *l, const char *key, struct span value, size_t most)
{
	static const char hex[] = "0123456789ABCDEF";
	char field[64 + LOG_VALUE_MAX];
	int start = snprintf(field, 32, " %s=", key);
	size_t n = start > 0 ? (size_t)start : 0, end = n + most - 6; /* room for one escape and "..." */

	if (value.len == 0)
		field[n++] = '-';
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.p[i];

		if (n > end) {
			memcpy(field + n, "...", 3);
			n += 3;
			break;
		}
		if (c > 0x20 && c < 0x7f && c != '%') {
			field[n++] = (char)c;
		} else {
			field[n++] = '%';
			field[n++] = hex[c >> 4];
			field[n++] = hex[c & 15];
		}
	}
	add(l, field, n);
}

void
log_span(struct logline *l, const char *key, struct span value)
{
	value_add(l, key, value, LOG_VALUE_MAX);
}

void
log_text(struct logline *l, const char *key, const char *value)
{
	log_span(l, key, span_of(value));
}

void
log_number(struct logline *l, const char *key, uint64_t value)
{
	char field[64];
	int n = snprintf(field, sizeof field, " %s=%llu", key, (unsigned long long)value);

	add(l, field, n > 0 ? (size_t)n : 0);
}

void
log_tls(struct logline *l, const struct facts_text *tls)
{
	log_text(l, "tls", tls_version_name(tls->version));
	if (tls->version == 0)
		return;
	log_text(l, "cipher", tls->cipher);
	value_add(l, "sni", span_of(tls->server_name), LOG_HOST_MAX);
}

void
log_pair(struct logline *l, const char *key, uint64_t a, uint64_t b)
{
	char field[80];
	int n = snprintf(field, sizeof field, " %s=%llu/%llu", key, (unsigned long long)a, (unsigned long long)b);

	add(l, field, n > 0 ? (size_t)n : 0);
}

void
log_send(struct logline *l)
{
	l->b[l->n++] = '\n';
	(void)!write(2, l->b, l->n); /* a log that cannot be written is no reason to stop serving mail */
}
