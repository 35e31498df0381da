#include "secret.h"

#include <sodium.h>

void
secret_wipe(struct secret *s)
{
	sodium_memzero(s, sizeof *s);
}
