#include "options.h"

#include <stdio.h>
#include <string.h>

#include "moment.h"

const char *
label_fault(struct span label)
{
	if (label.len == 0 || label.len > USERDB_LABEL_MAX)
		return "the label is empty or longer than 64 octets; write another";
	for (size_t i = 0; i < label.len; i++)
		if (label.p[i] <= 0x20 || label.p[i] >= 0x7f || label.p[i] == ',' || label.p[i] == '=')
			return "the label has a space, a comma, a = or something that is not printable ASCII; write it "
			       "without";
	return NULL;
}

const char *
options_add_mechanism(struct options *o, struct span name)
{
	for (unsigned i = 0; i < USERDB_BY_COUNT; i++)
		if (span_is_nocase(name, userdb_by_name(i))) {
			o->mechanisms |= (uint16_t)(1U << i);
			return NULL;
		}
	return "an unknown mechanism; write by= with pass, plain, login, apop, cram-md5, scram-sha-1, scram-sha-256, "
	       "oauthbearer, xoauth2 or external";
}

const char *
options_add_network(struct options *o, struct span text)
{
	struct network n;

	if (network_read(text, &n))
		return "from= is no address and no block of them like 10.0.0.0/8; write one";
	if (o->networks_len == sizeof o->networks)
		return "from= more than 8 times; write larger blocks";
	o->networks[o->networks_len] = n.bits;
	memcpy(o->networks + o->networks_len + 1, n.a.b, sizeof n.a.b);
	o->networks_len += USERDB_NETWORK_BYTES;
	return NULL;
}

static bool
is(struct span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

static const char *
option_fault(struct span key, struct span value, struct options *o)
{
	if (is(key, "disabled") && value.p == NULL) {
		o->disabled = true;
	} else if (value.p == NULL) {
		return "an unknown option; write disabled, label=, created=, expires=, by= or from=";
	} else if (is(key, "label")) {
		if (o->labelled)
			return "label= more than once; write a line for each";
		o->labelled = true;
		o->label = value;
		return value.len ? label_fault(value) : NULL;
	} else if (is(key, "created")) {
		return moment_read(value, &o->created) ? "created= is no time like 2026-11-25T04:10:00Z; write one"
						       : NULL;
	} else if (is(key, "expires")) {
		return moment_read(value, &o->expires) ? "expires= is no time like 2026-11-25T04:10:00Z; write one"
						       : NULL;
	} else if (is(key, "by")) {
		return options_add_mechanism(o, value);
	} else if (is(key, "from")) {
		return options_add_network(o, value);
	} else {
		return "an unknown option; write disabled, label=, created=, expires=, by= or from=";
	}
	return NULL;
}

const char *
options_fault(struct span field, struct options *o)
{
	struct span option, key;
	const char *fault;

	memset(o, 0, sizeof *o);
	while (field.len && span_cut(&field, ',', &option)) {
		(void)span_cut(&option, '=', &key); /* there is always a first piece */
		if ((fault = option_fault(key, option, o)) != NULL)
			return fault;
		if (field.p && field.len == 0)
			return "a comma at the end; write another option behind it, or remove it";
	}
	if (o->mechanisms == 0)
		o->mechanisms = USERDB_BY_ALL;
	return NULL;
}

/* Append ",KEY=VALUE"; everything fits, by the sizes of what the parser lets in. */
static void
append(char out[OPTIONS_TEXT_MAX], const char *key, const char *value)
{
	size_t n = strlen(out);

	(void)snprintf(out + n, OPTIONS_TEXT_MAX - n, "%s%s%s", n ? "," : "", key, value);
}

void
options_print(const struct options *o, char out[OPTIONS_TEXT_MAX])
{
	char text[USERDB_LABEL_MAX + 1];

	out[0] = '\0';
	if (o->labelled && span_copy(o->label, text, sizeof text) == 0)
		append(out, "label=", text);
	if (o->disabled)
		append(out, "disabled", "");
	if (o->created) {
		moment_print(o->created, text);
		append(out, "created=", text);
	}
	if (o->expires) {
		moment_print(o->expires, text);
		append(out, "expires=", text);
	}
	for (unsigned i = 0; o->mechanisms != USERDB_BY_ALL && i < USERDB_BY_COUNT; i++)
		if (o->mechanisms & 1U << i)
			append(out, "by=", userdb_by_name(i));
	for (size_t at = 0; at < o->networks_len; at += USERDB_NETWORK_BYTES) {
		struct network n = { .bits = o->networks[at] };

		memcpy(n.a.b, o->networks + at + 1, sizeof n.a.b);
		network_print(&n, text);
		append(out, "from=", text);
	}
}
