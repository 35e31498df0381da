#include "saslname.h"

#include <string.h>

#include "../utf8.h"

int
saslname_read(struct span text, uint8_t out[USER_MAX], size_t *len)
{
	*len = 0;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];

		if (c == '=') {
			if (text.len - i < 3)
				return -1;
			if (memcmp(text.p + i + 1, "2C", 2) == 0)
				c = ',';
			else if (memcmp(text.p + i + 1, "3D", 2) != 0)
				return -1;
			i += 2;
		}
		if (c == '\0' || *len == USER_MAX)
			return -1;
		out[(*len)++] = c;
	}
	return *len && utf8_is_valid((struct span){ out, *len }) ? 0 : -1;
}
