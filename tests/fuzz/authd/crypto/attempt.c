/* authd-crypto's one attempt: any datagrams, with a database of one user, whose secrets are known.  Nothing makes a verdict. */
#define FORMS true
#include "../attempt.c"
