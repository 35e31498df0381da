/* fill: make a Maildir's messages, the same for the same seed.
 * usage: fill DIRECTORY FIRST COUNT BYTES SEED [sizes]: COUNT files in DIRECTORY, named from FIRST on, of BYTES bytes,
 * lines of 40 to 76 letters that end in LF.  With "sizes" names carry ",S=" and ",W=" as Dovecot's deliverer writes them.
 * Prints how many octets RETR of all of them makes. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t state;

/* xorshift64*: the same on every machine. */
static uint32_t
next(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 2685821657736338717ULL) >> 32);
}

/* Returns how many lines there are. */
static size_t
message_make(char *b, size_t bytes, uint64_t n)
{
	size_t at = (size_t)snprintf(b, bytes, "Subject: message %" PRIu64 "\n\n", n), lines = 2;

	if (at >= bytes)
		return 0;
	while (at < bytes) {
		size_t len = 40 + next() % 37, i;

		for (i = 0; i < len && at < bytes - 1; i++)
			b[at++] = (char)('a' + (next() & 15));
		b[at++] = '\n';
		lines++;
	}
	return lines;
}

int
main(int argc, char **argv)
{
	uint64_t octets = 0, first, count;
	size_t bytes;
	char name[200], *b;
	bool sizes = argc == 7;

	if (argc < 6 || chdir(argv[1]))
		return 100;
	first = strtoull(argv[2], NULL, 10);
	count = strtoull(argv[3], NULL, 10);
	bytes = strtoull(argv[4], NULL, 10);
	state = strtoull(argv[5], NULL, 10) * 2654435761U + 1;
	b = malloc(bytes + 100);
	for (uint64_t n = first; b && n < first + count; n++) {
		size_t lines = message_make(b, bytes, n);
		int fd;

		(void)snprintf(name, sizeof name,
			       sizes ? "%" PRIu64 ".M%uP1.host,S=%zu,W=%zu" : "%" PRIu64 ".M%uP1.host", 1700000000 + n,
			       next() % 1000000, bytes, bytes + lines);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (lines == 0 || fd < 0 || write(fd, b, bytes) != (ssize_t)bytes || close(fd)) {
			perror(name);
			return 111;
		}
		octets += bytes + lines;
	}
	printf("%" PRIu64 "\n", octets);
	return 0;
}
