/* attack: rooms that have been taken over.  Each executable of tests/walls is a room's own main.c, which starts and
 * boxes itself as ever, and then a script of the attacker's in the place of what the room would do.
 *
 * Two kinds of script commands: an attack of the table, which one wall or another must stop, and what a liar says to
 * the other rooms.  Everything is reported in the log, in lines that begin with "walls:". */
#ifndef ATTACK_H
#define ATTACK_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

/* What must come of an attack: an errno, or this. */
enum { KILLED = -1, ZERO = 0 };

enum care {
	PLAIN = 0,
	ALONE = 1, /* changes the process: nothing else may run after it */
	SAFE = 2,  /* harmless even when it succeeds: may be tried with a wall taken out, as root too */
};

struct attack {
	const char *name;
	int care; /* of enum care */
	int wanted;
	long call; /* a system call with these arguments, or */
	long a[6];
	long (*act)(void); /* several; the last one's result, or -1 with errno */
};

struct attacks {
	const struct attack *rows;
	size_t count;
};

#define ATTACKS(table)                                                                                                 \
	{                                                                                                              \
		table, sizeof(table) / sizeof(table)[0]                                                                \
	}
#define P(pointer) ((long)(uintptr_t)(pointer))
/* One system call, and several. */
#define CALL(name, wanted, ...)                                                                                        \
	{                                                                                                              \
		name, PLAIN, wanted, ARGUMENTS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0), NULL                                 \
	}
#define SAFE_CALL(name, wanted, ...)                                                                                   \
	{                                                                                                              \
		name, SAFE, wanted, ARGUMENTS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0), NULL                                  \
	}
#define ARGUMENTS(call, a, b, c, d, e, f, ...)                                                                         \
	call,                                                                                                          \
	{                                                                                                              \
		a, b, c, d, e, f                                                                                       \
	}
#define ACT(name, care, wanted, act)                                                                                   \
	{                                                                                                              \
		name, care, wanted, 0, { 0 }, act                                                                      \
	}

/* In an argument: the pid of sallyport, which becomes storage. */
enum { SIBLING = -7777777 };

/* Calls that no room may make; that only launch may; and that only rooms with files may. */
extern const struct attacks attacks_everywhere, attacks_rooms, attacks_fileless;

/* What a room adds to the commands below; false: no such command. */
typedef bool (*command_fn)(struct span verb, struct span rest);

/* Begin: sid is the session's, as the rooms have it; tables ends with NULL. */
void attack_begin(const char *room, const char *sid, const struct attacks *const *tables, command_fn more);
/* Obey commands that end in LF or ';':
 *	list		say which attacks there are, then run those that neither kill nor change the process
 *	attack N	run this one
 *	put BYTES	send a datagram
 *	flood N BYTES	send it N times, or until it will not go without waiting
 *	pass FD BYTES	send it with this descriptor
 *	pair FD BYTES	and with two copies of it
 *	get		wait for a datagram, and report it
 *	leave N, fall	end with this status; by a signal
 *	hang, spin	never end, and wait; or not even make a system call
 * BYTES are hexadecimal, in parts joined by dots; "00*252" is a part 252 times. */
void script_obey(struct span script);
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* BYTES as they are meant; how many. */
size_t bytes_read(struct span text, uint8_t *out, size_t room);
bool verb_is(struct span verb, const char *word);
/* The command of rooms that have more to write to than their channel: say BYTES, to fd.  False: it is another one. */
bool say_obey(int fd, struct span verb, struct span rest);
/* For rooms that may read: the first descriptor behind last that is open, all of which a room might have been left; -1 and
 * EBADF, if all is well. */
long descriptor_behind(int last);

#endif
