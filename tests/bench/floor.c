/* floor: the least that a POP3 session can be, to measure beside.  One static program that says +OK to every line; with
 * the argument 3, three such programs are executed for each session, of which two end at once. */
#define _DEFAULT_SOURCE
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int
another(char *program)
{
	char *const arguments[] = { program, "end", NULL };
	pid_t pid = vfork(); /* NOLINT: as our launch does it */

	if (pid == 0) {
		(void)execv(program, arguments);
		_exit(111);
	}
	return pid < 0 || waitpid(pid, NULL, 0) != pid;
}

int
main(int argc, char **argv)
{
	static const char ok[] = "+OK 0 0\r\n";
	char line[512];
	ssize_t n;

	if (argc == 2 && strcmp(argv[1], "end") == 0)
		return 0;
	if (argc == 2 && strcmp(argv[1], "3") == 0 && (another(argv[0]) || another(argv[0])))
		return 111;
	while (write(1, ok, sizeof ok - 1) > 0 && (n = read(0, line, sizeof line)) > 0)
		if (n >= 4 && memcmp(line, "QUIT", 4) == 0)
			return write(1, ok, sizeof ok - 1) < 0;
	return 0;
}
