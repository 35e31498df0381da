/* The command table: which verb, in which state, with which arguments.  The client is a pipe, the rooms are absent. */
#define _GNU_SOURCE
#include "commands.h"

#include <string.h>

#include "check.h"

static struct session s;

/* Obey one line; what it came to, with the reply in s.reply. */
static enum event
run(const char *line)
{
	enum event e;

	s.waiting = 0;
	e = command_run(&s, span_of(line));
	s.reply[s.waiting] = '\0';
	return e;
}

static int
says(const char *text)
{
	return strcmp((const char *)s.reply, text) == 0;
}

static void
splits(void)
{
	struct span verb, arg;

	CHECK(command_split(span_of("PASS a b "), &verb, &arg) == 0 && verb.len == 4 && arg.len == 4);
	CHECK(command_split(span_of("TOP"), &verb, &arg) == 0 && verb.len == 3 && arg.len == 0);
	CHECK_EQ(command_split(span_of(""), &verb, &arg), -1);
	CHECK_EQ(command_split(span_of("UI"), &verb, &arg), -1);
	CHECK_EQ(command_split(span_of("RETRI 1"), &verb, &arg), -1);
	CHECK_EQ(command_split(span_of("RETR\t1"), &verb, &arg), -1);
	CHECK_EQ(command_split((struct span){ (const uint8_t *)"PASS a\0b", 8 }, &verb, &arg), -1);
	CHECK_EQ(command_split(span_of("PASS \x7f"), &verb, &arg), -1);
}

static void
authorization(void)
{
	s = (struct session){ .state = AUTHORIZATION,
			      .mechanisms = 1,
			      .table = -1,
			      .sid = "-",
			      .rip = "-",
			      .lip = "-",
			      .refusal_logged = true };
	CHECK(run("XYZZY") == WRONG && says("-ERR unknown command\r\n"));
	CHECK(run("STAT") == WRONG && says("-ERR not now\r\n"));
	CHECK(run("PASS x") == WRONG && says("-ERR send USER first\r\n"));
	CHECK(run("USER") == WRONG && says("-ERR bad arguments\r\n"));
	CHECK(run("user bob ") == DONE && says("+OK send PASS\r\n") && strcmp(s.user, "bob") == 0 && s.user_given);
	CHECK(run("CAPA") == DONE && !s.user_given); /* PASS comes immediately after USER */
	CHECK(run("PASS x") == WRONG);
	CHECK(run("AUTH") == DONE && says("+OK mechanisms follow\r\n.\r\n"));
	CHECK(run("AUTH ") == DONE && says("+OK mechanisms follow\r\n.\r\n"));
	CHECK(run("AUTH PLAIN") == REFUSED);
	CHECK(run("STLS") == REFUSED);
	CHECK(run("QUIT now") == WRONG);
	CHECK(run("QUIT") == LEAVE && says("+OK bye\r\n"));
	s.mechanisms = 0;
	CHECK(run("USER bob") == REFUSED && says("-ERR plaintext login is not allowed here\r\n"));
	CHECK(run("PASS x") == REFUSED && says("-ERR plaintext login is not allowed here\r\n"));
	CHECK(run("CAPA") == DONE && strstr((char *)s.reply, "USER") == NULL);
}

static void
transaction(void)
{
	s = (struct session){ .state = TRANSACTION, .count = 3, .octets = 300, .table = -1 };
	CHECK(run("STAT") == DONE && says("+OK 3 300\r\n"));
	CHECK(run("STAT ") == DONE);
	CHECK(run("USER bob") == WRONG && says("-ERR not now\r\n"));
	CHECK(run("LIST 0") == REFUSED && says("-ERR no such message\r\n"));
	CHECK(run("LIST 4") == REFUSED && says("-ERR no such message\r\n"));
	CHECK(run("LIST 4294967298") == REFUSED && says("-ERR no such message\r\n"));
	CHECK(run("LIST 99999999999999999999999999") == REFUSED && says("-ERR no such message\r\n"));
	CHECK(run("LIST 2x") == WRONG && says("-ERR bad arguments\r\n"));
	CHECK(run("LIST -1") == WRONG);
	CHECK(run("RETR") == WRONG && says("-ERR bad arguments\r\n"));
	CHECK(run("RETR 1 2") == WRONG);
	CHECK(run("TOP 1") == WRONG);
	CHECK(run("TOP 1 x") == WRONG);
	CHECK(run("TOP 1 -1") == WRONG);
	CHECK(run("TOP 9 1") == REFUSED);
	bit_set(&s.deleted, 2);
	CHECK(run("DELE 2") == REFUSED && says("-ERR message is deleted\r\n"));
	CHECK(run("LIST 2") == REFUSED && run("UIDL 2") == REFUSED && run("RETR 2") == REFUSED &&
	      run("TOP 2 0") == REFUSED);
	CHECK(run("STAT") == DONE && says("+OK 2 300\r\n"));
	CHECK(run("RSET") == DONE && !bit_is_set(&s.deleted, 2) && s.deleted.set == 0);
	bit_set(&s.failed, 1);
	CHECK(run("DELE 1") == REFUSED && says("-ERR its retrieval failed in this session\r\n"));
	CHECK(run("NOOP") == DONE && says("+OK\r\n"));
	CHECK(run("QUIT") == LEAVE && says("")); /* update_commit replies */
}

int
main(void)
{
	splits();
	authorization();
	transaction();
	return check_end();
}
