#include "crlf.h"

#include <string.h>

void
crlf_start(struct crlf *c)
{
	*c = (struct crlf){ '\n', 0 };
}

void
crlf_count(struct crlf *c, const uint8_t *in, size_t n)
{
	const uint8_t *p = in, *end = in + n, *lf;

	c->octets += n;
	while (p < end && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if ((lf > in ? lf[-1] : c->last) != '\r')
			c->octets++;
		p = lf + 1;
	}
	if (n)
		c->last = end[-1];
}

size_t
crlf_convert(struct crlf *c, const uint8_t *in, size_t n, uint8_t *out)
{
	const uint8_t *p = in, *end = in + n;
	uint8_t *o = out;

	while (p < end) {
		const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));
		const uint8_t *stop = lf ? lf : end;
		size_t len = (size_t)(stop - p);

		if (c->last == '\n' && *p == '.')
			*o++ = '.';
		if (len) {
			memcpy(o, p, len);
			o += len;
			c->octets += len;
			c->last = stop[-1];
		}
		if (lf == NULL)
			break;
		if (c->last != '\r') {
			*o++ = '\r';
			c->octets++;
		}
		*o++ = '\n';
		c->octets++;
		c->last = '\n';
		p = lf + 1;
	}
	return (size_t)(o - out);
}

size_t
crlf_end(struct crlf *c)
{
	if (c->last == '\n')
		return 0;
	c->octets += 2;
	return 2;
}
