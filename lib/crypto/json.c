#include "json.h"

#include <sodium.h>
#include <string.h>

json_t *
json_read(struct span text)
{
	json_t *value;

	/* Left alone, jansson would look for a random number in a file.  It takes the first that is not 0, once. */
	json_object_seed(randombytes_random() | 1);
	value = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
	if (value && !json_is_object(value)) {
		json_decref(value);
		value = NULL;
	}
	return value;
}

static struct span
text_of(const json_t *value)
{
	if (!json_is_string(value))
		return (struct span){ NULL, 0 };
	return (struct span){ (const uint8_t *)json_string_value(value), json_string_length(value) };
}

struct span
json_text(const json_t *object, const char *name)
{
	return text_of(json_object_get(object, name));
}

bool
json_is(const json_t *value, struct span text)
{
	struct span s = text_of(value);

	return s.p && s.len == text.len && memcmp(s.p, text.p, s.len) == 0;
}

int
json_octets(struct span text, uint8_t *out, size_t room, size_t *len)
{
	if (text.p == NULL)
		return -1;
	return sodium_base642bin(out, room, (const char *)text.p, text.len, NULL, len, NULL,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING)
		   ? -1
		   : 0;
}
