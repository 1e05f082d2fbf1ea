/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options_log.c - tests log.c, suggest.c and utf8.c: what reaches a terminal,
 * and what reaches JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include "base/log.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include "check.h"
#include "options_util.h"

static void test_levels(void)
{
	catch_stderr();
	log_error("open %s: %s", "x", "no");
	log_warn("w");
	log_notice("n");
	log_info("hidden");
	log_verbose(true);
	log_info("i");
	log_verbose(false);
	CHECK_STR(caught_stderr(), "ninetap: error: open x: no\nninetap: warning: w\nninetap: n\nninetap: i\n");
}

static void test_control_bytes_are_escaped(void)
{
	catch_stderr();
	log_error("%s", "a\nb\x1b[31m\x7f\xc2\x9b\xff\xc3\xa9\xe2\x82\xac");
	CHECK_STR(caught_stderr(),
		  "ninetap: error: a\\x0ab\\x1b[31m\\x7f\\xc2\\x9b\\xff\xc3\xa9\xe2\x82\xac\n");
}

static void test_long_lines_are_whole(void)
{
	static char text[10001];

	memset(text, '\n', sizeof(text) - 1);
	catch_stderr();
	log_error("%s", text);
	CHECK_EQ(strlen(caught_stderr()), strlen("ninetap: error: \n") + 4 * 10000);
}

static void test_errno_is_kept(void)
{
	int saved = dup(STDERR_FILENO), null = open("/dev/null", O_RDONLY), is;

	dup2(null, STDERR_FILENO);	/* write(2) says EBADF */
	errno = EXDEV;
	log_error("lost");
	is = errno;
	dup2(saved, STDERR_FILENO);
	CHECK_EQ(is, EXDEV);
	close(null);
	close(saved);
}

static void test_a_line_is_one_write(void)
{
	char line[256] = "";
	int fds[2], saved = dup(STDERR_FILENO);

	/* A packet pipe keeps the bounds of each write(2). */
	CHECK_EQ(pipe2(fds, O_DIRECT), 0);
	dup2(fds[1], STDERR_FILENO);
	log_error("verb %s: reason", "object");
	dup2(saved, STDERR_FILENO);
	CHECK_EQ(read(fds[0], line, sizeof(line) - 1), 36);
	CHECK_STR(line, "ninetap: error: verb object: reason\n");
	close(fds[0]);
	close(fds[1]);
	close(saved);
}

static void test_utf8(void)
{
	static const char *const good[] = { "", "a", "\xc3\xa9", "\xe2\x82\xac", "\xed\x9f\xbf", "\xf0\x90\x80\x80",
					    "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc3", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
					   "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82",
					   "\xe2\x28\xa1", "a\xff", "\xf0\x90\x80\xc0" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(utf8_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!utf8_valid(bad[i], strlen(bad[i])));
	CHECK_EQ(utf8_char("\xe2\x82\xac", 3), 3);
	CHECK_EQ(utf8_char("\xe2\x82\xac", 2), 0);
	CHECK_EQ(utf8_char("a", 0), 0);
}

static const char *closest(const char *word, const char *a, const char *b)
{
	static struct suggest s;

	s = (struct suggest){ .word = word };
	suggest_try(&s, a, strlen(a));
	suggest_try(&s, b, strlen(b));
	return suggest_text(&s);
}

static void test_suggestions(void)
{
	CHECK_STR(closest("filtre", "filter", "output"), ": did you mean \"filter\"?");
	CHECK_STR(closest("prot", "proto", "port"), ": did you mean \"proto\"?");
	CHECK_STR(closest("pot", "proto", "port"), ": did you mean \"port\"?");
	CHECK_STR(closest("zzzz", "filter", "output"), "");
	CHECK_STR(closest("x", "a", "b"), "");
	CHECK_STR(closest("--bx", "--box", "--pop"), ": did you mean \"--box\"?");
	CHECK_STR(closest("--fooo", "--hook", "--pop"), "");
	CHECK_STR(closest("abcdefghijklmnopqrstuvwxyzabcdefg", "abcdefghijklmnopqrstuvwxyzabcdef", "b"), "");
}

int main(void)
{
	RUN(test_levels);
	RUN(test_control_bytes_are_escaped);
	RUN(test_long_lines_are_whole);
	RUN(test_errno_is_kept);
	RUN(test_a_line_is_one_write);
	RUN(test_utf8);
	RUN(test_suggestions);
	return check_done();
}
