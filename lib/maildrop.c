#include "maildrop.h"

#include <string.h>

const char *
maildrop_form_fault(const char *form)
{
	if (strncmp(form, "~/", 2) == 0 || (form[0] == '/' && strstr(form, "%u")))
		return NULL;
	return "must begin with ~/, or be an absolute path with %u in it";
}

size_t
maildrop_by_form(const char *form, struct span name, struct span home, uint8_t out[MAILDROP_FORM_MAX])
{
	size_t n = 0;

	if (form[0] == '~') {
		if (home.len >= MAILDROP_MAX)
			return MAILDROP_MAX;
		if (home.len)
			memcpy(out, home.p, home.len);
		n = home.len;
		form++;
	}
	for (; *form && n < MAILDROP_MAX; form++)
		if (form[0] == '%' && form[1] == 'u') {
			memcpy(out + n, name.p, name.len);
			n += name.len;
			form++;
		} else {
			out[n++] = (uint8_t)*form;
		}
	return n;
}
