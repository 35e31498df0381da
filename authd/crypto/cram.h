/* cram: CRAM-MD5 (RFC 2195). */
#ifndef CRAM_H
#define CRAM_H

#include "../attempt.h"

enum step cram_md5_step(struct attempt *a, bool given, struct span response);

#endif
