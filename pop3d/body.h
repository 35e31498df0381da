/* body: a message from its descriptor to the client: whole, or not as if it were. */
#ifndef BODY_H
#define BODY_H

#include "session.h"

/* Send the first size bytes of fd, and the end marker in the same write as the last of them.  Returns DONE, or BROKEN
 * when that would not be exactly the octets announced: then the end marker is not sent, and the session must end. */
enum event body_send(struct session *s, int fd, uint64_t size, uint64_t octets);
/* The same for its header, the blank line and so many lines of its body (RFC 1939 section 7).  *octets counts them. */
enum event body_send_top(struct session *s, int fd, uint64_t size, uint64_t lines, uint64_t *octets);

#endif
