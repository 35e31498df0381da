/* Marks: what is not there, what is marked twice and what is counted wrongly ends storage (102) with nothing removed. */
#define _GNU_SOURCE
#include "update.h"

#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "die.h"

static struct message messages[11];
static struct maildir d = { .list = { .m = messages, .n = 11 } };

/* The status with which marking these ends; the first marks are good. */
static int
status_of(uint32_t base, const char *bitmap, size_t len, uint32_t committed)
{
	const struct marks first = { MARK_DELETE, 0, { (const uint8_t *)"\1", 1 } };
	const struct marks k = { MARK_DELETE, base, { (const uint8_t *)bitmap, len } };
	struct marked marked = { { NULL, NULL }, { 0, 0 } };
	const struct commit c = { committed, 0 };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		(void)close(2);
		marked_add(&marked, &d, &first);
		if (len)
			marked_add(&marked, &d, &k);
		if (committed != marked.set[MARK_DELETE])
			(void)update_run(&d, &marked, &c, true);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
main(void)
{
	CHECK_EQ(status_of(0, "\2", 1, 2), 0);
	CHECK_EQ(status_of(8, "\7", 1, 4), 0);          /* message 11, the last */
	CHECK_EQ(status_of(8, "\10", 1, 2), EXIT_PEER); /* message 12 */
	CHECK_EQ(status_of(8, "\0\0", 2, 1), EXIT_PEER);
	CHECK_EQ(status_of(16, "\1", 1, 2), EXIT_PEER);
	CHECK_EQ(status_of(0, "\1", 1, 1), EXIT_PEER); /* twice */
	CHECK_EQ(status_of(0, "\2", 1, 1), EXIT_PEER); /* fewer than marked */
	CHECK_EQ(status_of(0, "\2", 1, 3), EXIT_PEER); /* more */
	return check_end();
}
