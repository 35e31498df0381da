/* Wiped means every octet of it. */
#include "secret.h"

#include <string.h>

#include "../check.h"

int
main(void)
{
	static struct secret s;
	const unsigned char *p = (const unsigned char *)&s;
	size_t left = 0;

	memset(&s, 0xa5, sizeof s);
	secret_wipe(&s);
	for (size_t i = 0; i < sizeof s; i++)
		left += p[i] != 0;
	CHECK_EQ(left, 0);
	return check_end();
}
