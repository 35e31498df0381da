/* algorithms: of OpenSSL's, only those that a connection can need. */
#ifndef ALGORITHMS_H
#define ALGORITHMS_H

/* Make them known, before anything else of OpenSSL is used.  Returns 0, or -1. */
int algorithms_start(void);

#endif
