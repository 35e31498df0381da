/* double: messages that have the same base name, which no two should have. */
#ifndef DOUBLE_H
#define DOUBLE_H

#include "maildir.h"

/* Give each message whose base name an older one has a base name of its own, which is its unique-id: so that it keeps that
 * id when the older one has gone.  Where the Maildir cannot be written they keep their names, and unique_list gives them
 * the same ids for as long as the older one stays.  For a list that is measured, hidden messages and all; sorts it. */
void doubles_part(struct maildir *d);

#endif
