/* An authd-crypto that has been taken over. */
#define CRYPTO
#include "authd.c"
