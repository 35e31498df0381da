/* start: make a process of a room: already unprivileged, with exactly the descriptors of its row. */
#ifndef START_H
#define START_H

#include <sys/types.h>

#include "config.h"

/* Open the executable of a room, NAME beneath the directory rooms; dies when it cannot be trusted: not a regular
 * file, or one that others than root (or, without root, ourselves) can write. */
int room_open(int rooms, const char *name);

enum { NUMBER_MAX = 24 }; /* octets of a number as an argument */

struct room {
	int executable;            /* from room_open */
	const struct account *who; /* NULL: stay who we are (without root) */
	int root;                  /* its root directory; -1: the one we have */
	const int *descriptors;    /* descriptors[i] becomes i there; each is i itself or above FD_ROOM */
	int count;
	const int *files; /* descriptors above FD_ROOM that stay where they are, in ascending order; NULL: none */
	unsigned file_count;
	int awaits; /* 0: it starts at once.  A socket: it is parked until there is something to read; see room_start */
	char *told; /* NUMBER_MAX octets among its arguments for what is read then; NULL: it is left to the room */
	unsigned deadline; /* seconds after which the kernel ends it, whatever it does */
	char *const *arguments;
};

/* Start r in a child.  Returns its pid; dies if there can be none.
 * One that is to be parked is a copy of this process until it executes the room, but has the room's uid, its root
 * directory and its descriptors already, and does nothing but wait; when the other end of what it awaits is closed, it
 * ends. */
pid_t room_start(const struct room *r);
/* Become r, in this process.  Does not return. */
void room_become(const struct room *r) __attribute__((noreturn));

#endif
