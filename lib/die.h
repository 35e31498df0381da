/* die: leave with one line in the log and the status that says whose fault it was. */
#ifndef DIE_H
#define DIE_H

enum {
	EXIT_USAGE = 100,  /* the administrator must change something */
	EXIT_BUG = 101,    /* our own impossible state */
	EXIT_PEER = 102,   /* another room broke the contract: treat it as taken over */
	EXIT_SYSTEM = 111, /* the system failed us; trying later may work */
};

#define DIE __attribute__((noreturn, format(printf, 1, 2)))

/* Name the program and its session in every line of this process ("-" before there is a session). */
void die_program(const char *program);
void die_session(const char *sid);
/* Is descriptor 2 a datagram socket?  Then it is syslog's, and lines get its priority. */
void die_look_at_log(void);
/* From now on die_bug and die_peer end with EXIT_SYSTEM: for an interface that has no such statuses, and takes them for
 * something else. */
void die_for_interface(void);

DIE void die_usage(const char *format, ...);
DIE void die_bug(const char *format, ...);
DIE void die_peer(const char *format, ...);
/* Adds the text of errno. */
DIE void die_sys(const char *format, ...);
/* The same line, and go on. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

const char *die_sid(void);
/* "<22>" (facility mail, level info) when the log is syslog's, otherwise nothing. */
const char *die_priority(void);

#endif
