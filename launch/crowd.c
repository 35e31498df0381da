/* How many sessions one address may have at a time: POP3_PERADDRESS places, each a lock on one byte of the file sessions,
 * which stays empty.  The kernel lets go of a lock with the last descriptor of its opening: ours, and later storage's,
 * which can neither lock nor unlock; pop3d never has it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "address.h"
#include "die.h"
#include "launch.h"
#include "log.h"
#include "sandbox.h"

enum {
	BLOCK_SIX = 64,      /* bits of an IPv6 address that one client has; of IPv4 all */
	PLACE_BITS = 10,     /* for PERADDRESS_MAX places of a block */
	BLOCK_HASH_BITS = 52 /* what is left of an offset's 63 bits, but one */
};

/* The first place of a block.  IPv4 addresses each have their own.  Of the 64 bits of IPv6, 52 do: those of a product
 * with an odd number, of which neighbours differ far. */
static off_t
places_of(const struct address *from)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t block = 0;
	bool four = address_is_four(from);

	for (int i = 0; i < 8; i++)
		block = block << 8 | from->b[four ? 8 + i : i];
	if (four)
		return (off_t)((block & UINT32_MAX) << PLACE_BITS);
	return (off_t)(1ULL << 62 | block * odd >> (BLOCK_SIX - BLOCK_HASH_BITS) << PLACE_BITS);
}

static bool
place_take(int fd, off_t places, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = places + i, .l_len = 1 };

		if (fcntl(fd, F_OFD_SETLK, &l) == 0)
			return true;
		/* Not another session: a file system without locks, a kernel without memory for one. */
		if (errno != EAGAIN && errno != EACCES)
			die_sys("cannot take a place in the file sessions of POP3_DATA");
	}
	return false;
}

__attribute__((noreturn)) static void
crowd_refuse(const struct launch *s)
{
	struct logline l;

	log_start(&l, "crowd");
	log_text(&l, "sid", s->sid);
	log_text(&l, "rip", s->peer.remote);
	log_number(&l, "most", s->config.peraddress);
	log_send(&l);
	_exit(0);
}

void
crowd_enter(struct launch *s)
{
	struct address from;

	/* Whoever is behind loopback, or not known, shares his address with everybody else. */
	if (s->config.peraddress == 0 || address_read(span_of(s->peer.remote), &from) || address_is_loopback(&from))
		return;
	s->place = data_open(s, "sessions", OPEN_SLOTS);
	if (!place_take(s->place, places_of(&from), s->config.peraddress))
		crowd_refuse(s);
}
