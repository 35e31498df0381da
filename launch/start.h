/* start: make a process of a room: already unprivileged, with exactly the descriptors of its row. */
#ifndef START_H
#define START_H

#include <sys/types.h>

#include "config.h"

/* Open the executable of a room, NAME beneath the directory rooms; dies when it cannot be trusted: not a regular
 * file, or one that others than root (or, without root, ourselves) can write. */
int room_open(int rooms, const char *name);

struct room {
	int executable;            /* from room_open */
	const struct account *who; /* NULL: stay who we are (without root) */
	int root;                  /* its root directory; -1: the one we have */
	const int *descriptors;    /* descriptors[i] becomes i there; each is i itself or above FD_ROOM */
	int count;
	const int *files; /* descriptors above FD_ROOM that stay where they are, in ascending order; NULL: none */
	unsigned file_count;
	unsigned deadline; /* seconds after which the kernel ends it, whatever it does */
	char *const *arguments;
};

/* Start r in a child.  Returns its pid; dies if there can be none. */
pid_t room_start(const struct room *r);
/* Become r, in this process.  Does not return. */
void room_become(const struct room *r) __attribute__((noreturn));

#endif
