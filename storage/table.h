/* table: sizes and unique-ids as pop3d reads them: RECORD_BYTES for each message, sealed for ever. */
#ifndef TABLE_H
#define TABLE_H

#include "maildir.h"

/* Returns a descriptor, or -1 with errno. */
int table_make(const struct list *l, uint64_t *octets);

#endif
