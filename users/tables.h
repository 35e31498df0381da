/* tables: the files of DATA that authd and sallyport lock or write: slots, sessions, guesses and logins. */
#ifndef TABLES_H
#define TABLES_H

#include <stddef.h>

#include "table.h"
#include "userdb.h"

/* Make what is missing, and a larger table of logins when there are too many users for the old one.  Returns 0, or an
 * exit status after telling what is wrong. */
int tables_make(const char *data, size_t users, const uint8_t server[USERDB_SERVER_BYTES]);
/* Open the table NAME and the server secret that it is keyed with.  The same; *fd is to be closed. */
int tables_open(const char *data, const char *name, struct table *t, uint8_t server[USERDB_SERVER_BYTES], int *fd);
/* The server secret of the database in data, if it has one. */
bool server_secret_read(const char *data, uint8_t server[USERDB_SERVER_BYTES]);

#endif
