/* reply: the only writer to the client. */
#ifndef REPLY_H
#define REPLY_H

#include "session.h"

void reply_greeting(struct session *s);
/* "+OK text" and "-ERR text"; text is ours, never the client's, and begins with '[' only for a response code
 * (RFC 2449 section 8). */
void reply_ok(struct session *s, const char *text);
void reply_err(struct session *s, const char *text);
/* Pieces of longer replies. */
void reply_text(struct session *s, const char *text);
void reply_span(struct session *s, struct span bytes);
void reply_upper(struct session *s, const char *text);
void reply_number(struct session *s, uint64_t n);
/* The line "." that ends a multi-line reply. */
void reply_dot(struct session *s);
/* Room for n more bytes (n <= OUT_BYTES): writes what waits if it must.  Returns where they go, or NULL when the
 * client has gone or does not read. */
uint8_t *reply_room(struct session *s, size_t n);
void reply_added(struct session *s, size_t n);
/* Write everything that waits.  Returns 0, or -1 when the client has gone or does not read. */
int reply_flush(struct session *s);
/* Has the client's side of the network everything we wrote?  Waits for it.  Returns 0, or -1 if it never will. */
int reply_drain(struct session *s);
/* Read away what a rude client still sends, so that closing does not destroy the reply on its way. */
void reply_linger(void);

#endif
