/* slots: how many proofs are judged at once on this machine.  A verifier costs much memory on purpose; without a
 * limit, strangers who guess passwords could make the machine run out of it. */
#ifndef SLOTS_H
#define SLOTS_H

enum slot {
	SLOT_TAKEN, /* until slot_leave or the end of this process */
	SLOT_NONE,  /* not within SLOT_WAIT_MS */
	SLOT_LEFT,  /* the peer left, or spoke, while we waited */
};

enum { SLOT_WAIT_MS = 15000 };

/* Lock one of the first `slots` bytes of the file open on fd; at most wait_ms milliseconds, watching ctl. */
enum slot slot_take(int fd, unsigned slots, int ctl, int wait_ms);
/* Let go of it, and of the file. */
void slot_leave(int fd);

#endif
