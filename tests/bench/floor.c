/* floor: the least that a POP3 session can be, to measure beside: one static program that says +OK to every line. */
#include <string.h>
#include <unistd.h>

int
main(void)
{
	static const char ok[] = "+OK 0 0\r\n";
	char line[512];
	ssize_t n;

	while (write(1, ok, sizeof ok - 1) > 0 && (n = read(0, line, sizeof line)) > 0)
		if (n >= 4 && memcmp(line, "QUIT", 4) == 0)
			return write(1, ok, sizeof ok - 1) < 0;
	return 0;
}
