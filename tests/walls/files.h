/* What tlsd and tlskey try with the files that they were left open, certificates and keys, and with whatever else. */
#ifndef WALLS_FILES_H
#define WALLS_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* These a room says: its last descriptor that is none of those files, and whether one that begins like this is. */
enum { FILE_BEGIN = 64 };
extern const int files_behind;
bool file_is_own(const char *begin, size_t n);

/* The first descriptor that is open and none of its own: -1 and EBADF, if all is well. */
long descriptor_left(void);
/* Write to the first file; at an offset; through memory. */
long file_write(void);
long file_write_at(void);
long file_map(void);

#endif
