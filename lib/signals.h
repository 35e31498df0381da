/* signals: what whoever started us had done to them goes on in us and in what we execute. */
#ifndef SIGNALS_H
#define SIGNALS_H

/* Default dispositions and an empty mask; SIGPIPE and SIGXFSZ ignored: a write that fails is to say so, not to end us. */
void signals_settle(void);
/* No signal is blocked: a deadline is a SIGALRM of the kernel's. */
void signals_unblock(void);

#endif
