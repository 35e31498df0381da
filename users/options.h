/* options: what the last field of a line says: disabled,label=,created=,expires=,by=,from= */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "userdb.h"

struct options {
	bool disabled;
	bool labelled; /* label= is there, though it may be empty */
	struct span label;
	uint64_t created, expires; /* 0: not said */
	uint16_t mechanisms;
	size_t networks_len;
	uint8_t networks[USERDB_NETWORKS_MAX * USERDB_NETWORK_BYTES];
};

/* Enough for whatever options_print writes. */
enum { OPTIONS_TEXT_MAX = 1024 };

/* What is wrong with the field, and what to do about it; NULL if nothing is. */
const char *options_fault(struct span field, struct options *o);
void options_print(const struct options *o, char out[OPTIONS_TEXT_MAX]);
const char *label_fault(struct span label);
/* One more mechanism, as by= has it, or one more block of addresses, as from= has it. */
const char *options_add_mechanism(struct options *o, struct span name);
const char *options_add_network(struct options *o, struct span text);

#endif
