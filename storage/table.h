/* table: sizes and unique-ids as pop3d reads them: RECORD_BYTES for each message, sealed for ever. */
#ifndef TABLE_H
#define TABLE_H

#include "maildir.h"

/* Write it to FD_TABLE.  Returns 0, or -1 with errno. */
int table_write(const struct list *l, uint64_t *octets);

#endif
