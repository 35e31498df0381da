/* table: sizes and unique-ids as pop3d reads them: RECORD_BYTES for each message, sealed for ever. */
#ifndef TABLE_H
#define TABLE_H

#include "maildir.h"
#include "sink.h"
#include "unique.h"

/* Add a record for each message of the list, and its octets to *octets. */
void records_put(struct sink *s, const struct list *l, const struct unique_ids *ids, uint64_t *octets);
/* Write it to FD_TABLE.  Returns 0, or -1 with errno. */
int table_write(const struct list *l, uint64_t *octets);

#endif
