#include "scramtext.h"

#include <string.h>

#include "saslname.h"

/* Cut "x=VALUE," off the front of *rest, where x is the letter. */
static int
value_cut(struct span *rest, char letter, struct span *value)
{
	struct span field;

	if (!span_cut(rest, ',', &field) || field.len < 2 || field.p[0] != letter || field.p[1] != '=')
		return -1;
	*value = (struct span){ field.p + 2, field.len - 2 };
	return 0;
}

/* printable: ASCII without space and comma. */
static bool
is_nonce(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e || s.p[i] == ',')
			return false;
	return s.len > 0;
}

/* Attributes that we do not know, "x=VALUE": to be passed over, and that alone. */
static bool
are_extensions(struct span rest)
{
	struct span field;

	while (span_cut(&rest, ',', &field))
		if (field.len < 3 || field.p[1] != '=' || field.p[0] == 'm' ||
		    !((field.p[0] >= 'a' && field.p[0] <= 'z') || (field.p[0] >= 'A' && field.p[0] <= 'Z')))
			return false;
	return true;
}

/* gs2-cbind-flag: "n", "y" or "p=TYPE", where a type is of letters, digits, "." and "-". */
static int
flag_read(struct span text, struct scram_first *f)
{
	if (text.len == 0)
		return -1;
	f->flag = (char)text.p[0];
	f->binding = (struct span){ NULL, 0 };
	if (f->flag != 'p')
		return text.len == 1 && (f->flag == 'n' || f->flag == 'y') ? 0 : -1;
	if (text.len < 3 || text.p[1] != '=')
		return -1;
	f->binding = (struct span){ text.p + 2, text.len - 2 };
	for (size_t i = 0; i < f->binding.len; i++) {
		uint8_t c = f->binding.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && c != '.' &&
		    c != '-')
			return -1;
	}
	return 0;
}

int
scram_first_read(struct span text, struct scram_first *f)
{
	struct span rest = text, flag, authzid, name;

	f->authzid_len = 0;
	if (text.len > SCRAM_FIRST_MAX || !span_cut(&rest, ',', &flag) || flag_read(flag, f) ||
	    !span_cut(&rest, ',', &authzid) || rest.p == NULL)
		return -1;
	if (authzid.len &&
	    (authzid.len < 3 || authzid.p[0] != 'a' || authzid.p[1] != '=' ||
	     saslname_read((struct span){ authzid.p + 2, authzid.len - 2 }, f->authzid, &f->authzid_len)))
		return -1;
	f->header = (struct span){ text.p, (size_t)(rest.p - text.p) };
	f->bare = rest;
	/* "m=", which RFC 5802 reserves for extensions that must be understood, is not "n=". */
	if (value_cut(&rest, 'n', &name) || saslname_read(name, f->name, &f->name_len) ||
	    value_cut(&rest, 'r', &f->nonce) || !is_nonce(f->nonce) || f->nonce.len > SCRAM_NONCE_MAX)
		return -1;
	return rest.p == NULL || (rest.len && are_extensions(rest)) ? 0 : -1;
}

int
scram_final_read(struct span text, struct scram_final *f)
{
	struct span rest = text;
	size_t at = text.len;

	if (text.len > SCRAM_FINAL_MAX)
		return -1;
	while (at && text.p[at - 1] != ',')
		at--;
	if (at == 0)
		return -1;
	f->before = (struct span){ text.p, at - 1 };
	f->proof = (struct span){ text.p + at, text.len - at };
	if (f->proof.len < 3 || f->proof.p[0] != 'p' || f->proof.p[1] != '=')
		return -1;
	f->proof = (struct span){ f->proof.p + 2, f->proof.len - 2 };
	rest = f->before;
	if (value_cut(&rest, 'c', &f->binding) || f->binding.len == 0 || value_cut(&rest, 'r', &f->nonce) ||
	    !is_nonce(f->nonce))
		return -1;
	return rest.p == NULL || (rest.len && are_extensions(rest)) ? 0 : -1;
}
