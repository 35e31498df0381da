/* log: one line for each event, "pop3d: EVENT key=value ...", as filters and eyes expect it.
 * Values are percent-escaped outside 0x21..0x7E, so no value can start a new field or line;
 * a long value is cut and ends in "...", so that no value, however long, pushes the reason out of its line. */
#ifndef LOG_H
#define LOG_H

#include "msg.h"

enum {
	LOG_LINE_MAX = 900,
	LOG_VALUE_MAX = 250, /* of one value, escaped */
	LOG_HOST_MAX = 100,  /* of a host that a client asked for: two more long values and all others fit beside it */
};

struct logline {
	char b[LOG_LINE_MAX];
	size_t n;
};

/* Start a line for one of the events fail, login, end, alarm. */
void log_start(struct logline *l, const char *event);
/* Add " key=value"; an empty value is written as "-". */
void log_span(struct logline *l, const char *key, struct span value);
void log_text(struct logline *l, const char *key, const char *value);
void log_number(struct logline *l, const char *key, uint64_t value);
/* Add the client's TLS: " tls=-", or " tls=VERSION cipher=NAME sni=NAME". */
void log_tls(struct logline *l, const struct facts_text *tls);
/* Add " key=a/b". */
void log_pair(struct logline *l, const char *key, uint64_t a, uint64_t b);
/* Write the line to descriptor 2, in one write. */
void log_send(struct logline *l);

#endif
